"""What would happen with a mail, for people and programs: the object of `mailbot try --json` (contract).

No database, keys or DNS: addresses of ours are known by their shape only, the claim stays open, and the sender stays
unverified while the disposition tells what would happen if it proved aligned. `trial` is pure and total; `trials` reads
in a reader process, so that no file can hang or crash the command.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any, Literal

from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys
from mailbot.inbound.mime import StructureError, split_header
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.inbound.readers import Readers
from mailbot.inbound.shown import as_object, failed_object
from mailbot.limits import Limits

Form = Literal["mail", "text", "html"]
_HEAD: dict[Form, bytes] = {
    "mail": b"",
    "text": b"Content-Type: text/plain\r\n\r\n",
    "html": b"Content-Type: text/html\r\n\r\n",
}
# A file that hangs its reader is answered for within the promised 5 s, the ending of the process included.
_LIMITS = Limits(reader_seconds=4)


def trial(raw: bytes, path: str, as_form: Form = "mail", rcpt: str = "", *, now: datetime) -> dict[str, Any]:
    """One file read without acting; `as_form` says that it is a bare body, `rcpt` to which address it came."""
    mail, envelope = asked(raw, as_form, rcpt, now)
    return as_object(path, interpret(mail, envelope, _keys(rcpt), now))


async def trials(
    files: Iterable[tuple[str, bytes]],
    as_form: Form = "mail",
    rcpt: str = "",
    *,
    now: datetime,
    seconds: Callable[[], float],
) -> AsyncIterator[dict[str, Any]]:
    """The same for many files, each within the limits of a reader; `seconds` is a running clock.

    Raises:
        OSError: no reader process could be started.
    """
    readers = Readers(_keys(rcpt), count=1)
    await readers.start()
    try:
        for path, raw in files:
            began = seconds()
            mail, envelope = asked(raw, as_form, rcpt, now)
            result = await readers.read(mail, envelope, now)
            yield {**_shown(path, result), "seconds": round(seconds() - began, 4)}
    finally:
        await readers.close()


def asked(raw: bytes, as_form: Form, rcpt: str, now: datetime) -> tuple[bytes, Envelope]:
    """The bytes as a mail, and the envelope it may have come in, as far as the file tells."""
    mail = _HEAD[as_form] + raw
    sender = _return_path(mail) if as_form == "mail" else "unknown"
    return mail, Envelope(mail_from=sender, rcpt=rcpt, peer="", helo="", received_at=now)


def _shown(path: str, result: Interpretation | ReaderFailure) -> dict[str, Any]:
    return failed_object(path, result) if isinstance(result, ReaderFailure) else as_object(path, result)


def _keys(rcpt: str) -> Keys:
    """Without a configuration the recipient's domain is ours."""
    return Keys(domain=rcpt.rpartition("@")[2].lower(), trust="assumed", limits=_LIMITS)


def _return_path(mail: bytes) -> str:
    """The envelope sender as the last server wrote it down; "unknown" where it did not."""
    try:
        headers, _ = split_header(mail)
    except StructureError:
        return "unknown"
    value = headers.get("return-path").strip()
    return "" if value == "<>" else value.strip("<>") or "unknown"
