"""The signed ends of all histories: what a database alone cannot show, they do."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from engine_house import House
from sqlalchemy import delete, select

from mailbot.engine.heads import BadHeads, export, newest, parse
from mailbot.keys import new_keyring
from mailbot.store import schema
from mailbot.tokens import Tokens
from mailbot.verification import verify


async def kept(home: House, folder: Path) -> Path:
    file = await export(home.store, home.tokens, folder, home.clock.now())
    assert file is not None
    return file


async def cut_off(home: House, claim_id: str) -> None:
    """The last link and the note of it are gone, as whoever owns the database can do without a trace."""
    link, head = schema.history.c, schema.history_heads.c

    async def work(conn: object) -> None:
        last = (
            await conn.execute(select(link.seq).where(link.claim_id == claim_id).order_by(link.seq.desc()).limit(1))  # type: ignore[attr-defined]
        ).scalar_one()
        await conn.execute(delete(schema.history).where(link.claim_id == claim_id, link.seq == last))  # type: ignore[attr-defined]
        before = select(link.hash).where(link.claim_id == claim_id, link.seq == last - 1).scalar_subquery()
        changed = schema.history_heads.update().where(head.claim_id == claim_id).values(seq=last - 1, hash=before)
        await conn.execute(changed)  # type: ignore[attr-defined]

    await home.store.write(work)


async def test_a_chain_cut_off_with_its_end_shows_against_the_file_only(home: House, tmp_path: Path) -> None:
    claim_id = await home.submitted()
    file = await kept(home, tmp_path / "away")
    assert await verify(home.store, parse(file.read_bytes(), home.tokens, home.clock.now())) == []
    await cut_off(home, claim_id)
    assert [d for d in await verify(home.store) if d.area == "history"] == []
    anchor = parse(file.read_bytes(), home.tokens, home.clock.now())
    [defect] = [d for d in await verify(home.store, anchor) if d.area == "history"]
    assert (defect.where, "the anchor knows" in defect.what) == (claim_id, True)


async def test_there_is_one_file_a_day_and_the_newest_is_found(home: House, tmp_path: Path) -> None:
    await home.submitted()
    first = await kept(home, tmp_path / "away")
    assert await export(home.store, home.tokens, tmp_path / "away", home.clock.now()) is None
    home.clock.advance(timedelta(days=1))
    second = await kept(home, tmp_path / "away")
    assert first != second == newest(tmp_path / "away")
    assert newest(tmp_path / "nowhere") is None


async def test_a_file_that_was_altered_or_signed_by_others_is_refused(home: House, tmp_path: Path) -> None:
    claim_id = await home.submitted()
    file = await kept(home, tmp_path)
    now, good = home.clock.now(), json.loads(file.read_bytes())
    altered = good | {"heads": {claim_id: [1, good["heads"][claim_id][1]]}}
    for content in (json.dumps(altered).encode(), b"", b"[]", b'{"heads": {}, "signature": "x"}'):
        with pytest.raises(BadHeads):
            parse(content, home.tokens, now)
    with pytest.raises(BadHeads):
        parse(file.read_bytes(), Tokens(new_keyring(bytes(range(50, 82)))), now)
