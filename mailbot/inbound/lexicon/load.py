"""Load one lexicon file of this folder, once per process.

A missing or broken file is a packaging fault and raises at first use; what people write can never make it raise.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

PACKAGE = "mailbot.inbound.lexicon"


@cache
def lexicon(name: str) -> Mapping[str, Any]:
    """The tables of `name`.toml as they stand in the file."""
    source = resources.files(PACKAGE).joinpath(f"{name}.toml")
    content: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
    return content
