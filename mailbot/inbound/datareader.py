"""The end of DATA and its transparent dots, over blocks of any size.

Pure: bytes in, bytes out. Only CR LF . CR LF ends a message (RFC 5321 §4.1.1.4); bare CR and bare LF are content like
any other byte, so nobody can smuggle a second message through a reader with another opinion. It never fails and holds
back at most four bytes.
"""

_END = b"\r\n.\r\n"
_STUFFED = b"\r\n."
_LINE_END = b"\r\n"


class DotReader:
    """Feed it blocks until `ended`; then `rest` is what the peer sent after the final dot."""

    __slots__ = ("_at_start", "_held", "ended", "rest")

    def __init__(self) -> None:
        # The CRLF of the DATA command counts: a dot may stand in the very first line.
        self._held = _LINE_END
        self._at_start = True
        self.ended = False
        self.rest = b""

    def feed(self, block: bytes) -> bytes:
        """The message bytes that are certain now, without the dots that were added for the transport."""
        seen = self._held + block
        end = seen.find(_END)
        if end >= 0:
            self.ended = True
            self.rest = seen[end + len(_END) :]
            return self._unstuffed(seen[: end + len(_LINE_END)])
        kept = len(seen) - _length_of_begun_end(seen)
        self._held = seen[kept:]
        return self._unstuffed(seen[:kept])

    def _unstuffed(self, certain: bytes) -> bytes:
        content = certain.replace(_STUFFED, _LINE_END)
        if self._at_start and content:
            self._at_start = False
            return content[len(_LINE_END) :]
        return content


def _length_of_begun_end(seen: bytes) -> int:
    """How many of the last bytes could be the beginning of the end mark."""
    return next((size for size in (4, 3, 2, 1) if seen.endswith(_END[:size])), 0)
