"""Values as JSON text and back: claims by their dataclass, everything else with instants and dates marked.

A claim written by an older version reads with today's defaults for fields it lacks, and fields that are gone are
ignored. Text that is no JSON, or not a claim, raises ValueError: it was not written here.
"""

import json
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from mailbot.claims.model import Claim

_CLAIM = TypeAdapter(Claim)
_INSTANT = "$at"
_DAY = "$on"


def claim_to_text(claim: Claim) -> str:
    """The claim as JSON text; characters that no encoding can carry (lone surrogates) become U+FFFD."""
    try:
        return _CLAIM.dump_json(claim).decode("utf-8")
    except PydanticSerializationError:
        return json.dumps(_encodable(_CLAIM.dump_python(claim)), default=_iso, ensure_ascii=False)


def claim_from_text(text: str) -> Claim:
    """The claim that `claim_to_text` wrote, equal to it field by field."""
    return _CLAIM.validate_json(text)


def to_json(value: object) -> str:
    """Any tree of dicts, lists, sets, strings, numbers, instants and dates as pure ASCII JSON text.

    Names `$at` and `$on` are the marks of instants and dates; no tree uses them for anything else.
    """
    return json.dumps(value, default=_marked, separators=(",", ":"))


def from_json(text: str) -> Any:
    """What `to_json` was given; tuples and sets come back as lists."""
    return json.loads(text, object_hook=_unmarked)


def canonical_json(value: object) -> bytes:
    """The one spelling of a value that hashes are made of: sorted keys, no spaces, ASCII (security item 41)."""
    return json.dumps(value, default=_marked, separators=(",", ":"), sort_keys=True).encode("ascii")


def clean(text: str) -> str:
    """Text from the wire, fit for every database: no NUL, no lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _marked(value: object) -> object:
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _unmarked(mapping: dict[str, Any]) -> Any:
    if len(mapping) == 1:
        if _INSTANT in mapping:
            return datetime.fromisoformat(mapping[_INSTANT])
        if _DAY in mapping:
            return date.fromisoformat(mapping[_DAY])
    return mapping


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
