"""Forgetting: nothing of a person is left in any file, what was decided is, and the chain still verifies."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine_house import CLAIM_FORM, JANA, PETR, House, house

from mailbot.claims.erasure import GONE
from mailbot.engine.erasure import Erased, Eraser, StillNeeded
from mailbot.engine.housekeeping import compact
from mailbot.store import erasure, history
from mailbot.verification import verify

LONG_AGO = -timedelta(days=10_000)
"""Files carry the machine's time, which is ahead of the house's: everything is old enough to go."""


def left(folder: Path, *words: str) -> Iterator[str]:
    """Where one of the words still stands, in any file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes().lower()
            yield from (f"{path.name}: {word}" for word in words if word.lower().encode() in content)


async def erased(home: House, forget: Callable[..., object]) -> Erased:
    eraser = Eraser(blobs=home.store.blobs, ids=home.ids, random=home.random.randbytes, now=home.clock.now())
    done: Erased = await home.store.write(lambda conn: forget(eraser, conn))  # type: ignore[arg-type,return-value]
    await home.store.write(erasure.ask_to_compact)
    assert await compact(home.store, LONG_AGO)
    return done


async def declined(home: House) -> str:
    """A claim that Jana ended, in words of her own, after she had asked something; and her large mail."""
    claim_id = await home.approved()
    await home.passes(timedelta(hours=2))
    prompt = home.mails(JANA, code="consent_prompt")[-1]
    await home.replies(
        prompt, "No. My private number is 0420 777.", files=[("big.pdf", b"%PDF-1.4\n" + JANA.encode() * 9000)]
    )
    await home.settle()
    assert (await home.claim(claim_id)).consent == "declined"
    return claim_id


async def test_a_person_is_found_in_no_file_and_what_was_decided_stays(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        claim_id = await declined(home)
        assert list(left(tmp_path, JANA))
        done = await erased(home, lambda eraser, conn: eraser.person(conn, "Jana@Customer.example"))
        assert done.claims == 1
        assert done.received >= 2
        assert list(left(tmp_path, JANA, "0420 777")) == []
        claim = await home.claim(claim_id)
        assert (claim.status, claim.reason, claim.customer.name) == ("rejected", "customer_declined", GONE)
        assert claim.partner.email == PETR
        assert [d for d in await verify(home.store) if d.area != "timers"] == []
        async with home.store.read() as conn:
            kinds = [entry.kind for entry in await history.of_claim(conn, claim_id)]
        assert kinds[-1] == "person_erased"


async def test_who_asked_to_be_forgotten_is_named_by_nobody_again(home: House) -> None:
    await declined(home)
    await erased(home, lambda eraser, conn: eraser.person(conn, JANA))
    await home.writes(PETR, "claims@mail.test", CLAIM_FORM, files=[("proof.pdf", b"%PDF-1.4\nmore")])
    await home.settle()
    answer = home.mails(PETR, code="claim_received")[-1]
    assert "asked us to forget the address" in answer.text


async def test_a_running_claim_keeps_its_people_until_another_contact_is_named(home: House) -> None:
    claim_id = await home.approved()
    before = await home.claim(claim_id)
    for address in (JANA, PETR):
        with pytest.raises(StillNeeded) as refused:
            await erased(home, lambda eraser, conn, address=address: eraser.person(conn, address))
        assert refused.value.claim_ids == [claim_id]
    with pytest.raises(StillNeeded):
        await erased(home, lambda eraser, conn: eraser.claim(conn, claim_id))
    assert await home.claim(claim_id) == before


async def test_a_claim_loses_everybody_and_every_word_and_file(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        claim_id = await declined(home)
        await erased(home, lambda eraser, conn: eraser.claim(conn, claim_id))
        claim = await home.claim(claim_id)
        assert {claim.customer.email, claim.partner.email, claim.decided_by} == {""}
        assert claim.clocks == ()
        assert await verify(home.store) == []
        async with home.store.read() as conn:
            entries = await history.of_claim(conn, claim_id)
        assert [e.kind for e in entries if e.private] == []
        assert list(left(tmp_path / "blobs", "%PDF")) == []
