"""Which claim field a label means, in any of the five languages or as the domain names it (domain §3).

Pure; an unknown label is None.
"""

from collections.abc import Mapping
from functools import cache

from mailbot.inbound.lexicon.load import lexicon
from mailbot.inbound.words import words_of

LONGEST = 48
"""No label is longer than this."""


def field_of(label: str) -> str | None:
    """The canonical name of the field that `label` stands for."""
    return _fields().get(_key(label)) if len(label) <= LONGEST else None


def inner_field_of(label: str) -> str | None:
    """The part of a contact that a short label below a contact's heading stands for."""
    return _inside().get(_key(label)) if len(label) <= LONGEST else None


def is_word(text: str, group: str) -> bool:
    """Whether `text` is one of the form's words under `group` (`yes`, `subscription`, `ends`)."""
    return _key(text) in _words(group)


def split_field(line: str) -> tuple[str, str] | None:
    """(label, value) of a line that looks like a field, its bullets and emphasis taken off; else None."""
    bare = line.strip(" \t\xa0\u3000*_•·‣▪-–#|>")
    for sign in ("\t", ":", "：", "="):
        label, found, value = bare.partition(sign)
        if found and 0 < len(label.strip()) <= LONGEST and (sign != "\t" or field_of(label)):
            return label.strip(" \t*_:：\xa0\u3000"), value.strip(" \t*_:：|\xa0\u3000")
    return None


def _key(label: str) -> str:
    return " ".join(words_of(label.replace("_", " ")))


@cache
def _fields() -> Mapping[str, str]:
    return _by_label(lexicon("claimform")["fields"])


@cache
def _inside() -> Mapping[str, str]:
    return _by_label(lexicon("claimform")["inside"])


@cache
def _words(group: str) -> frozenset[str]:
    return frozenset(_key(word) for word in lexicon("claimform")["words"][group])


def _by_label(table: Mapping[str, list[str]]) -> Mapping[str, str]:
    return {_key(label): name for name, labels in table.items() for label in (name, *labels)}
