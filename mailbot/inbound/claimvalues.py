"""Read the values of a claim form: contacts, product lines, dates and file names as people write them.

Pure and total: what cannot be understood is kept as it was written, so that validation can name it.
"""

import re
from dataclasses import dataclass

from mailbot.inbound.claimlabels import is_word

_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ADDRESS = re.compile(r"[^\s<>(),;:\"]{1,64}@[^\s<>(),;:\"]{1,190}")
_ISO = re.compile(r"(\d{4})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})日?$")
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})$")


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One claimed product: `code` as written, `subscription_id` and `ends` (ISO date when understood) or ""."""

    code: str
    subscription_id: str = ""
    ends: str = ""


def read_contact(value: str) -> dict[str, str]:
    """`name` and `email` out of "Ann Lee <ann@…>", "Ann Lee, ann@…" or either alone."""
    found = _ADDRESS.search(value)
    if found is None:
        return {"name": value} if value else {}
    name = (value[: found.start()] + " " + value[found.end() :]).replace("mailto:", " ").strip(" \t<>(),;:\"'-–[]")
    email = {"email": clean_address(found.group())}
    return {"name": " ".join(name.split())} | email if name else email


def clean_address(value: str) -> str:
    """An address without the dressing that clients put around it."""
    found = _ADDRESS.search(value)
    return found.group().removeprefix("mailto:").strip(".'") if found else value


def read_date(value: str) -> str:
    """An ISO date when `value` is a date of unmistakable order, else `value` as it is."""
    text = value.strip().rstrip(".")
    if found := _ISO.match(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
    elif (found := _SLASHED.match(text)) and int(found[1]) != int(found[2]) and max(int(found[1]), int(found[2])) > 12:
        first, second, year = found.groups()
        day, month = (first, second) if int(first) > 12 else (second, first)
    else:
        return value.strip()
    return f"{year}-{int(month):02}-{int(day):02}"


def read_products(value: str) -> list[ProductLine]:
    """Every product in one value: "teams, exchange_online" or "business_central 1111…-… ends 2026-12-31"."""
    pieces = re.split(r"[;；]", value)
    if len(pieces) == 1 and not _GUID.search(value) and not re.search(r"\d", value):
        pieces = re.split(r"[,，、]|\s(?:and|a|i|és)\s|及|和", value)
    return [line for piece in pieces if (line := _product(piece)) is not None]


def _product(piece: str) -> ProductLine | None:
    words = piece.replace("(", " ").replace(")", " ").replace(",", " ").replace("，", " ").split()
    code: list[str] = []
    subscription = ends = ""
    awaited = ""
    for raw in words:
        word = raw.strip(":：=")
        if awaited != "ends" and not subscription and _like_guid(word):
            subscription, awaited = word, ""
        elif code and (re.search(r"\d{4}", word) or awaited == "ends") and re.match(r"\d+[-./年]", word):
            ends, awaited = read_date(word), ""
        elif code and is_word(word, "subscription"):
            awaited = "subscription"
        elif code and is_word(word, "ends"):
            awaited = "ends"
        elif awaited == "subscription" and not subscription:
            subscription, awaited = word, ""
        elif word.strip("-–"):
            code.append(word)
    return ProductLine(" ".join(code), subscription, ends) if code else None


def _like_guid(word: str) -> bool:
    """A GUID, or something that was meant as one: validation tells the difference and names it."""
    return _GUID.fullmatch(word) is not None or (
        word.count("-") >= 3 and len(word) >= 20 and any(sign.isdigit() for sign in word)
    )


def read_files(value: str) -> tuple[str, ...]:
    """File names in "a.pdf, b.pdf"."""
    return tuple(name for name in (piece.strip(" \"'<>[]") for piece in re.split(r"[,;，；、\n]", value)) if name)
