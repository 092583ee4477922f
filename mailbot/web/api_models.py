"""The claim as the API's description shows it: the shape of claims/view.py, field by field.

Used for documentation only; a test holds it against what is really sent.
"""

from typing import Any

from pydantic import BaseModel

from mailbot.web.problems import PROBLEM_TYPE, ProblemBody

PROBLEM_REF = {"$ref": "#/components/schemas/ProblemBody"}


class DueModel(BaseModel):
    """A running deadline; `kind` is a clock's name (domain §5)."""

    kind: str
    at: str


class DefectModel(BaseModel):
    """What a draft still lacks, or has wrong."""

    field: str
    code: str
    text: str


class ProductModel(BaseModel):
    """A claimed product."""

    code: str
    subscription_id: str | None
    ends: str | None


class ContactModel(BaseModel):
    """A person."""

    name: str
    title: str
    email: str
    country: str
    language: str
    time_zone: str


class EvidenceModel(BaseModel):
    """A file; `verdict` says whether it counts."""

    sha256: str
    name: str
    type: str
    size: int
    verdict: str
    by: str
    at: str


class QuestionModel(BaseModel):
    """A reviewer's question; `answer` is null while it is open."""

    number: int
    reason: str
    text: str
    answer: str | None


class ClaimModel(BaseModel):
    """A claim. Keys of the claims office also get inquiries, rivals and the contact check."""

    id: str
    version: int
    name: str
    status: str
    consent: str
    suspended_by: str | None
    association: str
    contested: bool
    reason: str
    assigned_to: str
    policy: str
    program: str
    organisation: str
    location_id: str
    tenant_id: str
    tenant_domain: str
    domain_reason: str
    solution_area: str
    activity: str
    seller: str
    solution: str
    effective_date: str | None
    created_at: str
    submitted_at: str | None
    due: list[DueModel]
    missing: list[DefectModel]
    products: list[ProductModel]
    customer: ContactModel
    second: ContactModel | None
    tenant_admin: ContactModel | None
    partner: ContactModel
    evidence: list[EvidenceModel]
    questions: list[QuestionModel]


CLAIM_ANSWER: dict[int | str, dict[str, Any]] = {200: {"model": ClaimModel, "description": "The claim as it is now."}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problem answers, for the description."""
    return {
        s: {"description": "A problem (RFC 9457).", "content": {PROBLEM_TYPE: {"schema": PROBLEM_REF}}}
        for s in statuses
    }


def complete(description: dict[str, Any]) -> dict[str, Any]:
    """The description with what FastAPI cannot know: the problem's shape and how to show one's key."""
    components = description.setdefault("components", {})
    shape = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = components.setdefault("schemas", {})
    schemas.update(shape.pop("$defs", {}))
    schemas["ProblemBody"] = shape
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{"key": []}]
    return description
