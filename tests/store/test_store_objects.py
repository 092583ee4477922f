"""Large blobs in object storage: durable before they are named, lost only when the storage says so, swept by age."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucket_here import Bucket, bucket_here
from obstore.store import MemoryStore, S3Store

from mailbot.store import blobs
from mailbot.store.blob_objects import BlobObjects
from mailbot.store.blobs import BlobLost, Blobs
from mailbot.store.database import Store
from mailbot.store.faults import StoreFault, StoreUnready

LARGE = b"large" * 20_000
NAME = hashlib.sha256(LARGE).hexdigest()
NO_RETRIES = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}


@pytest.fixture
def database() -> str:
    return "sqlite"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_here() as made:
        yield made


@pytest.fixture
def place(bucket: Bucket) -> BlobObjects:
    return _place(bucket)


def _place(bucket: Bucket, key: str = "AKIDEXAMPLE") -> BlobObjects:
    objects = S3Store.from_url(
        "s3://evidence/mailbot",
        config={
            "endpoint": bucket.endpoint,
            "access_key_id": key,
            "secret_access_key": "not a secret",
            "region": "test-1",
        },
        client_options={"allow_http": True, "timeout": "5s"},
        retry_config=NO_RETRIES,  # type: ignore[arg-type]
    )
    return BlobObjects(objects)


async def test_a_large_blob_is_in_the_bucket_before_any_row_names_it(bucket: Bucket, place: BlobObjects) -> None:
    kept = await Blobs(place).keep(LARGE)
    assert kept.content is None
    assert bucket.objects == {f"mailbot/{NAME[:2]}/{NAME}": LARGE}


async def test_a_row_finds_its_bytes_in_the_bucket(store: Store, place: BlobObjects, now: datetime) -> None:
    files = Blobs(place)
    small, large = await files.keep(b"small"), await files.keep(LARGE)
    await store.write(lambda conn: blobs.put(conn, [small, large], "claim:a", now))
    async with store.read() as conn:
        assert await files.get(conn, large.sha256) == LARGE
        assert await files.get(conn, small.sha256) == b"small"
    assert list(place.names()) == [NAME]


async def test_a_finished_file_is_taken_over_and_gone(place: BlobObjects, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(LARGE)
    await Blobs(place).keep_file(spool, NAME, len(LARGE))
    assert place.read(NAME) == LARGE
    assert not spool.exists()


async def test_a_file_that_the_storage_did_not_take_stays(bucket: Bucket, place: BlobObjects, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(LARGE)
    bucket.fails_with = 503
    with pytest.raises(StoreFault, match="could not do it now"):
        await Blobs(place).keep_file(spool, NAME, len(LARGE))
    assert spool.exists()


async def test_a_missing_spool_file_is_a_fault(place: BlobObjects, tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        await Blobs(place).keep_file(tmp_path / "none", NAME, 1)


async def test_only_the_storages_own_word_makes_a_blob_lost(bucket: Bucket, place: BlobObjects) -> None:
    files = Blobs(place)
    with pytest.raises(BlobLost, match="not in the object storage"):
        files.read(NAME)
    await files.keep(LARGE)
    bucket.fails_with = 503
    with pytest.raises(StoreFault):
        files.read(NAME)
    bucket.fails_with = None
    bucket.objects[f"mailbot/{NAME[:2]}/{NAME}"] = LARGE[:-1]
    with pytest.raises(BlobLost, match="altered"):
        files.read(NAME)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63 + "\n"])
def test_no_name_leads_out_of_the_prefix(bucket: Bucket, place: BlobObjects, name: str) -> None:
    for step in (place.read, lambda name: place.write(name, b"")):
        with pytest.raises(BlobLost):
            step(name)
    assert bucket.requests == []


async def test_the_sweep_leaves_young_named_and_foreign_objects_alone(
    store: Store, bucket: Bucket, place: BlobObjects, now: datetime
) -> None:
    files = Blobs(place)
    named = await files.keep(LARGE)
    await store.write(lambda conn: blobs.put(conn, [named], "claim:a", now))
    orphan = await files.keep(LARGE + b"!")
    bucket.objects["mailbot/readme"] = b"of somebody else"
    async with store.read() as conn:
        assert await files.sweep(conn, datetime(1980, 1, 1, tzinfo=UTC)) == 0
        assert await files.sweep(conn, datetime(2200, 1, 1, tzinfo=UTC)) == 1
    assert list(place.names()) == [NAME]
    assert "mailbot/readme" in bucket.objects
    with pytest.raises(BlobLost):
        place.read(orphan.sha256)


def test_a_wrong_key_is_refused_with_its_cause(bucket: Bucket) -> None:
    with pytest.raises(StoreFault, match="refuses us"):
        _place(bucket, key="somebody-else").probe()


def test_a_probe_needs_every_right_and_leaves_nothing(bucket: Bucket, place: BlobObjects) -> None:
    place.probe()
    assert [method for method, _ in bucket.requests] == ["PUT", "GET", "POST"]
    assert bucket.objects == {}


def test_nobody_there_is_a_fault(bucket: Bucket) -> None:
    bucket.endpoint = "http://127.0.0.1:9"
    with pytest.raises(StoreFault):
        _place(bucket).read(NAME)


def test_a_bucket_without_a_name_is_refused() -> None:
    with pytest.raises(StoreUnready, match="object storage"):
        BlobObjects.at("s3://")


def test_any_storage_of_the_library_will_do() -> None:
    place = BlobObjects(MemoryStore())
    place.write(NAME, LARGE)
    assert place.read(NAME) == LARGE
