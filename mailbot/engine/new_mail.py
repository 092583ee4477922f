"""Mail to claims@: new claims, and requests for help or status.

Pure. Only a known person with an aligned sender gets an answer (architecture, proof matrix); everybody else's mail is
held for the office and nobody is written to. Fresh claim ids are handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mailbot.claims.catalogue import Catalogue
from mailbot.claims.events import Drafted, Event, EvidenceAdded, Mail, Submitted
from mailbot.claims.model import Channel, Claim, Evidence, Party
from mailbot.claims.policy import Policy
from mailbot.engine.forms import draft_of
from mailbot.engine.letters import (
    Base,
    Known,
    Letter,
    Verdict,
    actor_of,
    applied,
    asked,
    held,
    ignored,
    unclear,
    unproved,
)
from mailbot.engine.partner_mail import evidence_of
from mailbot.inbound.claimform import ClaimForm
from mailbot.inbound.commands import read_command

_NOBODY = "00000000-0000-0000-0000-000000000000"
"""The tenant of the claim form in our help mail."""

_OTHER_PROCESSES = ("co-op", "coop claim", "co op claim", "rebate", "marketing fund", "mdf claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """What a new claim needs besides the form: the rules it is pinned to, the catalogue and fresh ids.

    `policies` are the rules by version, for the claims there are.
    """

    policy: Policy
    catalogue: Catalogue
    claim_id: Callable[[], str]
    policies: Mapping[str, Policy]

    def rules_of(self, claim: Claim) -> Policy:
        """The rules the claim is pinned to."""
        return self.policies[claim.policy]


def read_new(letter: Letter, known: Known, drafting: Drafting) -> Verdict:
    """The drafts (and their submission) a mail to claims@ asks for, or why it is held, answered or ignored."""
    writer = known.writer
    if writer is None:
        return held("unknown_sender")
    if not letter.aligned:
        return unproved(letter)
    subject, text = letter.reading.subject, letter.reading.reply_text
    command = read_command(subject, "partner") or read_command(text, "partner")
    if command is not None and command.verb in ("help", "status"):
        return asked(command.verb)
    forms = [form for form in letter.reading.forms if (form.fields or form.products) and not _is_example(form)]
    if not forms:
        return _no_form(letter)
    if not drafting.policy.may(writer.roles, "draft"):
        return _not_authorised(letter, drafting.policy)
    return _drafted(letter, known, drafting, forms)


def _is_example(form: ClaimForm) -> bool:
    """Whether the form is the one from our help mail, which comes back when a machine answers it."""
    return form.fields.get("tenant_id") == _NOBODY


def _drafted(letter: Letter, known: Known, drafting: Drafting, forms: list[ClaimForm]) -> Verdict:
    events: list[tuple[str, Event]] = []
    for number, form in enumerate(forms):
        events += _one(letter, known, drafting, form, len(forms) > 1, number)
    return applied(*events)


def _one(
    letter: Letter, known: Known, drafting: Drafting, form: ClaimForm, several: bool, number: int
) -> list[tuple[str, Event]]:
    assert known.writer is not None
    writer = known.writer
    claim = draft_of(
        form,
        claim_id=drafting.claim_id(),
        writer=writer,
        policy=drafting.policy.version,
        at=letter.received_at,
        catalogue=drafting.catalogue,
    )
    files = _files_for(form, evidence_of(letter, writer.email), several)
    name = f"mail:{letter.item_id}:{number}"
    actor = actor_of(writer, of_record=True)
    base = Base(id=f"{name}:draft", at=letter.received_at, actor=actor, channel=Channel.MAIL)
    events: list[Event] = [Drafted(claim=claim, **base)]
    if files:
        events.append(EvidenceAdded(files=files, **base | {"id": f"{name}:files"}))
    if not form.draft:
        events.append(Submitted(**base | {"id": f"{name}:submit"}))
    return [(claim.id, event) for event in events]


def _files_for(form: ClaimForm, files: tuple[Evidence, ...], several: bool) -> tuple[Evidence, ...]:
    """With several claims in one mail only files named in `Evidence:` lines are assigned; the rest is asked for."""
    if not several and not form.evidence:
        return files
    named = {name.casefold() for name in form.evidence}
    return tuple(replace(f) for f in files if f.name.casefold() in named)


def _no_form(letter: Letter) -> Verdict:
    reading = letter.reading
    if reading.intent.meaning == "none" and not reading.attachments:
        return ignored("courtesy")
    text = f"{reading.subject}\n{reading.reply_text}".casefold()
    found = next((word for word in _OTHER_PROCESSES if word in text), None)
    if found is None:
        return unclear(letter, None, "no_claim_form", ("help", "status"))
    return _answer(letter, "wrong_process", {"read": found})


def _not_authorised(letter: Letter, policy: Policy) -> Verdict:
    may = policy.who_may("draft")
    names = ", ".join(role.replace("_", " ") for role in may)
    return _answer(letter, "not_authorised", {"act": "create", "may": list(may), "text": f"This takes: {names}."})


def _answer(letter: Letter, code: str, context: dict[str, object]) -> Verdict:
    mail = Mail(
        code=code,
        to=Party.PERSON,
        key=f"{code}:{letter.item_id}",
        email=letter.written_by,
        context=context,
        answer=True,
    )
    answers: tuple[tuple[Claim | None, Mail], ...] = ((None, mail),)
    return Verdict(disposition="ignored", reason=code, answers=answers)
