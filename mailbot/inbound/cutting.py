"""Cut a mail's lines into runs of one kind: new words, quote, attribution, forwarded mail.

The rules stand strongest first: chevrons, our own marker, banners, header blocks, attribution lines. Pure, total; a
look at a line costs bounded work, so a mail costs linear time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailbot.inbound.attribution import Attribution, attributions
from mailbot.inbound.headerblocks import header_block
from mailbot.inbound.lexicon.load import lexicon

WRAPPED_QUOTE = 60
"""A quoted line at least this long may have spilled its last words onto an unquoted line of their own."""

_LISTED = re.compile(r"[(\[]?\d{1,2}[)\].]|[-*•]\s")
_DATED = re.compile(r"[\d@]")
_RULE = "-_=*~—–─ \t\xa0"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of lines of one kind: `new`, `quote`, `signature`, `attribution` or `forward`."""

    kind: str
    text: str


def segments_of(lines: Sequence[str], markers: Sequence[str], own: Sequence[str]) -> tuple[list[Segment], str]:
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
        lines, last = self._lines, len(self._lines)
        end = at + 1
        while end < last:
            line = lines[end]
            if _quotes(line):
                end += 1
                continue
            following = end + 1
            if not line.strip():
                while following < last and not lines[following].strip():
                    following += 1
            elif not _spilled(lines[end - 1 : end + 2]):
                return end
            if following >= last or not _quotes(lines[following]):
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
    if line[:1] == ">" and line[1:2] != ">":
        return True
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
    ruled = bare[:2] in ("--", "__", "==", "**", "——", "──")
    introduced = bare.endswith((":", "："))
    if len(bare) > 90 or not (ruled or introduced):
        return ""
    core = bare.strip(_RULE + ">:：").casefold()
    if not core:
        return ""
    quotes = lexicon("quotes")
    framed = ruled and bare.endswith(("--", "__", "==")) and any(noun in core for noun in quotes["mail"])
    if core in quotes["forward"] or (ruled and any(core.startswith(word) for word in quotes["forward"])):
        return "forward"
    known = ruled and any(core.startswith(word) for word in quotes["original"])
    return "original" if known or (framed and len(core.split()) <= 4) else ""
