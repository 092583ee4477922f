"""What would happen with a mail, as far as that is knowable without a database.

Pure. Nothing is dropped (architecture, promise 3): what neither applies nor is surely nothing is held for a person.
A decline applies whoever holds the address (domain §4.2); everything else needs an aligned sender.
"""

from mailbot.inbound.bounces import BounceReading
from mailbot.inbound.classify import Class
from mailbot.inbound.intent import Intent
from mailbot.inbound.interpretation import Attachment, Complaint, Disposition, Sender


def disposition_of(
    kind: Class,
    *,
    bounce: BounceReading,
    complaint: Complaint | None,
    sender: Sender,
    believed: bool,
    intent: Intent,
    text: str,
    files: tuple[Attachment, ...],
) -> tuple[Disposition, str]:
    """The disposition and its stable reason code; `believed` when the sender may act."""
    if kind.own_mail:
        return "ignored", "own_mail"
    if kind.looping:
        return "ignored", "loop"
    if complaint is not None:
        return "would_apply", "complaint"
    if bounce.bounce is not None:
        return "would_apply", "delayed" if bounce.bounce.delayed else "bounced"
    if bounce.delivered:
        return "would_apply", "delivered"
    if kind.automatic is not None:
        return _automatic(kind, text, files)
    return _person(sender, believed, intent, text, files)


def _automatic(kind: Class, text: str, files: tuple[Attachment, ...]) -> tuple[Disposition, str]:
    """A list or bulk sender may have a person behind it (a shared mailbox that is a list): somebody looks."""
    if kind.automatic in ("list", "bulk") and (text.strip() or files):
        return "held", kind.automatic
    if kind.automatic == "challenge":
        return "held", "challenge"
    return "ignored", str(kind.automatic)


def _person(
    sender: Sender, believed: bool, intent: Intent, text: str, files: tuple[Attachment, ...]
) -> tuple[Disposition, str]:
    if intent.meaning == "decline":
        return "would_apply", "decline"
    if sender.verdict == "ambiguous" or sender.address is None:
        return "held", "ambiguous_sender"
    if not believed:
        return "held", f"{sender.verdict}_sender"
    if not text.strip() and not any(file.verdict != "inline" for file in files):
        return "held", "unreadable"
    return "would_apply", intent.meaning if intent.meaning != "none" else "reply"
