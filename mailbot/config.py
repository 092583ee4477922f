"""The configuration: a TOML file and the environment become one frozen Config, or a ConfigError naming every defect.

Unknown keys are errors in the file and in the environment. Reading changes nothing: folders, keys and certificates are
looked at by those who use them; only a policy file is read here, so that a bad one is known before the service starts.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import reduce
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mailbot.config_errors import defects_of
from mailbot.config_sections import Config
from mailbot.limits import Limits

__all__ = ["FILE_NAME", "Config", "ConfigError", "find_config", "load_config", "sample_toml"]

FILE_NAME = "mailbot.toml"
_PREFIX = "MAILBOT_"
# The test suite's own switches; no key of ours begins like this.
_TEST_PREFIX = "MAILBOT_TEST_"

_Keys = tuple[str, ...]


class ConfigError(ValueError):
    """A configuration that cannot be used. `defects` has one line for each thing wrong; the message is all of them."""

    def __init__(self, defects: Iterable[str]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(self.defects))


def find_config(folder: Path) -> Path | None:
    """The configuration file a command uses when none is named: `mailbot.toml` in the folder, if there."""
    path = folder / FILE_NAME
    return path if path.is_file() else None


def load_config(path: Path | None, env: Mapping[str, str]) -> Config:
    """The defaults, under the file if one is given, under the environment.

    Relative paths start from the file's folder, without a file from the current one. Raises ConfigError.
    """
    given = {} if path is None else _document(path)
    from_env = _environment(env)
    document = _merged(_merged(tomllib.loads(_defaults()), given), _nested(from_env))
    folder = (Path.cwd() if path is None else path.parent).resolve()
    try:
        return Config.model_validate(document, context=folder)
    except ValidationError as error:
        names = {keys: name for name, (keys, _) in from_env.items()}
        raise ConfigError(defects_of(error, Config, names)) from None


def sample_toml() -> str:
    """The text of a commented mailbot.toml that says all defaults; `init` writes it."""
    limits = "".join(f"# {name} = {value}\n" for name, value in asdict(Limits()).items())
    return _defaults() + limits


def _defaults() -> str:
    return files("mailbot").joinpath("defaults.toml").read_text(encoding="utf-8")


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from None
    except ValueError as error:
        raise ConfigError([f"{path}: not a TOML file: {error}"]) from None


def _environment(env: Mapping[str, str]) -> dict[str, tuple[_Keys, Any]]:
    """What our variables say: name → (keys, value)."""
    ours = {n: v for n, v in env.items() if n.startswith(_PREFIX) and not n.startswith(_TEST_PREFIX)}
    return {n: (tuple(n.removeprefix(_PREFIX).lower().split("__")), _value(v)) for n, v in sorted(ours.items())}


def _value(text: str) -> Any:
    # An IPv6 listener begins like a list; what is neither stays a text, and its key says what it wants.
    if not text.startswith("["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _nested(variables: Mapping[str, tuple[_Keys, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for keys, value in variables.values():
        result = _merged(result, reduce(lambda inner, key: {key: inner}, reversed(keys), value))
    return result


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
