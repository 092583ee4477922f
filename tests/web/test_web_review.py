"""The reviewer's desk: the claim beside its evidence, ticks proposed by its words, decisions that outlive a restart."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from engine_house import ADA, PETR, House, house, pdf
from web_visitors import PETR_ACTS, RITA_ACTS, Browser, submitted

from mailbot.claims import events
from mailbot.claims.events import DecisionMade
from mailbot.claims.model import Channel, Status
from mailbot.demo.pdf import pdf as letter

SignIn = Callable[[str], Awaitable[Browser]]
SOW = hashlib.sha256(pdf()).hexdigest()


async def test_the_claim_stands_beside_the_pages_of_its_evidence(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    await ada.open(f"/claims/{claim_id}")
    page = f"/claims/{claim_id}/files/{SOW}/1"
    assert f'<a href="{page}"><img src="{page}/small.png"' in ada.page.text
    assert 'alt="sow.pdf, page 1"' in ada.page.text
    assert "sow.pdf, page 1 of 1" in await ada.open(page)
    assert "Statement of work" in ada.text
    for size in ("small", "large"):
        drawn = await ada.http.get(f"{page}/{size}.png")
        assert (drawn.headers["content-type"], drawn.content[:4]) == ("image/png", b"\x89PNG")
        assert drawn.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert drawn.headers["cache-control"] == "no-store"


async def test_pictures_of_evidence_are_the_offices_alone(home: House, browser: Browser, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    page = f"/claims/{claim_id}/files/{SOW}/1"
    petr = await signed_in(PETR)
    for visitor in (petr, browser):
        for path in (page, f"{page}/small.png", f"{page}/large.png"):
            answer = await visitor.http.get(path)
            assert b"PNG" not in answer.content[:8]
            assert "sow.pdf, page" not in answer.text
    await petr.open(f"/claims/{claim_id}")
    assert "small.png" not in petr.page.text


@pytest.mark.parametrize("path", ["{sow}/2", "{sow}/0", "{other}/1", "{sow}/1/huge.png", "{sow}/2/large.png"])
async def test_a_page_that_is_not_there_does_not_exist(home: House, signed_in: SignIn, path: str) -> None:
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    answer = await ada.http.get(f"/claims/{claim_id}/files/" + path.format(sow=SOW, other="0" * 64))
    assert answer.status_code in (404, 422)


async def test_a_file_that_cannot_be_shown_has_a_sentence_and_keeps_nobody_from_deciding(
    home: House, signed_in: SignIn
) -> None:
    home.lookers.poison.add(pdf())
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    assert "too large to be shown here" in await ada.open(f"/claims/{claim_id}")
    assert ada.has(f"/claims/{claim_id}/request-info")


async def test_words_of_the_evidence_propose_ticks_with_their_page(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    evidence = letter(
        ["Statement of work", "Fabrikam moved Teams for customer.example.", "Signed by Jana on 2 February 2026"]
    )
    await home.engine.add_files(claim_id, PETR_ACTS, Channel.WEB, [("letter.pdf", evidence)])
    ada = await signed_in(ADA)
    text = await ada.open(f"/claims/{claim_id}")
    assert "Found on page 1 of letter.pdf:" in text
    for item in ("parties", "tenant", "signature", "date", "work", "product:teams"):
        assert f'name="check.{item}" value="1" checked' in ada.page.text
        assert f'name="page.{item}" maxlength="40" inputmode="numeric" value="1"' in ada.page.text
    assert (await home.claim(claim_id)).status is Status.SUBMITTED


async def test_what_the_words_do_not_show_stays_empty(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    await ada.open(f"/claims/{claim_id}")
    assert 'name="check.signature" value="1">' in ada.page.text
    assert 'name="check.product:teams" value="1">' in ada.page.text


async def test_a_file_is_opened_once_however_often_the_page_is_loaded(home: House, signed_in: SignIn) -> None:
    claim_id = await submitted(home)
    ada = await signed_in(ADA)
    for _ in range(3):
        await ada.open(f"/claims/{claim_id}")
    assert home.lookers.looked == 1


async def test_a_file_seen_on_another_claim_says_so_to_the_office_alone(home: House, signed_in: SignIn) -> None:
    one, other = await submitted(home), await submitted(home, product="intune")
    ada, petr = await signed_in(ADA), await signed_in(PETR)
    assert f"The same file is evidence of: {other}" in await ada.open(f"/claims/{one}")
    assert f'<a href="/claims/{one}">' in (await ada.http.get(f"/claims/{other}")).text
    assert "The same file" not in await petr.open(f"/claims/{one}")


async def test_the_same_words_in_other_bytes_are_seen_once_both_were_looked_at(home: House, signed_in: SignIn) -> None:
    lines = ["Statement of work between Fabrikam and customer.example", "We moved Teams for all staff in Brno."] * 2
    one, other = await submitted(home), await submitted(home, product="intune")
    await home.engine.add_files(one, PETR_ACTS, Channel.WEB, [("a.pdf", letter(lines))])
    await home.engine.add_files(other, PETR_ACTS, Channel.WEB, [("b.pdf", letter([*lines, " "]))])
    ada = await signed_in(ADA)
    assert "The same words" not in await ada.open(f"/claims/{one}")
    assert f"The same words are in evidence of: {one}" in await ada.open(f"/claims/{other}")
    assert f"The same words are in evidence of: {other}" in await ada.open(f"/claims/{one}")


async def decided(home: House) -> str:
    """A claim whose rejection was just decided on the page; its id."""
    claim_id = await submitted(home)
    made: dict[str, Any] = {"id": "decide", "at": home.clock.now(), "actor": RITA_ACTS, "channel": Channel.WEB}
    rejection = events.Rejected(**made, reason="insufficient_poe", text="Page 2 is missing.")
    await home.engine.act(claim_id, DecisionMade(**made, decision=rejection))
    await home.settle()
    return claim_id


async def test_a_decision_takes_effect_on_time_through_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as before:
        claim_id = await decided(before)
        at = before.clock.now() + timedelta(minutes=4)
    async with house(tmp_path, start=at, tokens=before.tokens) as after:
        await after.passes(timedelta(minutes=5))
        assert (await after.claim(claim_id)).status is Status.SUBMITTED
        await after.passes(timedelta(minutes=2))
        claim = await after.claim(claim_id)
        assert (claim.status, claim.reason_text, claim.pending) == (Status.REJECTED, "Page 2 is missing.", None)
        assert after.mails(PETR, code="claim_rejected")


async def test_a_decision_taken_back_after_a_restart_leaves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as before:
        claim_id = await decided(before)
        at = before.clock.now() + timedelta(minutes=4)
    async with house(tmp_path, start=at, tokens=before.tokens) as after:
        back = events.DecisionTakenBack(id="back", at=after.clock.now(), actor=RITA_ACTS, channel=Channel.WEB)
        assert (await after.engine.act(claim_id, back)).changed
        await after.passes(timedelta(hours=1))
        claim = await after.claim(claim_id)
        assert (claim.status, claim.pending) == (Status.SUBMITTED, None)
        assert not after.mails(PETR, code="claim_rejected")
