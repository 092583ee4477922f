"""An Authentication-Results field taken apart (RFC 8601 §2.2): who wrote it, and its results for DMARC.

Pure, total and linear. Only a result at the beginning of its clause is one: comments, quoted texts and property values
are a stranger's words (an envelope sender may be called `dmarc=pass@…`).
"""

import re
from dataclasses import dataclass

_MARK = "\ufffd"
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*\d+\s*)?=\s*([a-z]+)(?=\s|\Z)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"(?<=\s)header\.from\s*=\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """A word of RFC 8601 §2.7, lower-case, and the From domain it is about; None where the field does not say."""

    result: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class ResultsField:
    """The authserv-id, lower-case, and what is said about DMARC."""

    written_by: str
    dmarc: tuple[DmarcResult, ...]


def read_results(value: str) -> ResultsField:
    """The parts of an unfolded field value; what cannot be read says nothing."""
    head, *clauses = _clauses(value)
    words = head.split()
    found = [_result(clause) for clause in clauses]
    return ResultsField(words[0].lower() if words else "", tuple(result for result in found if result is not None))


def _result(clause: str) -> DmarcResult | None:
    match = _DMARC.match(clause)
    if match is None:
        return None
    named = {name.lower().rstrip(".") for name in _HEADER_FROM.findall(clause)}
    return DmarcResult(match.group(1).lower(), " ".join(sorted(named)) or None)


def _clauses(value: str) -> list[str]:
    """The text between semicolons, without comments; quoted texts become a sign that equals nothing."""
    clauses: list[list[str]] = [[]]
    quoted = escaped = False
    depth = 0
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = sign != '"'
        elif sign == '"' and not depth:
            quoted = True
            clauses[-1].append(_MARK)
        elif sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
            clauses[-1].append(" ")
        elif sign == ";" and not depth:
            clauses.append([])
        elif not depth:
            clauses[-1].append(sign)
    return ["".join(clause) for clause in clauses]
