"""What the API answers when it does not do what was asked: RFC 9457 problems with a stable `code`.

401 no or unknown key · 403 the role may not · 404 not there, or not theirs to see · 409 does not fit the state
412 If-Match · 413 too large · 422 defective, every defect named · 429 too fast · 503 the store cannot, try again
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from mailbot.claims.events import Refusal
from mailbot.claims.model import Claim
from mailbot.web.forms import FieldError

PROBLEM_TYPE = "application/problem+json"

_FORBIDDEN = frozenset({"not_allowed", "own_decision", "own_firm", "not_of_record", "other_location"})
_HIDDEN = frozenset({"no_claim", "not_yours"})
_DEFECTIVE = frozenset(
    {
        "incomplete",
        "invalid",
        "duplicate",
        "text_required",
        "unknown_reason",
        "unknown_winner",
        "address_required",
        "nothing_answered",
        "nothing_asked",
        "not_editable",
        "unknown_question",
        "unknown_field",
    }
)
_TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Does not fit the state",
    412: "Changed meanwhile",
    413: "Too large",
    422: "Defective",
    429: "Too many requests",
    500: "Our fault",
    503: "Not now",
}


class FieldProblem(BaseModel):
    """One defect: the field (dotted), a stable code, a sentence, and what was read."""

    field: str
    code: str
    text: str
    read: str = ""


class ProblemBody(BaseModel):
    """RFC 9457: `code` is stable; `state` and `possible` come with 409, `errors` with 422."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    state: str | None = None
    possible: list[str] | None = None
    errors: list[FieldProblem] | None = None


class Problem(Exception):  # noqa: N818
    """An answer of the API that is not what was asked for; `extra` are further members of the problem object."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None, **extra: Any
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra
        super().__init__(f"{status} {code}: {detail}")

    def response(self) -> JSONResponse:
        """The problem as it goes out."""
        body = {
            "type": "about:blank",
            "title": _TITLES.get(self.status, "Problem"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }
        return JSONResponse(body, self.status, headers=self.headers, media_type=PROBLEM_TYPE)


def not_found(what: str = "There is nothing here that you may see.") -> Problem:
    """The same answer for what is not there and for what is not theirs to see."""
    return Problem(404, "not_found", what)


def defective(errors: Sequence[FieldError]) -> Problem:
    """A body or query with defects, each named."""
    listed = [{"field": error.field, "code": error.code, "text": error.text} for error in errors]
    return Problem(422, "defective", "; ".join(f"{e.field}: {e.text}" for e in errors)[:2000], errors=listed)


def refused(refusal: Refusal, claim: Claim) -> Problem:
    """A refusal of the lifecycle: the state and what would be possible are said (contract, HTTP)."""
    if refusal.code in _HIDDEN:
        return not_found()
    extra: dict[str, Any] = {"state": claim.status.value, "possible": list(refusal.possible)}
    if refusal.other_claim:
        extra["other_claim"] = refusal.other_claim
    if refusal.defects:
        extra["errors"] = [{"field": d.field, "code": d.code, "text": d.text, "read": d.read} for d in refusal.defects]
    return Problem(_status(refusal), refusal.code, refusal.text, **extra)


def _status(refusal: Refusal) -> int:
    if refusal.code in _FORBIDDEN:
        return 403
    return 422 if refusal.defects or refusal.code in _DEFECTIVE else 409
