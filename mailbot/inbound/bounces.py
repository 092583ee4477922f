"""Did a mail of ours not arrive? Delivery reports of every make, read in the order of their honesty.

RFC 3464 first, then the same fields in plain text, then our own reading of words, flufl.bounce for what is left.
Total: a report that cannot be read is still a report when it says so. Feedback reports and delivered-notices are none.
"""

import email
import logging
import re
from dataclasses import dataclass

from mailbot.addresses import canonical
from mailbot.inbound.bounce_reason import chosen_status, plain_words, reason_of
from mailbot.inbound.bounce_text import Failure, failures_in, own_words, pattern, technical
from mailbot.inbound.folding import fold
from mailbot.inbound.headers import Headers
from mailbot.inbound.interpretation import Bounce, BouncedRecipient
from mailbot.inbound.mailboxes import find_addresses, plain_address, read_addresses
from mailbot.inbound.parse import Mail, text_of
from mailbot.inbound.reports import Recipient, fields_in_text, read_report

_FLUFL_CAP = 64 * 1024
_FLUFL_FIELD_CAP = 2000
_SUCCESS_ACTIONS = ("delivered", "relayed", "expanded", "deliverable")
_SUBJECT_CAP = 300
_ANSWERS = ("re:", "aw:", "fwd:", "fw:", "sv:", "wg:", "odp:", "tr:", "回覆", "回复", "vs:")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li)[^<>]{0,200}>", re.IGNORECASE)


# The library logs whatever its detectors stumble over.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())
logging.getLogger("flufl.bounce").propagate = False


@dataclass(frozen=True, slots=True)
class BounceReading:
    """What was found: a failure or delay, or the recipients of a success report, and in words why."""

    bounce: Bounce | None
    delivered: tuple[str, ...]
    why: str


NOTHING = BounceReading(None, (), "no sign of a delivery report")


def read_bounce(mail: Mail, text: str, mail_from: str, raw: bytes, ours: frozenset[str]) -> BounceReading:
    """The reading of one mail; `text` is its written text, `ours` addresses that are certainly not the recipient."""
    report = _from_reports(mail)
    if report:
        return _reported(report, text, mail)
    signs = _signs(mail, text, mail_from)
    if signs.score < 2:
        return NOTHING
    if signs.success:
        return BounceReading(None, _any_recipients(mail, text), f"delivered-notice: {signs.why}")
    words = own_words(text)
    report = fields_in_text(words) or fields_in_text(text)
    if report:
        return _reported(report, text, mail)
    recipients = _from_words(mail, words, signs, raw, ours)
    return BounceReading(Bounce(recipients=recipients, delayed=signs.delayed), (), signs.why)


def _from_reports(mail: Mail) -> tuple[Recipient, ...]:
    return tuple(
        recipient
        for part in mail.reports
        if part.media_type.endswith("delivery-status")
        for recipient in read_report(part.content(), part.parameters.get("charset", ""))
    )


def _reported(report: tuple[Recipient, ...], text: str, mail: Mail) -> BounceReading:
    """Success, delay or failure by the `Action` fields; one failure makes it a failure."""
    delivered = tuple(entry.original or entry.address for entry in report if entry.action in _SUCCESS_ACTIONS)
    lost = [entry for entry in report if entry.action not in _SUCCESS_ACTIONS]
    if not lost:
        return BounceReading(None, tuple(dict.fromkeys(delivered)), "every recipient delivered or relayed")
    delayed = all(entry.action == "delayed" for entry in lost)
    words = own_words(text)
    recipients: dict[str, BouncedRecipient] = {}
    for entry in lost:
        address = _stated(entry) or _full_address(entry, words, mail)
        recipients.setdefault(canonical(address), _bounced(entry, address, words, delayed=delayed))
    why = f"delivery-status: {', '.join(dict.fromkeys(entry.action or 'no action' for entry in lost))}"
    return BounceReading(Bounce(recipients=tuple(recipients.values()), delayed=delayed), delivered, why)


def _stated(entry: Recipient) -> str:
    """The final recipient, or the original one where the final is a name inside the stranger's own house."""
    real = (one for one in (entry.address, entry.original) if plain_address(one) and "." in one.rpartition("@")[2])
    return next(real, "")


def _full_address(entry: Recipient, words: str, mail: Mail) -> str:
    """A report that names only a local part or a directory name: the address stands elsewhere."""
    candidates = (*find_addresses(entry.diagnostic), *(failure.address for failure in failures_in(words, frozenset())))
    if mail.returned is not None:
        candidates = (*candidates, *(box.address for box in read_addresses(mail.returned.get("to")).mailboxes))
    alike = (one for one in candidates if one.partition("@")[0] == entry.address)
    return next(alike, next(iter(candidates), entry.address))


def _bounced(entry: Recipient, address: str, words: str, *, delayed: bool) -> BouncedRecipient:
    diagnostic = entry.diagnostic
    reason = reason_of(diagnostic, entry.status, context=words)
    if reason.name == "undefined":
        reason = reason_of(words, entry.status, context=words)
    return BouncedRecipient(
        address=address,
        status=chosen_status(entry.status, diagnostic, reason),
        permanent=reason.permanent and not delayed,
        diagnostic=diagnostic[:1000],
        original=entry.original,
    )


@dataclass(frozen=True, slots=True)
class _Signs:
    score: int
    delayed: bool
    success: bool
    why: str


_NO_SIGNS = _Signs(0, False, False, "")


def _signs(mail: Mail, text: str, mail_from: str) -> _Signs:
    """Counts independent signs of a report; a person's mail has at most one of them."""
    subject = fold(mail.headers.text("subject")[:_SUBJECT_CAP])
    found = _is_system(mail.headers, mail_from)
    if subject.startswith(_ANSWERS) and "mail system" not in found:
        return _NO_SIGNS
    # A person may write of things that were not delivered: only a system's mail is read for the wider class of words.
    wider = ("undelivered",) if found else ()
    if _says(subject, "subjects", *(("delay_subjects", "success_subjects", *wider) if found else ())):
        found.append("subject")
    if mail.headers.has("x-failed-recipients"):
        found.append("X-Failed-Recipients")
    if mail.root.media_type == "multipart/report" and not mail.reports:
        found.append("multipart/report")
    if not found:
        return _NO_SIGNS  # words alone are never enough, so they need not be read
    words = plain_words(own_words(text))
    failed = _says(words, "bodies", *wider)
    found += ["words"] if failed else []
    delayed = _says(subject, "delay_subjects") or _says(words, "delays")
    success = _says(subject, "success_subjects") or _says(words, "successes")
    telling = failed or "subject" in found or "X-Failed-Recipients" in found
    if found[0] == "subject" and not technical(words, text):
        return _NO_SIGNS  # a person's subject may sound like a report; only a machine adds codes or bare addresses
    return _Signs(
        len(found) if telling else 0,
        delayed and "failed permanently" not in words,
        success and not failed,
        ", ".join(found),
    )


def _says(folded: str, *lists: str) -> bool:
    return any(pattern(key).search(folded) for key in lists)


def _is_system(headers: Headers, mail_from: str) -> list[str]:
    sender = headers.get("from").lower()
    path = headers.get("return-path").strip().lower()
    found = []
    if pattern("senders").search(sender) or sender in ("", "<>"):
        found.append("mail system")
    if mail_from in ("", "<>") or path == "<>" or "mailer-daemon" in path:
        found.append("null return path")
    return found


def _from_words(
    mail: Mail, words: str, signs: _Signs, raw: bytes, ours: frozenset[str]
) -> tuple[BouncedRecipient, ...]:
    failed = [address for value in mail.headers.all("x-failed-recipients") for address in find_addresses(value)]
    strangers = ours | frozenset(canonical(box.address) for box in read_addresses(mail.headers.get("from")).mailboxes)
    written_to = frozenset(canonical(box.address) for box in read_addresses(mail.headers.get("to")).mailboxes)
    failures = failures_in(words, strangers | written_to) or failures_in(words, strangers)
    if failed:
        said = {canonical(failure.address): failure for failure in failures}
        failures = tuple(said.get(canonical(one), Failure(one, words)) for one in dict.fromkeys(failed))
    if not failures:
        failures = tuple(Failure(address, words) for address in _elsewhere(mail, raw))
    return tuple(_spoken(failure, words, delayed=signs.delayed) for failure in failures)


def _spoken(failure: Failure, words: str, *, delayed: bool) -> BouncedRecipient:
    reason = reason_of(failure.diagnostic, "", context=words)
    diagnostic = failure.diagnostic if reason.name != "undefined" else words
    reason = reason_of(diagnostic, "", context=words)
    return BouncedRecipient(
        address=failure.address,
        status=chosen_status("", diagnostic, reason),
        permanent=reason.permanent and not delayed,
        diagnostic=" ".join(failure.diagnostic.split())[:1000],
        original=failure.original,
    )


def _elsewhere(mail: Mail, raw: bytes) -> tuple[str, ...]:
    """The last resorts: flufl.bounce, then the To of the returned mail.

    The library reads fields with the quadratic parser of the standard library: it gets small and tame mails only.
    """
    tame = all(len(value) < _FLUFL_FIELD_CAP for _, value in mail.headers.fields)
    found = _by_library(raw) if tame and len(raw) <= _FLUFL_CAP else ()
    if found or mail.returned is None:
        return found
    return tuple(box.address for box in read_addresses(mail.returned.get("to")).mailboxes)


def _by_library(raw: bytes) -> tuple[str, ...]:
    from flufl.bounce import all_failures  # most mails never come here

    try:
        temporary, permanent = all_failures(email.message_from_bytes(raw))
    except Exception:  # it raises IndexError without a From field, and more on damaged mail
        return ()
    return tuple(sorted(address.decode("utf-8", "replace") for address in temporary | permanent))


def _any_recipients(mail: Mail, text: str) -> tuple[str, ...]:
    return tuple(failure.address for failure in failures_in(own_words(text), frozenset()))


def report_text(mail: Mail) -> str:
    """The written text of a mail for report reading: plain where there is any, tags dropped otherwise."""
    plain = "\n".join(body.plain for body in mail.bodies if body.plain.strip())
    if plain.strip():
        return plain
    html = "\n".join(body.html for body in mail.bodies)
    if html:
        return _TAG.sub(" ", _BREAK.sub("\n", html)).replace("&nbsp;", " ")
    return text_of(mail.root) if mail.root.main_type == "multipart" and not mail.root.children else ""
