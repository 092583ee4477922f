"""The second claim, by REST and pages: the notice bounces, a new contact is away, silence ends in the hand-off."""

from typing import Any

import httpx

from mailbot.demo.cast import ADA, CLAIM_BODY, KLARA, OLGA, PETR
from mailbot.demo.claim_one import hears, state
from mailbot.demo.house import House
from mailbot.demo.letters import absence
from mailbot.demo.outside import Letter
from mailbot.demo.pdf import pdf
from mailbot.demo.transcript import StepFailed

_REPORT = pdf(["Project report", "Fabrikam and Tailspin, tenant tailspin.example", "Intune on 80 devices", "Signed"])
_AWAY = "Hello,\n\nthank you for your message. I am out of the office and will answer when I am back.\n\nKlara Mala"


async def play(house: House) -> None:
    """The whole life of the claim; raises StepFailed."""
    script = house.script
    script.title("Claim two: by REST and web pages")
    with script.step("the hand-off system subscribes to webhooks"):
        await _subscribed(house)
    with script.step("the partner's system claims by REST"):
        claim_id = await _claimed(house)
    with script.step("the reviewer's system approves"):
        await _approved(house, claim_id)
    with script.step("the notice bounces"):
        await _bounced(house, claim_id)
    with script.step("a new contact is named and the notice sent again"):
        prompt = await _resent(house, claim_id)
    with script.step("somebody only looks at the customer's page"):
        await _looked_at(house, claim_id, prompt)
    with script.step("the new contact is out of office"):
        await _away(house, claim_id, prompt)
    with script.step("the window closes in silence and the hand-off arrives"):
        await _silent(house, claim_id)


async def _subscribed(house: House) -> None:
    body = {"url": house.receiver_url, "types": ["evaluation.ready", "association.active"]}
    house.receiver.secret = (await house.keys["admin"].call("POST", "/webhooks", body))["secret"]
    house.script.happens(f"The next system subscribes to evaluation.ready at {house.receiver_url}")


async def _claimed(house: House) -> str:
    script, partner = house.script, house.keys["partner"]
    claim = await partner.call("POST", "/claims", CLAIM_BODY)
    claim_id = str(claim["id"])
    script.happens(f"Fabrikam's system: POST /api/v1/claims → {claim_id}, then the evidence, then submit")
    receipt = await partner.call("POST", f"/claims/{claim_id}/evidence", files={"file": ("report.pdf", _REPORT)})
    script.line(f"report.pdf: {receipt['items'][0]['verdict']}")
    script.stands(await partner.call("POST", f"/claims/{claim_id}/submit", {}))
    return claim_id


async def _approved(house: House, claim_id: str) -> None:
    tick = {"contact_verified": True, "contact_source": "page 1 of the report"}
    claim = await house.keys["reviewer"].call("POST", f"/claims/{claim_id}/approve", tick)
    house.script.happens(f"The reviewer's system: POST /api/v1/claims/{claim_id}/approve")
    house.script.stands(claim)


async def _bounced(house: House, claim_id: str) -> None:
    await hears(house, OLGA, "consent_prompt", most=2)
    house.script.happens(f"{OLGA.name} has left Tailspin: the mail comes back, 550 5.1.1 User unknown")
    claim = await house.keys["admin"].until(claim_id, lambda c: c["suspended_by"] == "bounced", "suspended")
    house.script.stands(claim)
    await hears(house, PETR, "delivery_problem", most=4)
    await hears(house, ADA, "delivery_problem", most=2)


async def _resent(house: House, claim_id: str) -> Letter:
    script = house.script
    contact = {"name": KLARA.name, "title": "IT lead", "email": KLARA.email, "country": "US", "language": "en"}
    await house.keys["partner"].call("PATCH", f"/claims/{claim_id}", {"customer": contact})
    script.happens(
        f"Fabrikam names {KLARA.name} <{KLARA.email}> (PATCH); the office checks her and sends the notice again"
    )
    tick = {"contact_verified": True, "contact_source": "their web site"}
    script.stands(await house.keys["reviewer"].call("POST", f"/claims/{claim_id}/resend-notice", tick))
    prompt = await hears(house, KLARA, "consent_prompt", most=4)
    house.seen["customer page"] = prompt.link("/c/")
    return prompt


async def _looked_at(house: House, claim_id: str, prompt: Letter) -> None:
    link = prompt.link("/c/")
    before = await house.keys["admin"].call("GET", f"/claims/{claim_id}")
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        page, again = await http.get(link), await http.head(link)
    if page.status_code != 200 or "Fabrikam" not in page.text or again.status_code != 200:
        raise StepFailed(f"the page {link} answers {page.status_code} and {again.status_code}")
    after = await house.keys["admin"].call("GET", f"/claims/{claim_id}")
    if after["consent"] != before["consent"]:
        raise StepFailed("a look at the page changed something")
    house.script.happens(
        "A mail scanner opens the customer's link twice; nothing changes, only a press of a button would"
    )


async def _away(house: House, claim_id: str, prompt: Letter) -> None:
    script = house.script
    script.happens(f"{KLARA.name}'s mailbox answers by itself:")
    script.words(_AWAY.partition("\n\n")[2], most=2)
    await house.outside.send("", prompt.mail_from, absence(KLARA, prompt, _AWAY))
    await hears(house, PETR, "deadline_moved", most=4)
    script.stands(await state(house, claim_id, "approved"))


async def _silent(house: House, claim_id: str) -> None:
    script = house.script
    script.happens("Nobody objects …")
    claim = await house.keys["admin"].until(claim_id, _is_active, "active")
    script.stands(claim)
    await hears(house, PETR, "association_active", most=4)
    await hears(house, KLARA, "association_active", most=3)
    event = await house.receiver.expect("evaluation.ready", claim_id)
    script.happens(f"The next system receives {event['type']} for {event['data']['claim']['id']}, signature verified")


def _is_active(claim: dict[str, Any]) -> bool:
    return bool(claim["association"] == "active" and claim["consent"] == "lapsed")
