"""Checks of where large files lie: a folder that all nodes see, or object storage that takes, gives and removes."""

from collections.abc import Iterator

from mailbot.config import Config
from mailbot.doctor.finding import Finding, error, note, ok
from mailbot.endpoints import BlobBucket, PostgresDatabase
from mailbot.store.faults import StoreFault, StoreUnready


def blobs(config: Config) -> Iterator[Finding]:
    """A folder's rights and room are `machine`'s to check. Writes one small object and removes it."""
    where = config.blobs.url
    if isinstance(where, BlobBucket):
        yield _bucket(where.url)
    elif isinstance(config.database.url, PostgresDatabase):
        yield note("blobs", f"large files lie in {where.path}", "with several nodes it has to be one folder for all")


def _bucket(url: str) -> Finding:
    # Its library comes with an extra, without which no bucket can be configured.
    from mailbot.store.blob_objects import BlobObjects

    try:
        BlobObjects.at(url).probe()
    except (StoreFault, StoreUnready) as wrong:
        do = "check the bucket's name and the keys, region and endpoint in the environment (docs/operators.md)"
        return error("blobs", f"{url}: {wrong}", do)
    return ok("blobs", f"{url} takes, gives and removes objects")
