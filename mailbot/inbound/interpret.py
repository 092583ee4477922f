"""Reads one mail: bytes, envelope, keys and the time become an Interpretation.

The one public function of reading. Total over all bytes: a structure over the limits becomes `quarantined` with its
reason, a fault of ours as well; only a lack of memory is raised, since then the process is worth nothing any more.
Pure: no I/O, no clock, no logging (architecture, Interfaces).
"""

from datetime import datetime

from mailbot.addresses import canonical
from mailbot.inbound.absence import read_absence
from mailbot.inbound.addressed import find_tokens, message_ids
from mailbot.inbound.attachments import judge_files
from mailbot.inbound.bounces import BounceReading, read_bounce, report_text
from mailbot.inbound.claimform import read_claim_forms
from mailbot.inbound.classify import Class, classify
from mailbot.inbound.dates import read_date
from mailbot.inbound.digest import canonical_digest
from mailbot.inbound.headers import Headers
from mailbot.inbound.intent import Intent, read_intent
from mailbot.inbound.interpretation import (
    Authentication,
    Complaint,
    Envelope,
    Interpretation,
    Keys,
    Sender,
    TraceStep,
)
from mailbot.inbound.mailboxes import find_addresses, read_addresses
from mailbot.inbound.mime import StructureError, parse_mail, split_header
from mailbot.inbound.parse import Mail, read_mail
from mailbot.inbound.quoting import ReplyParts, split_text
from mailbot.inbound.reports import feedback_fields
from mailbot.inbound.robots import tells_absence
from mailbot.inbound.sender import read_sender
from mailbot.inbound.verdict import disposition_of
from mailbot.inbound.writing import read_writing

_MISSING = Sender(address=None, name="", verdict=None)
_EMPTY = Intent("none", "", "")
_OLD = 7
_SHORT = 3


def interpret(
    raw: bytes, envelope: Envelope, keys: Keys, now: datetime, authentication: Authentication | None = None
) -> Interpretation:
    """What one mail says; `now` judges its Date, `authentication` is a check already made for its From domain."""
    try:
        root = parse_mail(raw, keys.limits)
        return _read(read_mail(root, keys.limits), raw, envelope, keys, now, authentication)
    except StructureError as error:
        return _quarantined(raw, envelope, keys, error.reason)
    except MemoryError:
        raise
    except Exception as error:  # totality is the contract: nothing a stranger writes may stop the reader
        return _quarantined(raw, envelope, keys, "reader_fault", f"{type(error).__name__}: {str(error)[:200]}")


def _read(
    mail: Mail, raw: bytes, envelope: Envelope, keys: Keys, now: datetime, authentication: Authentication | None
) -> Interpretation:
    headers = mail.headers
    sender, sender_why = read_sender(headers, envelope, keys, authentication)
    known = frozenset((*sender.mailboxes, canonical(envelope.rcpt), *map(canonical, keys.own_addresses)))
    house = canonical(envelope.rcpt[envelope.rcpt.rfind("@") :])
    bounce = read_bounce(mail, report_text(mail), envelope.mail_from, raw, known | {house})
    writing = read_writing(mail, envelope, keys)
    parts = writing.parts
    kind, intent = _kind_and_intent(mail, bounce, sender, envelope, keys, parts)
    complaint = _complaint(mail, kind)
    person = kind.automatic is None
    report = kind.automatic in ("delivery_report", "feedback_report", "read_receipt")
    files = () if report else judge_files(mail.files, writing.html, keys.limits.attachments)
    tokens = find_tokens(headers, envelope.rcpt, keys)
    disposition, reason = disposition_of(
        kind,
        bounce=bounce,
        complaint=complaint,
        sender=sender,
        believed=sender.verdict == "aligned" or (keys.trust == "assumed" and sender.verdict == "unverified"),
        intent=intent,
        text=parts.reply,
        files=files,
    )
    away = kind.automatic == "auto_reply" and tells_absence(f"{headers.text('subject')}\n{parts.own_words}")
    stated = read_date(headers.get("date"))
    return Interpretation(
        disposition=disposition,
        reason=reason,
        message_id=_first_id(headers, "message-id"),
        in_reply_to=_first_id(headers, "in-reply-to"),
        references=message_ids(headers.get("references")) if headers.has("references") else (),
        subject=headers.text("subject"),
        date=stated,
        sender=sender,
        automatic=kind.automatic,
        suppress_response=kind.suppress_response,
        decides=person,
        own_mail=kind.own_mail,
        hops=kind.hops,
        bounce=bounce.bounce,
        delivered=bounce.delivered,
        complaint=complaint,
        returned_message_id=_first_id(mail.returned, "message-id") if mail.returned else None,
        out_of_office=read_absence(parts.own_words, envelope.received_at.date(), known) if away else None,
        reply_text=parts.reply,
        signature=parts.signature,
        quoted_text=parts.quoted,
        parts=parts,
        intent=intent,
        forms=read_claim_forms(_form_text(parts)) if person else (),
        attachments=files,
        tokens=tokens,
        html=writing.from_html,
        language=intent.language,
        digest=canonical_digest(mail),
        trace=(
            TraceStep("structure", "read", f"{sum(1 for _ in mail.root.walk())} parts, {len(raw)} bytes"),
            TraceStep("address", "ours" if tokens else "none", f"{len(tokens)} signed" if tokens else ""),
            *_checks(authentication),
            TraceStep("sender", sender.verdict or "none", sender_why),
            TraceStep("date", "read" if stated else "none", _date_note(stated, now)),
            TraceStep("kind", kind.automatic or "person", kind.why),
            TraceStep("bounce", _bounce_word(bounce), bounce.why),
            TraceStep("text", "html" if writing.from_html else "plain", parts.cut or "nothing quoted"),
            TraceStep("intent", intent.meaning, intent.evidence),
            *(TraceStep("file", one.verdict, one.name) for one in files),
            TraceStep("disposition", disposition, reason),
        ),
        authentication=authentication,
    )


def _checks(authentication: Authentication | None) -> tuple[TraceStep, ...]:
    """What was checked outside the reader: one step for SPF, one for each signature, one for the policy."""
    checks = authentication.checks if authentication else ()
    return tuple(TraceStep(c.method, c.result, f"{c.domain} {c.detail}".strip()) for c in checks)


def _kind_and_intent(
    mail: Mail, bounce: BounceReading, sender: Sender, envelope: Envelope, keys: Keys, parts: ReplyParts
) -> tuple[Class, Intent]:
    """The class of a mail and the meaning of its words; a robot's words mean nothing."""
    kind = classify(
        mail, bounce=bounce, sender=sender, mail_from=envelope.mail_from, reply_text=parts.own_words, keys=keys
    )
    if kind.automatic is not None and (kind.sure or not _person_behind(kind)):
        return kind, _EMPTY
    if kind.automatic is not None:
        kind = Class(None, False, False, kind.hops, "away, but decides something", robot=kind.robot)
    return kind, _intent(mail.headers, parts)


def _person_behind(kind: Class) -> bool:
    """Only its text made this mail a robot's: what no robot says may still be a person's decision."""
    remainder = kind.robot.remainder if kind.robot else ""
    return bool(remainder) and read_intent(remainder).meaning not in ("none", "unclear")


def _intent(headers: Headers, parts: ReplyParts) -> Intent:
    """The meaning of the writer's own words; a mail without any may say it in a short subject of its own."""
    if parts.own_words.strip():
        return read_intent(parts.own_words)
    if parts.reply.strip():
        return Intent("unclear", "", "only forwarded text")  # nobody decides in another's words
    subject = headers.text("subject")
    own = not headers.has("in-reply-to") and not headers.has("references") and len(subject.split()) <= _SHORT
    return read_intent(subject) if own and subject else _EMPTY


def _form_text(parts: ReplyParts) -> str:
    """Everything but the quote: a form may look like a signature, or be forwarded."""
    return "\n".join(segment.text for segment in parts.segments if segment.kind not in ("quote", "attribution"))


def _complaint(mail: Mail, kind: Class) -> Complaint | None:
    """Who complained, by the report's fields, else by the mail that was sent back."""
    if kind.automatic != "feedback_report":
        return None
    part = next((part for part in mail.reports if part.media_type == "message/feedback-report"), None)
    fields = feedback_fields(part.content()) if part is not None else {}
    named = [one for value in fields.get("original-rcpt-to", ()) for one in find_addresses(value)]
    if not named and mail.returned is not None:
        named = [box.address for box in read_addresses(mail.returned.get("to")).mailboxes]
    return Complaint(kind=(fields.get("feedback-type") or ("abuse",))[0].lower()[:40], recipients=tuple(named))


def _first_id(headers: Headers, name: str) -> str | None:
    found = message_ids(headers.get(name))
    return found[0] if found and found[0] else None


def _date_note(stated: datetime | None, now: datetime) -> str:
    if stated is None:
        return ""
    return "from the future" if (stated - now).days >= 1 else "old" if (now - stated).days > _OLD else ""


def _bounce_word(reading: BounceReading) -> str:
    if reading.bounce is not None:
        return "delayed" if reading.bounce.delayed else "failed"
    return "delivered" if reading.delivered else "none"


def _quarantined(raw: bytes, envelope: Envelope, keys: Keys, reason: str, why: str = "") -> Interpretation:
    """Nothing of the content is believed; the header is read as far as that is safe, so that a person can find it."""
    try:
        headers, _ = split_header(raw[: keys.limits.header_bytes], keys.limits)
        sender, _ = read_sender(headers, envelope, keys)
        subject, tokens = headers.text("subject"), find_tokens(headers, envelope.rcpt, keys)
        message_id = _first_id(headers, "message-id")
    except MemoryError:
        raise
    except Exception:  # a header that breaks us too is simply not shown
        sender, subject, tokens, message_id = _MISSING, "", (), None
    return Interpretation(
        disposition="quarantined",
        reason=reason,
        message_id=message_id,
        in_reply_to=None,
        references=(),
        subject=subject,
        date=None,
        sender=sender,
        automatic=None,
        suppress_response=True,
        decides=False,
        own_mail=False,
        hops=0,
        bounce=None,
        delivered=(),
        complaint=None,
        returned_message_id=None,
        out_of_office=None,
        reply_text="",
        signature="",
        quoted_text="",
        parts=split_text(""),
        intent=_EMPTY,
        forms=(),
        attachments=(),
        tokens=tokens,
        html=False,
        language="",
        digest="",
        trace=(TraceStep("structure", "quarantined", " ".join((reason, why)).strip()),),
    )
