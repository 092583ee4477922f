"""Bytes are durable before a row names them, are never replaced by others, and go when nobody needs them."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import blobs, schema
from mailbot.store.blob_files import BlobFiles
from mailbot.store.blobs import Blob, BlobLost, Blobs
from mailbot.store.database import Store
from mailbot.store.faults import StoreFault

SMALL, LARGE = b"small", b"large" * 20_000


@pytest.fixture
def files(store: Store) -> BlobFiles:
    assert isinstance(store.blobs.place, BlobFiles)
    return store.blobs.place


async def _put(store: Store, content: bytes, user: str, now: datetime) -> Blob:
    kept = await store.blobs.keep(content)
    await store.write(lambda conn: blobs.put(conn, [kept], user, now))
    return kept


async def _get(store: Store, sha256: str) -> bytes:
    async with store.read() as conn:
        return await store.blobs.get(conn, sha256)


@pytest.mark.parametrize("content", [b"", SMALL, LARGE])
async def test_bytes_come_back(store: Store, content: bytes, now: datetime) -> None:
    kept = await _put(store, content, "claim:a", now)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert await _get(store, kept.sha256) == content
    assert (kept.sha256 in store.blobs.place.names()) == (len(content) > 1000)


async def test_a_large_file_is_there_before_any_row_names_it(store: Store) -> None:
    kept = await store.blobs.keep(LARGE)
    assert kept.content is None
    assert store.blobs.read(kept.sha256) == LARGE


async def test_the_same_bytes_twice_are_one(store: Store, now: datetime) -> None:
    await _put(store, LARGE, "claim:a", now)
    await _put(store, LARGE, "claim:b", now)
    assert len(list(store.blobs.place.names())) == 1


async def test_a_finished_file_is_taken_over(store: Store, tmp_path: Path, now: datetime) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(LARGE)
    sha256 = hashlib.sha256(LARGE).hexdigest()
    kept = await store.blobs.keep_file(spool, sha256, len(LARGE))
    await store.write(lambda conn: blobs.put(conn, [kept], "inbox:1", now))
    assert await _get(store, sha256) == LARGE
    assert not spool.exists()


async def test_a_missing_spool_file_is_a_fault_and_leaves_nothing(
    store: Store, tmp_path: Path, files: BlobFiles
) -> None:
    with pytest.raises(StoreFault):
        await store.blobs.keep_file(tmp_path / "none", "a" * 64, 1)
    assert [path for path in files.folder.rglob("*") if path.is_file()] == []


async def test_altered_and_missing_files_are_noticed(store: Store, now: datetime, files: BlobFiles) -> None:
    kept = await _put(store, LARGE, "claim:a", now)
    files.path(kept.sha256).write_bytes(LARGE[:-1])
    with pytest.raises(BlobLost, match="altered"):
        await _get(store, kept.sha256)
    files.path(kept.sha256).unlink()
    with pytest.raises(BlobLost, match="cannot be read"):
        await _get(store, kept.sha256)


async def test_altered_bytes_in_a_row_are_noticed(store: Store, now: datetime) -> None:
    kept = await _put(store, SMALL, "claim:a", now)

    async def alter(conn: AsyncConnection) -> None:
        await conn.execute(update(schema.blobs).values(content=b"0"))

    await store.write(alter)
    with pytest.raises(BlobLost, match="altered"):
        await _get(store, kept.sha256)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../../etc/passwd", "a" * 63, "a" * 65, "A" * 64, "/" + "a" * 63, "a" * 63 + "\n", "a/" * 32],
)
async def test_no_name_leads_out_of_the_folder(store: Store, name: str, files: BlobFiles) -> None:
    with pytest.raises(BlobLost):
        files.path(name)
    with pytest.raises(BlobLost):
        await _get(store, name)


async def test_what_nobody_needs_any_more_goes(store: Store, now: datetime) -> None:
    kept = await _put(store, LARGE, "claim:a", now)
    small = await _put(store, SMALL, "claim:a", now)
    await store.write(lambda conn: blobs.use(conn, [(kept.sha256, "claim:b")]))
    await store.write(lambda conn: blobs.release(conn, ["claim:a"]))
    assert await _get(store, kept.sha256) == LARGE
    with pytest.raises(BlobLost):
        await _get(store, small.sha256)
    await store.write(lambda conn: blobs.release(conn, ["claim:b"]))
    assert await _sweep(store) == 1
    assert list(store.blobs.place.names()) == []


async def test_the_sweep_leaves_young_and_named_files_alone(store: Store, now: datetime, files: BlobFiles) -> None:
    named = await _put(store, LARGE, "claim:a", now)
    orphan = await store.blobs.keep(LARGE + b"!")
    crashed = files.path(named.sha256).with_name(".draft-crashed")
    crashed.write_bytes(b"half")
    assert await _sweep(store, datetime(1980, 1, 1, tzinfo=UTC)) == 0
    assert await _sweep(store) == 2
    assert list(files.names()) == [named.sha256]
    assert not files.path(orphan.sha256).exists()
    assert not crashed.exists()


async def _sweep(store: Store, before: datetime | None = None) -> int:
    async with store.read() as conn:
        return await store.blobs.sweep(conn, before or datetime(2200, 1, 1, tzinfo=UTC))


async def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFault):
        await Blobs(BlobFiles(tmp_path / "file")).keep(LARGE)


async def test_files_with_the_same_words_find_each_other_and_never_themselves(store: Store, now: datetime) -> None:
    first, second, other = [await _put(store, content, f"claim:{content!r}", now) for content in (b"a", b"b", b"c")]
    digests = {first.sha256: "words", second.sha256: "words", other.sha256: "others", "0" * 64: "words"}
    await store.write(lambda conn: blobs.note_words(conn, digests))
    await store.write(lambda conn: blobs.note_words(conn, {first.sha256: "later words"}))
    async with store.read() as conn:
        found = await blobs.alike(conn, [first.sha256, other.sha256, "f" * 64])
    assert found == {first.sha256: (second.sha256,), other.sha256: ()}


async def test_a_file_knows_the_claims_that_need_it_and_other_users_are_no_claims(store: Store, now: datetime) -> None:
    kept = await _put(store, SMALL, "claim:CLM-222222", now)
    await store.write(lambda conn: blobs.use(conn, [(kept.sha256, "inbox:7"), (kept.sha256, "claim:CLM-333333")]))
    await store.write(lambda conn: blobs.use(conn, []))
    async with store.read() as conn:
        found = await blobs.claims_with(conn, [kept.sha256, "f" * 64])
    assert {sha256: sorted(claims) for sha256, claims in found.items()} == {kept.sha256: ["CLM-222222", "CLM-333333"]}
