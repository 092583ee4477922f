"""What is kept of a reading beside the raw mail: enough to show a person what was read and why (promise 6).

Pure; JSON values only. File contents are not kept here: they lie in the raw mail and, when accepted, as blobs.
"""

from dataclasses import asdict
from typing import Any

from mailbot.inbound.interpretation import Authentication, Check, Interpretation
from mailbot.inbound.shown import answers_of

_MOST_IDS = 20


def readout(reading: Interpretation) -> dict[str, Any]:
    """The parts of a reading that the office, the API and `mailbot inbox show` display."""
    return {
        "sender": {
            "address": reading.sender.address,
            "verdict": reading.sender.verdict,
            "why": next((step.why for step in reading.trace if step.step == "sender"), ""),
        },
        "automatic": reading.automatic,
        "reply_text": reading.reply_text,
        "signature": reading.signature,
        "quoted_text": reading.quoted_text,
        "intent": {
            "meaning": reading.intent.meaning,
            "language": reading.intent.language,
            "evidence": reading.intent.evidence,
        },
        "answers": [{"question": a.question, "text": a.text} for a in answers_of(reading)],
        "attachments": [
            {"name": a.name, "type": a.media_type, "size": a.size, "sha256": a.sha256, "verdict": a.verdict}
            for a in reading.attachments
        ],
        "out_of_office": _absence(reading),
        "bounce": _bounce(reading),
        "answers_to": [one for one in (reading.in_reply_to, *reading.references[-_MOST_IDS:]) if one],
        "authentication": asdict(reading.authentication) if reading.authentication else None,
    }


def authentication_of(readout: Any) -> Authentication | None:
    """The sender check kept in a readout; None when there was none."""
    kept = readout.get("authentication") if isinstance(readout, dict) else None
    if not kept:
        return None
    checks = tuple(Check(**check) for check in kept["checks"])
    return Authentication(domain=kept["domain"], result=kept["result"], detail=kept["detail"], checks=checks)


def why_unproved(trace: Any) -> str:
    """Why the sender of a kept mail was not proved, in the check's own words; empty when it was, or is not known."""
    steps = trace if isinstance(trace, list) else []
    return next((str(why) for step, result, why in steps if step == "sender" and result != "aligned"), "")


def _absence(reading: Interpretation) -> dict[str, Any] | None:
    away = reading.out_of_office
    if away is None:
        return None
    return {"until": away.until.isoformat() if away.until else None, "substitute": away.substitute}


def _bounce(reading: Interpretation) -> dict[str, Any] | None:
    bounce = reading.bounce
    if bounce is None:
        return None
    recipients = [{"address": r.address, "status": r.status, "permanent": r.permanent} for r in bounce.recipients]
    return {"recipients": recipients, "delayed": bounce.delayed}
