"""One link of a claim's history chain: pure arithmetic (security item 41).

`hash = SHA256(hash before || number || canonical JSON || commitment)`, `commitment = HMAC(salt, personal part)`. With
the personal part and its salt erased the chain still verifies, and nobody can guess what was there.
"""

import hashlib
import hmac
from datetime import datetime

from mailbot.store.codec import canonical_json
from mailbot.store.columns import to_micros

SALT_BYTES = 32


def first_hash(claim_id: str) -> bytes:
    """What stands before the first link of a claim, so that no chain can pass for another's."""
    return hashlib.sha256(b"mailbot.history.v1|" + claim_id.encode("utf-8")).digest()


def commitment(salt: bytes, actor: str, private: str) -> bytes:
    """Binds the personal part without showing it."""
    return hmac.digest(salt, canonical_json([actor, private]), "sha256")


def link(
    before: bytes,
    *,
    claim_id: str,
    seq: int,
    event_id: str,
    at: datetime,
    kind: str,
    channel: str,
    inbox_id: int | None,
    public: str,
    bound: bytes,
) -> bytes:
    """The hash of link `seq`; `before` is the one of link `seq - 1`, `bound` the commitment."""
    text = canonical_json([claim_id, event_id, to_micros(at), kind, channel, inbox_id, public])
    return hashlib.sha256(before + seq.to_bytes(8, "big") + text + bound).digest()
