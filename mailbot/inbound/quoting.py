"""Tell what a person newly wrote from what their mail program quoted, forwarded or signed.

Nothing is thrown away: every line lands in a segment, quoted text stays readable for the history. Total over any
string; 256 KiB and 2000 lines are looked at, what lies beyond counts as quoted. Linear time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailbot.inbound.attribution import Attribution, attributions
from mailbot.inbound.flowed import unflowed
from mailbot.inbound.headerblocks import header_block
from mailbot.inbound.htmltext import SIGNED, quoted_lines
from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.signatures import split_signature

MAX_CHARS = 256 * 1024
MAX_LINES = 2000
WRAPPED_QUOTE = 60
"""A quoted line at least this long may have spilled its last words onto an unquoted line of their own."""

_LISTED = re.compile(r"[(\[]?\d{1,2}[)\].]|[-*•]\s")
_DATED = re.compile(r"[\d@]")
_RULE = "-_=*~—–─ \t\xa0"
_TIDIED = (
    *((sign, "") for sign in "\u200b\u200e\u200f\ufeff\x00"),
    *((sign, " ") for sign in "\xa0\u202f"),
    *((sign, "\n") for sign in ("\r\n", "\r", "\x0b", "\x0c", "\u2028", "\u2029")),
)
"""What is replaced in every text, in this order; most texts have none of it, and looking for one sign is cheap."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of lines of one kind: `new`, `quote`, `signature`, `attribution` or `forward`."""

    kind: str
    text: str


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
    segments, cut = _segments(lines[:MAX_LINES], markers, own_addresses)
    beyond = "\n".join(lines[MAX_LINES:]) + body[MAX_CHARS:]
    if beyond.strip():
        segments.append(Segment("quote", beyond))
    return parts_of(segments, cut)


def split_html(source: str, *, markers: tuple[str, ...] = (), own_addresses: tuple[str, ...] = ()) -> ReplyParts:
    """Take an HTML body apart: client containers first, then the rules for text."""
    lines = _tidy(quoted_lines(source)).split("\n")
    segments, cut = _segments(lines[:MAX_LINES], markers, own_addresses)
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
    written = segment.text.split("\n")
    lines = [line for line in written if not line.startswith(SIGNED)]
    at = split_signature(lines)
    yield Segment("new", "\n".join(lines[:at]))
    yield Segment("signature", "\n".join(lines[at:]))
    yield Segment("signature", "\n".join(line.removeprefix(SIGNED) for line in written if line.startswith(SIGNED)))


def _segments(lines: Sequence[str], markers: Sequence[str], own: Sequence[str]) -> tuple[list[Segment], str]:
    """Walk down the lines; a quote block ends and new text may follow, every other cut reaches to the end."""
    cutter = _Cutter(lines, markers, own)
    segments: list[Segment] = []
    fresh: list[str] = []
    at, written = 0, False
    while at < len(lines):
        step = cutter.step(at, blank_above=not written and not segments)
        if step is None:
            fresh.append(lines[at])
            written = written or bool(lines[at].strip())
            at += 1
            continue
        fresh.append(step.kept)
        edge = _own_end(fresh, marked=cutter.rules[-1] == "marker")
        segments.append(Segment("new", "\n".join(fresh[:edge])))
        segments.append(Segment(step.kind, "\n".join([*filter(None, fresh[edge:]), *lines[at : step.end]])))
        fresh, at = [], step.end
    segments.append(Segment("new", "\n".join(fresh)))
    return segments, "+".join(dict.fromkeys(cutter.rules))


def _own_end(lines: list[str], *, marked: bool) -> int:
    """Where the writer's lines end: not in the ruler above a cut, nor in a line that introduces our marker."""
    end = len(lines)
    while end and not lines[end - 1].strip(_RULE):
        end -= 1
    if marked and end and lines[end - 1].rstrip().endswith((":", "：")) and _DATED.search(lines[end - 1]):
        return end - 1
    return end


@dataclass(frozen=True, slots=True)
class _Step:
    kind: str
    end: int
    kept: str = ""


class _Cutter:
    """The rules that end new text, strongest first; remembers which of them cut."""

    def __init__(self, lines: Sequence[str], markers: Sequence[str], own: Sequence[str]) -> None:
        self._lines = lines
        self._markers = tuple(filter(None, (_plain(marker) for marker in markers)))
        self._own = own
        self._attributions: Mapping[int, Attribution] = attributions(lines, own)
        self.rules: list[str] = []

    def step(self, at: int, *, blank_above: bool) -> _Step | None:
        """What begins at line `at` if it is not new text."""
        line = self._lines[at]
        if not line.strip():
            return None
        if _quotes(line):
            return self._cut("quoted_lines", _Step("quote", self._quote_end(at)))
        if self._marked(line):
            return self._cut("marker", _Step("quote", len(self._lines)))
        banner = _banner(line)
        if banner == "forward":
            return self._forward(at)
        if banner == "original":
            return self._cut("original_message", _Step("quote", len(self._lines)))
        if header_block(self._lines, at):
            return self._forward(at) if blank_above else self._cut("header_block", _Step("quote", len(self._lines)))
        return self._attributed(at)

    def _cut(self, rule: str, step: _Step) -> _Step:
        self.rules.append(rule)
        return step

    def _forward(self, at: int) -> _Step:
        """A mail passed on is the person's message, unless it is one of ours: that is a quote in disguise."""
        rest = self._lines[at:]
        lowered = [address.casefold() for address in self._own if address]
        ours = any(self._marked(line) or any(a in line.casefold() for a in lowered) for line in rest)
        kind, rule = ("quote", "forward_of_ours") if ours else ("forward", "forward")
        return self._cut(rule, _Step(kind, len(self._lines)))

    def _attributed(self, at: int) -> _Step | None:
        found = self._attributions.get(at)
        if found is None:
            return None
        below = next((i for i in range(found.end + 1, len(self._lines)) if self._lines[i].strip()), len(self._lines))
        rule = "own_address" if found.ours else "attribution"
        if below < len(self._lines) and _quotes(self._lines[below]):
            return self._cut(rule, _Step("attribution", below, found.kept))
        return self._cut(rule, _Step("quote", len(self._lines), found.kept))

    def _quote_end(self, at: int) -> int:
        """The line after a block of quoted lines, blank lines and spilled ends of long lines included."""
        end = at + 1
        while end < len(self._lines):
            line = self._lines[end]
            if _quotes(line):
                end += 1
                continue
            following = end + 1
            if not line.strip():
                while following < len(self._lines) and not self._lines[following].strip():
                    following += 1
            elif not _spilled(self._lines[end - 1 : end + 2]):
                return end
            if following >= len(self._lines) or not _quotes(self._lines[following]):
                return end
            end = following
        return end

    def _marked(self, line: str) -> bool:
        if not self._markers:
            return False
        plain = _plain(line)
        return any(marker in plain for marker in self._markers)


def _quotes(line: str) -> bool:
    """Whether the line is quoted with chevrons; ">>> look here <<<" is decoration."""
    bare = line.strip()
    return bare.startswith(">") and not (bare.startswith(">>") and bare.endswith("<"))


def _spilled(lines: Sequence[str]) -> bool:
    """Whether the middle line is the rest of the quoted one above it: a wrapped end, or a piece of a link."""
    quoted, line, below = lines[0].rstrip(), lines[1].strip(), lines[-1].lstrip("> \t")
    if line.startswith(("http", "(http", "<http")) or ("http" in quoted and len(line.split()) == 1):
        return True
    ended = quoted[-1:] in ".?!:;。？！：；" or line[:1].isupper() or not below or _LISTED.match(below)
    return len(quoted) >= WRAPPED_QUOTE >= len(line) and not ended


def _plain(line: str) -> str:
    return " ".join(line.strip(" \t>|*_#").casefold().split())


def _banner(line: str) -> str:
    """`forward` or `original` when the line is a client's banner such as "-----Original Message-----", else ""."""
    bare = line.strip()
    if len(bare) > 90:
        return ""
    core = bare.strip(_RULE + ">:：").casefold()
    if not core:
        return ""
    ruled = bare[:2] in ("--", "__", "==", "**", "——", "──")
    quotes = lexicon("quotes")
    framed = ruled and bare.endswith(("--", "__", "==")) and any(noun in core for noun in quotes["mail"])
    if core in quotes["forward"] or (ruled and any(core.startswith(word) for word in quotes["forward"])):
        return "forward" if ruled or bare.endswith((":", "：")) else ""
    known = ruled and any(core.startswith(word) for word in quotes["original"])
    return "original" if known or (framed and len(core.split()) <= 4) else ""
