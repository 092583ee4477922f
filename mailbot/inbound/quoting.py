"""Tell what a person newly wrote from what their mail program quoted, forwarded or signed.

Nothing is thrown away: every line lands in a segment, quoted text stays readable for the history. Total over any
string; 256 KiB and 2000 lines are looked at, what lies beyond counts as quoted. Linear time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailbot.inbound.cutting import Segment, segments_of
from mailbot.inbound.flowed import unflowed
from mailbot.inbound.htmltext import SIGNED, quoted_lines
from mailbot.inbound.signatures import split_signature

__all__ = ["ReplyParts", "Segment", "split_html", "split_text"]

MAX_CHARS = 256 * 1024
MAX_LINES = 2000
_TIDIED = (
    *((sign, "") for sign in "\u200b\u200e\u200f\ufeff\x00"),
    *((sign, " ") for sign in "\xa0\u202f"),
    *((sign, "\n") for sign in ("\r\n", "\r", "\x0b", "\x0c", "\u2028", "\u2029")),
)
"""What is replaced in every text, in this order; most texts have none of it, and looking for one sign is cheap."""


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """A mail taken apart: `reply` is new (and forwarded) text, `signature` and `quoted` what was set aside.

    `segments` keep the order, so that an inline answer is found below its question; `cut` names the rule that cut.
    """

    reply: str
    signature: str
    quoted: str
    segments: tuple[Segment, ...]
    cut: str

    @property
    def own_words(self) -> str:
        """Only what this person typed: forwarded text left out, so that nobody decides in another's words."""
        return _joined(self.segments, ("new",), "\n\n")


def split_text(
    body: str, *, markers: tuple[str, ...] = (), own_addresses: tuple[str, ...] = (), flowed: bool = False
) -> ReplyParts:
    """Take a plain-text body apart.

    `markers` are the lines our mails print above what they quote, `own_addresses` the addresses they come from: both
    outrank every other sign. `flowed` says that the part was declared format=flowed.
    """
    text = _tidy(body[:MAX_CHARS].replace(SIGNED, ""))
    lines = (unflowed(text) if flowed else text).split("\n")
    segments, cut = segments_of(lines[:MAX_LINES], markers, own_addresses)
    beyond = "\n".join(lines[MAX_LINES:]) + body[MAX_CHARS:]
    if beyond.strip():
        segments.append(Segment("quote", beyond))
    return parts_of(segments, cut)


def split_html(source: str, *, markers: tuple[str, ...] = (), own_addresses: tuple[str, ...] = ()) -> ReplyParts:
    """Take an HTML body apart: client containers first, then the rules for text."""
    lines = _tidy(quoted_lines(source)).split("\n")
    segments, cut = segments_of(lines[:MAX_LINES], markers, own_addresses)
    if len(lines) > MAX_LINES:
        segments.append(Segment("quote", "\n".join(lines[MAX_LINES:])))
    return parts_of(segments, cut)


def _tidy(text: str) -> str:
    """One kind of line end and space, nothing invisible."""
    for sign, instead in _TIDIED:
        text = text.replace(sign, instead)
    return text


def parts_of(segments: Sequence[Segment], cut: str) -> ReplyParts:
    """Segments in order, signatures set apart from each run of new text, as one value."""
    refined = tuple(piece for segment in segments for piece in _refined(segment) if piece.text.strip())
    return ReplyParts(
        reply=_joined(refined, ("new", "forward"), "\n\n"),
        signature=_joined(refined, ("signature",), "\n"),
        quoted=_joined(refined, ("attribution", "quote"), "\n"),
        segments=refined,
        cut=cut,
    )


def _joined(segments: Sequence[Segment], kinds: tuple[str, ...], between: str) -> str:
    return between.join(segment.text.strip("\n").rstrip() for segment in segments if segment.kind in kinds).strip()


def _refined(segment: Segment) -> Iterator[Segment]:
    if segment.kind != "new":
        yield segment
        return
    if not segment.text.strip():
        return
    written = segment.text.split("\n")
    lines = [line for line in written if not line.startswith(SIGNED)]
    at = split_signature(lines)
    yield Segment("new", "\n".join(lines[:at]))
    yield Segment("signature", "\n".join(lines[at:]))
    yield Segment("signature", "\n".join(line.removeprefix(SIGNED) for line in written if line.startswith(SIGNED)))
