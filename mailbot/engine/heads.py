"""Where every claim's history ends, signed and put outside the database once a day (security item 41).

A chain that is cut off together with its end, or rewritten from its first link, verifies. Only somebody who kept an
older end can tell; such a file is that memory, and belongs on another machine. A file appears whole or not at all.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from mailbot.store import history
from mailbot.store.database import Store
from mailbot.store.history import Head
from mailbot.tokens import Tokens

_PURPOSE = "history heads"
_FOR_EVER = timedelta(days=36_500)
_PATTERN = "heads-????-??-??.json"


class BadHeads(ValueError):  # noqa: N818
    """This is no file of heads that these keys signed; the text is one line."""


async def export(store: Store, tokens: Tokens, folder: Path, now: datetime) -> Path | None:
    """Today's file, unless it is there already. Raises OSError when it cannot be written."""
    target = folder / f"heads-{now:%Y-%m-%d}.json"
    if await asyncio.to_thread(target.exists):
        return None
    async with store.read() as conn:
        ends = await history.heads(conn)
    await asyncio.to_thread(_write, target, render(ends, tokens, now))
    return target


def render(ends: Mapping[str, Head], tokens: Tokens, now: datetime) -> bytes:
    """The file: claim id → number and hash of its last link, and a signature over all of them."""
    listed = {claim_id: [end.seq, end.hash.hex()] for claim_id, end in sorted(ends.items())}
    signature = tokens.dumps(_PURPOSE, _digest(listed), now)
    return json.dumps({"at": now.isoformat(), "heads": listed, "signature": signature}, indent=0).encode("ascii")


def parse(content: bytes, tokens: Tokens, now: datetime) -> dict[str, Head]:
    """What `render` was given. Raises BadHeads."""
    try:
        read = json.loads(content)
        listed, signature = read["heads"], read["signature"]
        ends = {str(claim_id): Head(int(seq), bytes.fromhex(text)) for claim_id, (seq, text) in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadHeads("this is no file of history heads") from error
    if tokens.loads(_PURPOSE, str(signature), _FOR_EVER, now) != _digest(listed):
        raise BadHeads("the heads were altered, or signed with other keys")
    return ends


def newest(folder: Path) -> Path | None:
    """The latest file there, None if there is none."""
    return max(folder.glob(_PATTERN), default=None)


def _digest(listed: object) -> str:
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
