"""An Interpretation as the JSON object that the contract promises; pure and total."""

import re
from typing import Any

from mailbot.inbound.answers import Answer, read_answers
from mailbot.inbound.interpretation import Bounce, Interpretation
from mailbot.inbound.reader_pool import ReaderFailure

_NUMBERED = re.compile(r"^[> \t|]*(\d{1,2})[.)] ?(\S.*)$", re.MULTILINE)
_QUOTE_CAP = 32 * 1024
_EVENTS = {
    "decline": "declined",
    "accept": "accepted",
    "unclear": "customer_wrote",
    "question": "customer_wrote",
    "wrong_person": "customer_wrote",
    "data_request": "customer_wrote",
    "bounced": "mail_failed",
    "delayed": "mail_delayed",
    "delivered": "mail_delivered",
    "complaint": "complained",
}


def as_object(path: str, read: Interpretation) -> dict[str, Any]:
    """The object for one file; `claim` needs a database."""
    away = read.out_of_office
    return {
        "file": path,
        "disposition": read.disposition,
        "reason": read.reason,
        "claim": None,
        "sender": {"address": read.sender.address, "verdict": read.sender.verdict},
        "automatic": read.automatic,
        "suppress_response": read.suppress_response,
        "bounce": _bounce(read.bounce),
        "reply_text": read.reply_text,
        "signature": read.signature,
        "quoted_text": read.quoted_text,
        "intent": {
            "meaning": read.intent.meaning,
            "language": read.intent.language,
            "evidence": read.intent.evidence,
        },
        "answers": [{"question": one.question, "text": one.text} for one in answers_of(read)],
        "out_of_office": None
        if away is None
        else {"until": away.until.isoformat() if away.until else None, "substitute": away.substitute},
        "attachments": [
            {
                "name": one.name,
                "type": one.media_type,
                "size": one.size,
                "sha256": one.sha256,
                "verdict": one.verdict,
            }
            for one in read.attachments
        ],
        "event": _event(read),
        "seconds": 0.0,
        "trace": [{"step": one.step, "result": one.result, "why": one.why} for one in read.trace],
    }


def failed_object(path: str, failure: ReaderFailure) -> dict[str, Any]:
    """The object for a file that hurt its reader: in the service it would be quarantined after three attempts."""
    return {
        "file": path,
        "disposition": "quarantined",
        "reason": failure.cause,
        "claim": None,
        "sender": {"address": None, "verdict": None},
        "automatic": None,
        "suppress_response": True,
        "bounce": None,
        "reply_text": "",
        "signature": "",
        "quoted_text": "",
        "intent": {"meaning": "none", "language": "", "evidence": ""},
        "answers": [],
        "out_of_office": None,
        "attachments": [],
        "event": None,
        "seconds": 0.0,
        "trace": [{"step": "reader", "result": failure.cause, "why": failure.detail}],
    }


def answers_of(read: Interpretation) -> tuple[Answer, ...]:
    """Answers to the questions that the quote shows; without a database nobody knows which are open."""
    if not read.decides:
        return ()
    questions = dict(_NUMBERED.findall(read.quoted_text[:_QUOTE_CAP]))
    if not questions:
        numbers = _NUMBERED.findall(read.reply_text[:_QUOTE_CAP])
        questions = dict.fromkeys((number for number, _ in numbers), "") if len(numbers) > 1 else {}
    return read_answers(read.parts, {int(number): text for number, text in questions.items()}) if questions else ()


def _bounce(bounce: Bounce | None) -> dict[str, Any] | None:
    if bounce is None:
        return None
    recipients = [
        {"address": one.address, "status": one.status, "permanent": one.permanent} for one in bounce.recipients
    ]
    return {"recipients": recipients, "delayed": bounce.delayed}


def _event(read: Interpretation) -> str | None:
    """The event that the mail would be, in the words of claims/events; None where nothing would be decided."""
    if read.out_of_office is not None:
        return "customer_away"
    return _EVENTS.get(read.reason) if read.disposition == "would_apply" else None
