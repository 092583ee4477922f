"""The first claim, everything by mail: claimed, asked about, answered inline, approved, and declined in Czech."""

from typing import Any

from mailbot.demo.cast import CLAIM_MAIL, DOMAIN, JANA, PETR, RITA, Person
from mailbot.demo.house import House
from mailbot.demo.letters import inline_reply, new_mail, reply
from mailbot.demo.outside import Letter
from mailbot.demo.pdf import pdf
from mailbot.demo.transcript import StepFailed, gist

_PROTOCOL = pdf(["Acceptance protocol", "Fabrikam and Contoso, tenant contoso.example", "Teams, Exchange Online"])
_SIGNED = pdf(["Signature page", "Jana Novakova, IT manager, Contoso"])
_QUESTIONS = (
    "ask missing_customer_ack: Who signed for the customer? The page seems to be missing.\n"
    "missing_partner_solution: What exactly did you do for Exchange Online?"
)
_ANSWERS = {
    1: "Jana Nováková, the IT manager. The signed page is attached.",
    2: "We moved 240 mailboxes from their own server in March.",
}
_DECLINE = (
    "Dobrý den,\n\ns tím nesouhlasíme. Nepřejeme si, aby Fabrikam viděl jakékoli údaje o našem prostředí.\n\n"
    "S pozdravem\nJana Nováková"
)


async def play(house: House) -> None:
    """The whole life of the claim; raises StepFailed."""
    script = house.script
    script.title("Claim one: everything by mail")
    with script.step("Petr claims by mail"):
        claim_id = await _claimed(house)
    with script.step("Rita asks two questions by mail"):
        asked = await _asked(house, claim_id)
    with script.step("Petr answers inline, with a file"):
        assigned = await _answered(house, claim_id, asked)
    with script.step("Rita approves by mail"):
        await _approved(house, claim_id, assigned)
    with script.step("Jana declines in Czech by a plain reply"):
        await _declined(house, claim_id)


async def _claimed(house: House) -> str:
    script, outside = house.script, house.outside
    script.happens(f"{PETR.name} writes to claims@{DOMAIN}, with acceptance.pdf:")
    script.words(CLAIM_MAIL.partition("\n\n")[2], most=5)
    mail = new_mail(PETR, f"claims@{DOMAIN}", "New claim", CLAIM_MAIL, [("acceptance.pdf", _PROTOCOL)])
    await outside.send(PETR.email, f"claims@{DOMAIN}", mail)
    submitted = await hears(house, PETR, "claim_submitted")
    claim_id = submitted.subject.partition("[")[2].partition("]")[0]
    house.seen["partner page"] = submitted.link("/p/")
    await hears(house, PETR, "evidence_receipt", most=2)
    await hears(house, JANA, "customer_heads_up", most=4)
    script.stands(await state(house, claim_id, "submitted"))
    return claim_id


async def _asked(house: House, claim_id: str) -> Letter:
    assigned = await hears(house, RITA, "review_assigned", most=3)
    await says(house, RITA, assigned, _QUESTIONS)
    asked = await hears(house, PETR, "info_request", most=9)
    house.script.stands(await state(house, claim_id, "action_required"))
    return asked


async def _answered(house: House, claim_id: str, asked: Letter) -> Letter:
    script = house.script
    script.happens(f"{PETR.name} answers below each question, with signed.pdf:")
    script.words("\n".join(f"{number}) {text}" for number, text in _ANSWERS.items()))
    mail = inline_reply(PETR, asked, _ANSWERS, [("signed.pdf", _SIGNED)])
    await house.outside.send(PETR.email, asked.reply_to, mail)
    await hears(house, PETR, "evidence_receipt", most=4)
    claim = await state(house, claim_id, "submitted")
    given = [question["answer"] for question in claim["questions"]]
    if given != list(_ANSWERS.values()):
        raise StepFailed(f"the answers were read as {given}")
    script.stands(claim)
    return await hears(house, RITA, "review_assigned", most=2)


async def _approved(house: House, claim_id: str, assigned: Letter) -> None:
    await says(house, RITA, assigned, "approve contact: page 1 of the acceptance protocol")
    await hears(house, PETR, "claim_approved", most=4)
    house.script.stands(await state(house, claim_id, "approved"))


async def _declined(house: House, claim_id: str) -> None:
    prompt = await hears(house, JANA, "consent_prompt", most=7)
    house.seen["customer page"] = prompt.link("/c/")
    await says(house, JANA, prompt, _DECLINE)
    await hears(house, JANA, "decline_confirmed", most=4)
    await hears(house, PETR, "customer_declined", most=3)
    claim = await state(house, claim_id, "rejected")
    if (claim["reason"], claim["consent"]) != ("customer_declined", "declined"):
        raise StepFailed(f"the reason is {claim['reason']}, consent {claim['consent']}")
    house.script.stands(claim)


async def hears(house: House, person: Person, code: str, most: int = 5) -> Letter:
    """mailbot writes to somebody: waits for the mail and shows its gist."""
    letter = await house.outside.expect(person.email, code)
    house.script.happens(f"mailbot → {person.name}: {letter.subject}   ({code}, {letter.path.name})")
    house.script.words(gist(letter.text), most)
    return letter


async def says(house: House, person: Person, letter: Letter, text: str) -> None:
    """Somebody answers a mail with new words above the quoted original."""
    house.script.happens(f"{person.name} replies:")
    house.script.words(text)
    await house.outside.send(person.email, letter.reply_to, reply(person, letter, text))


async def state(house: House, claim_id: str, status: str) -> dict[str, Any]:
    """The claim once it has that status; raises StepFailed when it does not get there."""
    return await house.keys["admin"].until(claim_id, lambda claim: claim["status"] == status, status)
