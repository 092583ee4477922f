"""Three verdicts on every mail: what is it, may it be answered, does it decide.

Signs are taken in the order of their honesty: reports, our own marks, header fields, envelope, sender, subject, text.
Pure and total. A robot never decides (security items 35, 36; architecture, promise 5).
"""

import re
from dataclasses import dataclass

from mailbot.inbound.addressed import message_ids, tokens_in
from mailbot.inbound.bounces import BounceReading
from mailbot.inbound.headers import Headers
from mailbot.inbound.interpretation import Automatic, Keys, Sender
from mailbot.inbound.parse import Mail
from mailbot.inbound.robots import (
    Robot,
    challenge_text,
    complaint_subject,
    robot_header,
    robot_sender,
    robot_subject,
    robot_text,
    subject_of_kind,
)

_PRECEDENCE: dict[str, Automatic] = {
    "bulk": "bulk",
    "junk": "bulk",
    "list": "list",
    "auto_reply": "auto_reply",
    "auto-reply": "auto_reply",
}
_LIST_FIELDS = ("list-id", "list-post", "mailing-list", "x-mailing-list", "list-archive", "x-mailman-version")
_BULK_FIELDS = ("list-unsubscribe", "x-campaign", "x-campaignid", "x-bulkmail")
_SUPPRESS = re.compile(r"\b(?:all|oof|autoreply|dr|rn|nrn)\b", re.IGNORECASE)
_CALENDAR_METHODS = ("REPLY", "REQUEST", "COUNTER", "CANCEL", "DECLINECOUNTER", "REFRESH")


@dataclass(frozen=True, slots=True)
class Class:
    """The verdicts, with the reason in words; `sure` is False when only the text gave the robot away."""

    automatic: Automatic | None
    suppress_response: bool
    own_mail: bool
    hops: int
    why: str
    sure: bool = True
    looping: bool = False
    robot: Robot | None = None


def classify(
    mail: Mail, *, bounce: BounceReading, sender: Sender, mail_from: str, reply_text: str, keys: Keys
) -> Class:
    """The class of one mail; `mail_from` is "" for the null sender, `reply_text` what was newly written."""
    headers = mail.headers
    hops = headers.count("received")
    null_sender = mail_from.strip() in ("", "<>") or headers.get("return-path").strip() == "<>"
    if is_own(headers, sender, keys):
        return Class("auto_reply", True, True, hops, "our own mail came back")
    kind, why = _by_structure(mail, bounce)
    if not kind:
        kind, why = _by_headers(headers)
    if not kind and hops > keys.limits.received_hops:
        return Class("bulk", True, False, hops, f"{hops} Received fields", looping=True)
    if not kind:
        kind, why = _by_sender(headers, sender, null_sender=null_sender)
    if kind:
        return Class(kind, True, False, hops, why)
    return _by_words(headers.text("subject"), reply_text, hops)


def is_own(headers: Headers, sender: Sender, keys: Keys) -> bool:
    """True for a mail that we wrote ourselves: our loop mark, our signed Message-ID, our domain in From (item 35)."""
    if any(True for value in headers.all("x-loop") for _ in tokens_in(value, keys)):
        return True
    from_us = (sender.address or "").rpartition("@")[2] == keys.domain.lower()
    signed = any(True for one in message_ids(headers.get("message-id")) for _ in tokens_in(one, keys))
    return bool(keys.domain) and (signed or from_us)


def _by_structure(mail: Mail, bounce: BounceReading) -> tuple[Automatic | None, str]:
    kinds = {part.media_type for part in mail.reports}
    report_type = mail.root.parameters.get("report-type", "").lower()
    subject = mail.headers.text("subject")
    if "message/feedback-report" in kinds or report_type == "feedback-report":
        return "feedback_report", "feedback report (RFC 5965)"
    if mail.returned is not None and complaint_subject(subject):
        return "feedback_report", "complaint by its subject, with the mail it is about"
    if "message/disposition-notification" in kinds or report_type == "disposition-notification":
        return "read_receipt", "disposition notification (RFC 8098)"
    if bounce.bounce is not None or bounce.delivered:
        return "delivery_report", bounce.why
    if mail.calendar_method in _CALENDAR_METHODS:
        return "calendar", f"calendar {mail.calendar_method}"
    if mail.calendar_method and subject_of_kind("calendar", subject):
        return "calendar", "calendar answer by its subject"
    return None, ""


def _by_headers(headers: Headers) -> tuple[Automatic | None, str]:
    submitted = headers.get("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted and submitted != "no":
        kind = _receipt_or(headers, "auto_reply")
        return kind, f"Auto-Submitted: {submitted[:40]}"
    names = frozenset(headers.names())
    field = robot_header(names)
    if field and headers.get(field).lower() not in ("no", "false", "0"):
        return "auto_reply", f"field {field}"
    for name in ("precedence", "x-precedence"):
        precedence = _PRECEDENCE.get(headers.get(name).strip().lower())
        if precedence:
            return precedence, f"{name}: {headers.get(name)[:40]}"
    found = next((name for name in _LIST_FIELDS if name in names), "")
    if found:
        return "list", f"field {found}"
    found = next((name for name in _BULK_FIELDS if name in names), "")
    if found:
        return "bulk", f"field {found}"
    if _SUPPRESS.search(headers.get("x-auto-response-suppress")):
        kind = _receipt_or(headers, "auto_reply" if robot_subject(headers.text("subject")) else "bulk")
        return kind, "X-Auto-Response-Suppress"
    return None, ""


def _receipt_or(headers: Headers, otherwise: Automatic) -> Automatic:
    return "read_receipt" if subject_of_kind("receipts", headers.text("subject")) else otherwise


def _by_sender(headers: Headers, sender: Sender, *, null_sender: bool) -> tuple[Automatic | None, str]:
    address = sender.address or ""
    if null_sender:
        return _receipt_or(headers, "auto_reply"), "null return path"
    if address and robot_sender(address):
        return "bulk", f"sender {address.partition('@')[0]} reads no mail"
    return None, ""


def _by_words(subject: str, text: str, hops: int) -> Class:
    if subject_of_kind("receipts", subject) and len(text) < 600:
        return Class("read_receipt", True, False, hops, "subject of a read receipt")
    if subject_of_kind("challenge", subject) and challenge_text(text):
        return Class("challenge", True, False, hops, "asks to prove that a person wrote")
    robot = robot_text(text)
    if robot_subject(subject):
        return Class("auto_reply", True, False, hops, f"subject {subject[:60]!r}", robot=robot)
    if robot.sure:
        return Class("auto_reply", True, False, hops, f"text: {', '.join(robot.signs)}", sure=False, robot=robot)
    return Class(None, False, False, hops, "nothing automatic about it", robot=robot)
