"""What a stored mail would say under the code at hand, beside what was read when it came (`inbox replay --dry-run`).

Pure. Only what the mail itself says is compared: what the database knew then, and whether the sender was proved then,
cannot be had again. A reading kept by an older version is compared in the parts that it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailbot.engine.readout import readout
from mailbot.inbound.interpretation import Interpretation
from mailbot.inbound.reader_pool import ReaderFailure

# Whether a scanner answered, or how much evidence there was already, is not what the mail says.
_ELSEWHERE = {"infected": "accepted", "held": "accepted", "duplicate": "accepted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One part of a reading that is read differently now; None where nothing was read."""

    part: str
    was: Any
    now: Any


def changes_of(kept: Any, trace: Any, again: Interpretation | ReaderFailure) -> tuple[Change, ...]:
    """The parts that differ, in the order in which a person asks for them.

    `kept` and `trace` are the stored readout and its checks; both may be missing or of another version.
    """
    was = _parts(kept if isinstance(kept, Mapping) else {}, _disposition(trace))
    if isinstance(again, ReaderFailure):
        return (Change(part="reader", was="read" if was else None, now=again.cause),)
    steps = [[step.step, step.result, step.why] for step in again.trace]
    now = _parts(readout(again), _disposition(steps))
    if was.get("sender") != now.get("sender"):
        # Somebody proved then is unproved now, or the reverse: that is the check's change, not the reading's.
        was.pop("disposition", None)
    if not was:
        return (Change(part="reader", was=None, now=now["disposition"]),)
    return tuple(
        Change(part=part, was=was[part], now=value)
        for part, value in now.items()
        if part != "sender" and part in was and was[part] != value
    )


def _parts(kept: Mapping[str, Any], disposition: str | None) -> dict[str, Any]:
    parts: dict[str, Any] = {} if disposition is None else {"disposition": disposition}
    parts |= {name: kept[name] for name in ("automatic", "bounce", "out_of_office", "answers") if name in kept}
    if isinstance(kept.get("sender"), Mapping):
        parts["sender"] = kept["sender"].get("verdict")
    if isinstance(kept.get("intent"), Mapping):
        parts["meaning"] = kept["intent"].get("meaning")
    if "reply_text" in kept:
        parts["reply_text"] = kept["reply_text"]
    if isinstance(kept.get("attachments"), Iterable):
        parts["files"] = [_file(file) for file in kept["attachments"] if isinstance(file, Mapping)]
    return parts


def _file(file: Mapping[str, Any]) -> list[Any]:
    verdict = file.get("verdict")
    return [file.get("name"), _ELSEWHERE.get(str(verdict), verdict)]


def _disposition(trace: Any) -> str | None:
    """The reader's own disposition and reason, as its trace tells them."""
    for step in trace if isinstance(trace, list | tuple) else ():
        if isinstance(step, list | tuple) and len(step) == 3 and step[0] == "disposition":
            return " ".join(str(part) for part in step[1:] if part)
    return None
