"""What a goal is, how its figures are taken, and how they are printed. Nothing here knows what is measured."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """One round of one contender: messages (or steps) a second, and milliseconds of CPU for each."""

    rate: float
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table. `ratio` is what the goal speaks of; None when the baseline is missing."""

    goal: str
    what: str
    ours: str
    baseline: str
    ratio: float | None
    wanted: str
    met: bool | None


Contender = Callable[[], Taken]


def in_turns(contenders: Sequence[Contender], rounds: int) -> list[Taken]:
    """Every contender once a round, one after the other; its median."""
    taken: list[list[Taken]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, rows in zip(contenders, taken, strict=True):
            rows.append(contender())
    return [middle(rows) for rows in taken]


def middle(rows: Sequence[Taken]) -> Taken:
    """Rate and CPU, the median of each."""
    return Taken(statistics.median(r.rate for r in rows), statistics.median(r.cpu for r in rows))


def at_least(goal: str, what: str, ours: Taken, baseline: Taken, factor: float) -> Line:
    """A goal on rates: ours is to be `factor` times the baseline's."""
    ratio = ours.rate / baseline.rate
    return Line(goal, what, _rate(ours), _rate(baseline), ratio, f">= {factor:g}", ratio >= factor)


def cpu_at_most(goal: str, what: str, ours: Taken, baseline: Taken, factor: float) -> Line:
    """A goal on CPU time: ours is to be at most `factor` times the baseline's."""
    ratio = ours.cpu / baseline.cpu if baseline.cpu else float("inf")
    return Line(goal, what, _cpu(ours), _cpu(baseline), ratio, f"<= {factor:g}", ratio <= factor)


def absolute(goal: str, what: str, ours: float, most: float, unit: str) -> Line:
    """A goal that is a plain number, not to be exceeded."""
    return Line(goal, what, f"{ours:.1f} {unit}", "", ours / most, f"<= {most:g} {unit}", ours <= most)


def shared(goal: str, what: str, milliseconds: float, share: float) -> Line:
    """No goal: a part of a figure, and its share of the whole."""
    return Line(goal, what, f"{milliseconds:.3f} ms", "", share, "", None)


def missing(goal: str, what: str, why: str) -> Line:
    """A goal that could not be measured here."""
    return Line(goal, what, "", why, None, "", None)


def printed(lines: Iterable[Line]) -> str:
    """The table as Markdown, as it stands in docs/performance.md."""
    rows = [
        "| goal | what | ours | baseline | ratio | wanted | |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        verdict = {True: "met", False: "missed", None: "missing" if line.baseline else ""}[line.met]
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        rows.append(
            f"| {line.goal} | {line.what} | {line.ours} | {line.baseline} | {ratio} | {line.wanted} | {verdict} |"
        )
    return "\n".join(rows)


def _rate(taken: Taken) -> str:
    return f"{taken.rate:,.0f}/s"


def _cpu(taken: Taken) -> str:
    return f"{taken.cpu:.3f} ms"
