"""The page that `mailbot try` shows people: what would happen, who wrote, what was read, and why. Nothing here fails.

Colours only on a terminal; a stranger's words cannot steer it. The codes stand beside our words: they are what
`--json` says and what the documentation explains.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from mailbot.commands.output import shown

_OUTCOMES = {
    "would_apply": ("would be applied", "green"),
    "ignored": ("would be ignored", "cyan"),
    "held": ("would be held for a person", "yellow"),
    "quarantined": ("would be put aside unread", "red"),
}
_VERDICTS = {
    "aligned": "proved",
    "unverified": "not checked here",
    "failed": "the check failed: somebody else may have written this",
    "ambiguous": "From can be read in more than one way",
}
_AUTOMATIC = {
    "auto_reply": "an automatic reply",
    "bulk": "bulk mail",
    "list": "came through a mailing list",
    "calendar": "a calendar's answer",
    "read_receipt": "a read receipt",
    "delivery_report": "a delivery report",
    "feedback_report": "a spam complaint",
    "challenge": "asks us to prove that we are human",
}
_MEANINGS = {
    "decline": "declines",
    "accept": "accepts",
    "unclear": "says something that a person has to read",
    "question": "asks something",
    "wrong_person": "is the wrong person",
    "data_request": "asks about personal data",
    "none": "nothing but courtesy",
}
_GOOD = frozenset({"accepted", "duplicate", "inline"})
_QUOTE_LINES = 12
_WIDTH = 12


def print_page(reading: dict[str, Any]) -> None:
    """One file's page, from the object that `--json` prints."""
    words, colour = _OUTCOMES[reading["disposition"]]
    click.secho(shown(reading["file"], widest=0), bold=True)
    click.echo(f"  {click.style(words, fg=colour, bold=True)}{_coded(reading['reason'])}")
    for name, value in _facts(reading):
        if value:
            click.echo(f"  {click.style(name.ljust(_WIDTH), fg='blue')}{shown(value, widest=0)}")
    _print_files(reading["attachments"])
    _print_text("new text", reading["reply_text"])
    _print_text("signature", reading["signature"], dim=True)
    _print_text("quoted", reading["quoted_text"], dim=True, most=_QUOTE_LINES)
    _print_trace(reading["trace"])
    click.secho(f"  read in {reading['seconds']:.3f} s", dim=True)


def _facts(reading: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "from", _sender(reading["sender"])
    yield "claim", reading["claim"] or ""
    yield "event", reading["event"] or ""
    yield "robot", _robot(reading)
    yield "bounce", _bounce(reading["bounce"])
    yield "away", _away(reading["out_of_office"])
    yield "meaning", "" if reading["automatic"] else _meaning(reading["intent"])
    for answer in reading["answers"]:
        yield f"answer {answer['question']}", answer["text"]


def _sender(sender: dict[str, Any]) -> str:
    address, verdict = sender["address"], sender["verdict"]
    if address is None and verdict is None:
        return "nobody: there is no From"
    return _comma(address, _VERDICTS.get(verdict, verdict))


def _robot(reading: dict[str, Any]) -> str:
    kind = reading["automatic"]
    told = _AUTOMATIC.get(kind, kind) if kind else ""
    return _comma(told, "gets no automatic answer" if reading["suppress_response"] else "")


def _bounce(bounce: dict[str, Any] | None) -> str:
    if bounce is None:
        return ""
    told = (f"{one['address']} {one['status']}{_lasting(one, bounce)}" for one in bounce["recipients"])
    return "; ".join(told) or "nobody is named"


def _lasting(recipient: dict[str, Any], bounce: dict[str, Any]) -> str:
    if bounce["delayed"]:
        return " is late, the server goes on trying"
    return " cannot receive mail" if recipient["permanent"] else " did not get it, for a reason that may pass"


def _away(away: dict[str, Any] | None) -> str:
    if away is None:
        return ""
    until = f"until {away['until']}" if away["until"] else "until nobody knows when"
    return _comma(until, f"in the meantime {away['substitute']}" if away["substitute"] else "")


def _meaning(intent: dict[str, Any]) -> str:
    meaning = intent["meaning"]
    told = f"{_MEANINGS.get(meaning, meaning)} ({_comma(meaning, intent['language'])})"
    return f"{told}: “{intent['evidence']}”" if intent["evidence"] else told


def _print_files(files: Iterable[dict[str, Any]]) -> None:
    for file in files:
        colour = "green" if file["verdict"] in _GOOD else "yellow"
        told = shown(_comma(file["name"], file["type"], f"{file['size']:,} octets"), widest=0)
        click.echo(f"  {click.style('file'.ljust(_WIDTH), fg='blue')}{told}, {click.style(file['verdict'], fg=colour)}")


def _print_text(title: str, text: str, *, dim: bool = False, most: int = 0) -> None:
    """The text line by line; of more than `most` lines (0: any number) only the first."""
    if not text:
        return
    lines = text.splitlines()
    click.secho(f"  {title}", fg="blue")
    for line in lines[: most or None]:
        click.secho(f"    | {shown(line, widest=0)}", dim=dim)
    if most and len(lines) > most:
        click.secho(f"    … and {len(lines) - most} lines more", dim=True)


def _print_trace(trace: Iterable[dict[str, str]]) -> None:
    click.secho("  why", fg="blue")
    for step in trace:
        told = f"{step['step']:<12}{step['result']:<16}{step['why']}"
        click.secho(f"    {shown(told.rstrip(), widest=0)}", dim=True)


def _coded(reason: str) -> str:
    return f" ({shown(reason)})" if reason else ""


def _comma(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, ""))
