"""What is wrong with a configuration, a line each: the key (or variable), what was read, what is allowed.

A validator of a whole section raises ValueError with lines "<key>: <what>". Passwords that were written into a URL by
mistake are not repeated. Nothing here fails.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

_Keys = tuple[str, ...]

_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_PASSWORD = re.compile(r"(://[^\s:@/]*:)[^\s@]+@")
_ALLOWED = {
    "string_type": "allowed is a text in quotes",
    "bool_type": "allowed is true or false",
    "bool_parsing": "allowed is true or false",
    "int_type": "allowed is a whole number",
    "int_parsing": "allowed is a whole number",
    "int_from_float": "allowed is a whole number",
    "float_type": "allowed is a number",
    "float_parsing": "allowed is a number",
    "tuple_type": 'allowed is a list like ["…"], also in the environment',
    "model_type": "allowed is a table",
    "dataclass_type": "allowed is a table",
    "greater_than_equal": "allowed is a number from {ge}",
    "less_than_equal": "allowed is a number up to {le}",
    "string_too_short": "allowed is a text of at least {min_length} character",
    "string_too_long": "allowed is a text of at most {max_length} characters",
    "string_pattern_mismatch": "allowed is a text on one line",
    "literal_error": "allowed is {expected}",
}


def defects_of(error: ValidationError, model: type[BaseModel], variables: Mapping[_Keys, str]) -> list[str]:
    """One line per defect; `variables` names the environment variable that a key was read from."""
    return [line for details in error.errors(include_url=False) for line in _lines(details, model, variables)]


def _lines(details: Any, model: type[BaseModel], variables: Mapping[_Keys, str]) -> Iterator[str]:
    keys = tuple(key for key in details["loc"] if isinstance(key, str))
    if details["type"] in _UNKNOWN:
        deeper = (name for read, name in variables.items() if read[: len(keys)] == keys)
        yield f"{next(deeper, '.'.join(keys))}: unknown key{_suggestion(keys, model)}"
    elif details["type"] == "value_error" and isinstance(details["input"], dict):
        for line in _message(details).splitlines():
            key, _, rest = line.partition(": ")
            yield f"{_name((*keys, key), variables)}: {rest}"
    else:
        read = f"{_name(keys, variables)}: read {_shown(details['input'])}"
        yield from (f"{read}; {line}" for line in _message(details).splitlines())


def _name(keys: _Keys, variables: Mapping[_Keys, str]) -> str:
    return variables.get(keys, ".".join(keys))


def _message(details: Any) -> str:
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        return str(context["error"])
    return str(_ALLOWED.get(details["type"], details["msg"])).format(**context)


def _shown(value: object) -> str:
    text = _PASSWORD.sub(r"\1…@", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 120 else f"{text[:119]}…"


def _suggestion(keys: Sequence[str], model: type[BaseModel]) -> str:
    known = _names(keys[:-1], model)
    close = difflib.get_close_matches(keys[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _names(section: Sequence[str], model: type[BaseModel]) -> list[str]:
    inner: Any = model
    for key in section:
        inner = inner.model_fields[key].annotation
    return [field.name for field in fields(inner)] if is_dataclass(inner) else list(inner.model_fields)
