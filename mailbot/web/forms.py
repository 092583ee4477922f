"""HTML forms to the bodies of schemas.py and back: dotted field names become nested values, defects name their field.

Blank fields count as not sent. Nothing is guessed: what the schema does not accept comes back as `FieldError`s, all of
them, with the field's dotted name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from mailbot.claims.events import Defect

_INDEX = re.compile(r"\d{1,3}")
_TICKS = frozenset({"contact_verified"})
_OURS = frozenset({"nonce", "version", "claim"})

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent: the field (dotted), a stable code, a sentence.

    The sentence is English, for programs; pages say the code's own in their language (wording/sentences.py), with
    `number` where a limit was passed.
    """

    field: str
    code: str
    text: str
    number: int = 0


class BadForm(Exception):  # noqa: N818
    """A form or body that is defective; `errors` names every defect."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{e.field}: {e.text}" for e in errors))


def texts(form: FormData) -> dict[str, str]:
    """The text fields that were filled in, trimmed; our own bookkeeping fields left out."""
    pairs = ((name, value.strip()) for name, value in form.multi_items() if isinstance(value, str))
    return {name: value for name, value in pairs if value and name not in _OURS}


def uploads(form: FormData, name: str = "file") -> list[UploadFile]:
    """The files of a field; an empty file input sends one without a name, which is no file."""
    return [f for f in form.getlist(name) if isinstance(f, UploadFile) and f.filename]


def nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """`customer.name` and `products.0.code` as nested dicts and lists (gaps in the numbering close up)."""
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            below = node.setdefault(part, {})
            node = below if isinstance(below, dict) else node
        node[last] = value == "true" if last in _TICKS else value
    listed = _listed(tree)
    return listed if isinstance(listed, dict) else {}


def parse(schema: type[M], fields: Mapping[str, Any]) -> M:
    """The body, or BadForm with every defect."""
    try:
        return schema.model_validate(fields)
    except ValidationError as error:
        raise BadForm(field_errors(error)) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's findings in the words of the API: dotted field, stable code, sentence."""
    found = error.errors(include_url=False)
    return [located(one["loc"], one["type"], one["msg"], one.get("ctx", {}).get("max_length", 0)) for one in found]


def located(path: Sequence[str | int], code: str, text: str, number: int = 0) -> FieldError:
    """One finding; the union branches and `body` that pydantic and FastAPI put into the path are left out."""
    parts = [str(p) for p in path if p not in ("body", "query", "path", "header")]
    return FieldError(".".join(parts) or "body", _CODES.get(code, code), text.removeprefix("Value error, "), number)


def defect_errors(defects: Iterable[Defect]) -> list[FieldError]:
    """What the domain finds wrong, under the names that the form's fields have."""
    return [FieldError(re.sub(r"\[(\d+)\]", r".\1", defect.field), defect.code, defect.text) for defect in defects]


def answers(fields: Mapping[str, str], files: Mapping[int, Sequence[str]]) -> list[dict[str, Any]]:
    """The `answer.<number>` fields; a question with files and no words is answered by the files' names."""
    words = {int(n): text for name, text in fields.items() if (n := name.removeprefix("answer.")).isdecimal()}
    named = {number: ", ".join(names) for number, names in files.items() if names}
    return [{"question": number, "text": text} for number, text in sorted((named | words).items())]


_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "string_too_short": "missing",
    "too_long": "too_many",
    "too_short": "missing",
    "value_error": "not_allowed",
}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    below = {key: _listed(value) for key, value in node.items()}
    if below and all(_INDEX.fullmatch(key) for key in below):
        return [below[key] for key in sorted(below, key=int)]
    return below
