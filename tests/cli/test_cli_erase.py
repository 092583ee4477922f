"""`mailbot erase`: what runs is refused; afterwards no file has it, a fresh backup included."""

import asyncio

from cli_home import CLAIM, Home

from mailbot.app import close_rooms, open_rooms
from mailbot.claims.events import Actor, Withdrawn
from mailbot.claims.model import Channel, Role
from mailbot.store import people

JANA = "jana@customer.example"


def withdraw(home: Home) -> None:
    async def work() -> None:
        rooms = await open_rooms(home.config, lock=False)
        async with rooms.store.read() as conn:
            firm = await people.organisation_named(conn, "Fabrikam")
        assert firm is not None
        role = frozenset({Role.INCENTIVES_ADMIN})
        petr = Actor(email="petr@fabrikam.example", roles=role, organisation_id=firm.id, of_record=True)
        event = Withdrawn(
            id="test:withdraw", at=rooms.engine.clock.now(), actor=petr, channel=Channel.CLI, text="Mistake"
        )
        try:
            assert (await rooms.engine.act(CLAIM, event)).changed
        finally:
            await close_rooms(rooms)

    asyncio.run(work())


def files_with(home: Home, word: str) -> set[str]:
    return {p.name for p in home.folder.rglob("*") if p.is_file() and word.encode() in p.read_bytes().lower()}


def test_what_still_runs_is_refused_in_one_line(claimed: Home) -> None:
    assert "still runs" in claimed.refused("erase", "--yes", "--claim", CLAIM)
    assert CLAIM in claimed.refused("erase", "--yes", "--person", JANA)
    assert "no such claim" in claimed.refused("erase", "--yes", "--claim", "CLM-222222")
    assert claimed.run("erase").exit_code == 2
    assert claimed.json("claim", "show", CLAIM)["customer"]["email"] == JANA


def test_a_forgotten_person_is_in_no_file_and_no_fresh_backup(claimed: Home) -> None:
    withdraw(claimed)
    assert "mailbot.db" in files_with(claimed, JANA)
    assert "have not left yet" in claimed.refused("erase", "--yes", "--person", "Jana@Customer.example")
    claimed.sql("UPDATE outbox SET state = 'sent' WHERE state = 'queued'")
    assert "1 claims" in claimed.done("erase", "--yes", "--person", "Jana@Customer.example")
    (claimed.folder / "words").write_text("correct horse battery\n")
    claimed.done("backup", claimed.folder / "fresh.tar", "--passphrase-file", claimed.folder / "words")
    assert files_with(claimed, JANA) == set()
    assert "everything is as it was written" in claimed.done("verify")


def test_a_forgotten_claim_keeps_its_history_and_no_words(claimed: Home) -> None:
    withdraw(claimed)
    assert "database was rewritten" in claimed.done("erase", "--yes", "--claim", CLAIM.lower())
    assert files_with(claimed, JANA) == set()
    kinds = [entry["kind"] for entry in claimed.json("claim", "history", CLAIM)]
    assert kinds[-2:] == ["withdrawn", "claim_erased"]
    assert "everything is as it was written" in claimed.done("verify")
