"""A whole installation as one file, from which any kind of database can be filled: rows as lines, and large files.

The same content gives the same bytes, whatever kind of database it lay in. Reading it in is one transaction into a
database without rows; afterwards every table is compared with what was written out. Keys are not in it.
"""

import hashlib
import json
import tempfile
import zipfile
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from sqlalchemy import BigInteger, Column, Date, LargeBinary, MetaData, Table, Text, delete, func, insert, select, text
from sqlalchemy import tuple_ as row_of
from sqlalchemy.ext.asyncio import AsyncConnection

from mailbot.store import schema
from mailbot.store.columns import Instant, Json
from mailbot.store.database import Store
from mailbot.store.faults import Refused

FORMAT = 1
_CHUNK = 1000
_MANIFEST, _TABLES, _BLOBS = "manifest.json", "tables/", "blobs/"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
# What the schema notes about itself belongs to the database, not to what moves.
_OF_THE_DATABASE = "schema.oldest"


@dataclass(frozen=True, slots=True)
class Moved:
    """How much there was."""

    rows: int
    files: int


def _plain(table: Table, metadata: MetaData) -> Table:
    """The table with values as they are stored, so that nothing is read and written anew on the way."""
    columns = [Column(c.name, _stored(c.type), primary_key=c.primary_key) for c in table.columns]
    return Table(table.name, metadata, *columns)


def _stored(kind: Any) -> Any:
    if isinstance(kind, Instant):
        return BigInteger()
    return Text() if isinstance(kind, Json) else kind


_metadata = MetaData()
_tables = [_plain(table, _metadata) for table in schema.metadata.sorted_tables]


async def write_out(store: Store, file: Path) -> Moved:
    """Writes everything as of one instant into `file`, which must not be there yet."""
    async with store.read() as conn:
        with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as archive:
            tables = {table.name: await _write_table(conn, archive, table) for table in _tables}
            large = (await conn.execute(_large())).scalars().all()
            for digest in large:
                archive.writestr(_entry(_BLOBS + digest), await store.blobs.get(conn, digest))
            manifest = {"format": FORMAT, "revision": schema.REVISION, "tables": tables, "files": len(large)}
            archive.writestr(_entry(_MANIFEST), json.dumps(manifest, indent=1))
    return Moved(sum(table["rows"] for table in tables.values()), len(large))


async def read_in(store: Store, file: Path) -> Moved:
    """Fills an empty database. Raises Refused: `not_an_export`, `another_schema`, `not_empty` or `not_the_same`."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if (manifest["format"], manifest["revision"]) != (FORMAT, schema.REVISION):
                raise Refused(
                    "another_schema", f"{file}: has schema {manifest['revision']}; use the version that wrote it"
                )
            for name in archive.namelist():
                if name.startswith(_BLOBS):
                    await _keep(store, archive.read(name), name.removeprefix(_BLOBS))
            await store.write(lambda conn: _fill(conn, archive, manifest["tables"]))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Refused("not_an_export", f"{file}: is not what 'mailbot export' writes, or is damaged") from error
    return Moved(sum(table["rows"] for table in manifest["tables"].values()), manifest["files"])


async def _write_table(conn: AsyncConnection, archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    with archive.open(_entry(f"{_TABLES}{table.name}.jsonl"), "w", force_zip64=True) as out:
        async for line in _lines(conn, table):
            digest.update(line)
            out.write(line)
            rows += 1
    return {"rows": rows, "sha256": digest.hexdigest()}


async def _fill(conn: AsyncConnection, archive: zipfile.ZipFile, expected: dict[str, dict[str, Any]]) -> None:
    """Everything in, and looked at again before it counts."""
    for table in _tables:
        if table.name != "settings" and (await conn.execute(select(func.count()).select_from(table))).scalar_one():
            raise Refused("not_empty", f"table {table.name} has rows; import into a database that was just migrated")
    settings = _metadata.tables["settings"]
    await conn.execute(delete(settings).where(settings.c.key != _OF_THE_DATABASE))
    for table in _tables:
        with archive.open(f"{_TABLES}{table.name}.jsonl") as lines:
            for rows in _chunks(lines, table):
                await conn.execute(insert(table), rows)
        await _count_on(conn, table)
        found, digest = 0, hashlib.sha256()
        async for line in _lines(conn, table):
            digest.update(line)
            found += 1
        if {"rows": found, "sha256": digest.hexdigest()} != expected[table.name]:
            raise Refused("not_the_same", f"table {table.name} is not what was written out; nothing was imported")


async def _lines(conn: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    """The rows in the order of their keys, which is the order of bytes on every database."""
    keys = [column.collate("C") if _is_text(column, conn) else column for column in table.primary_key]
    statement, place = select(table).order_by(*keys).limit(_CHUNK), None
    while rows := (await conn.execute(statement if place is None else statement.where(row_of(*keys) > place))).all():
        for row in rows:
            if table.name != "settings" or row.key != _OF_THE_DATABASE:
                yield json.dumps([_out(value) for value in row], separators=(",", ":")).encode("ascii") + b"\n"
        place = tuple(getattr(rows[-1], column.name) for column in table.primary_key)


def _is_text(column: Column[Any], conn: AsyncConnection) -> bool:
    return isinstance(column.type, Text) and conn.dialect.name != "sqlite"


def _chunks(lines: IO[bytes], table: Table) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for line in lines:
        rows.append({c.name: _in(value, c) for c, value in zip(table.columns, json.loads(line), strict=True)})
        if len(rows) == _CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows


def _out(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, date) else value


def _in(value: Any, column: Column[Any]) -> Any:
    if value is not None and isinstance(column.type, LargeBinary):
        return b64decode(value)
    return date.fromisoformat(value) if value is not None and isinstance(column.type, Date) else value


async def _count_on(conn: AsyncConnection, table: Table) -> None:
    """PostgreSQL counts ids in a sequence of its own, which has to know what came in."""
    key = next(iter(table.primary_key))
    if conn.dialect.name == "sqlite" or not isinstance(key.type, BigInteger):
        return
    newest = (await conn.execute(select(func.max(key)))).scalar_one()
    sequence = (await conn.execute(select(func.pg_get_serial_sequence(table.name, key.name)))).scalar_one()
    if newest is not None and sequence is not None:
        await conn.execute(text("SELECT setval(:sequence, :newest)"), {"sequence": sequence, "newest": newest})


async def _keep(store: Store, content: bytes, digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(digest)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / digest
        part.write_bytes(content)
        await store.blobs.keep_file(part, digest, len(content))


def _large() -> Any:
    table = _metadata.tables["blobs"]
    return select(table.c.sha256).where(table.c.content.is_(None)).order_by(table.c.sha256)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
