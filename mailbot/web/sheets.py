"""Many claims at once: a sheet is uploaded, checked row by row and shown, and only then its claims are made.

Nothing is kept between the two steps: the checked rows come back in the form, and are checked again. A row whose files
come along is submitted too, unless it says that it is a draft. Rows are all made or, while one cell is wrong, none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.events import Refusal, Submitted
from mailbot.claims.model import Channel, Claim
from mailbot.engine import forms
from mailbot.store import people
from mailbot.web.draft_sheet import Line, Sheet, Wrong, sheet_of
from mailbot.web.drafts import create_draft
from mailbot.web.forms import BadForm, FieldError
from mailbot.web.missing import missing_of
from mailbot.web.nonces import Nonce
from mailbot.web.site import Site, Visitor
from mailbot.web.tables import UnreadableTableError, read

MOST_OCTETS = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """A sheet, the claim that each of its rows describes, and everything that is wrong, in the order of the rows."""

    sheet: Sheet
    claims: tuple[Claim, ...]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a row: its claim, and why it went no further."""

    number: int
    claim: Claim
    refusal: Refusal | None = None


async def read_sheet(upload: UploadFile | None) -> Sheet:
    """The uploaded sheet. Raises BadForm when there is none or nothing can read it."""
    if upload is None:
        raise BadForm([FieldError("file", "missing", "Choose a file first.")])
    content = await upload.read(MOST_OCTETS + 1)
    try:
        if len(content) > MOST_OCTETS:
            raise UnreadableTableError
        return sheet_of(await asyncio.to_thread(read, content))
    except UnreadableTableError:
        raise BadForm([FieldError("file", "unreadable_table", "This is no CSV or XLSX file.")]) from None


async def check(site: Site, visitor: Visitor, sheet: Sheet) -> Checked:
    """What every row would become, and what is wrong with it; that evidence is missing is not wrong yet."""
    async with site.store.read() as conn:
        writer = (await people.find_people(conn, [visitor.actor.email])).get(visitor.actor.email)
        if writer is None or not writer.organisation_id:
            raise BadForm([FieldError("partner", "no_organisation", "Only a partner's people can make a claim.")])
        claims = tuple(
            forms.draft_of(
                line.form(),
                claim_id=f"row {line.number}",
                writer=writer,
                policy=site.engine.default_policy.version,
                at=site.now(),
                catalogue=shipped_catalogue(),
            )
            for line in sheet.lines
        )
        defects = await missing_of(site, conn, claims)
    found = [
        sheet.blamed(line, defect)
        for line, claim in zip(sheet.lines, claims, strict=True)
        for defect in defects[claim.id]
        if defect.field != "evidence"
    ]
    wrong = sorted([*sheet.wrong, *found, *_same_rows(sheet, claims)], key=lambda one: one.row)
    return Checked(sheet, claims, tuple(wrong))


async def make(site: Site, visitor: Visitor, checked: Checked, nonce: Nonce, files: Sequence[UploadFile]) -> list[Made]:
    """Makes every claim, once however often the same form comes; adds the files its row names and submits it."""
    contents = {str(file.filename).casefold(): (str(file.filename), await file.read()) for file in files}
    pairs = zip(checked.sheet.lines, checked.claims, strict=True)
    return [await _make_one(site, visitor, line, claim, nonce, contents) for line, claim in pairs]


async def _make_one(
    site: Site,
    visitor: Visitor,
    line: Line,
    claim: Claim,
    nonce: Nonce,
    contents: Mapping[str, tuple[str, bytes]],
) -> Made:
    outcome = await create_draft(site, claim, site.stamp(nonce, visitor.actor, f"draft-{line.number}"))
    form = line.form()
    named = [contents[name.casefold()] for name in form.evidence if name.casefold() in contents]
    if outcome.refusal is None and named:
        outcome = await site.engine.add_files(outcome.claim.id, visitor.actor, Channel.WEB, named)
        if outcome.refusal is None and not form.draft:
            stamp = site.stamp(nonce, visitor.actor, f"submit-{line.number}")
            outcome = await site.engine.act(outcome.claim.id, Submitted(**stamp.fields()))
    return Made(line.number, outcome.claim, outcome.refusal)


def _same_rows(sheet: Sheet, claims: Sequence[Claim]) -> list[Wrong]:
    """Rows that claim what a row above claims (domain §3, uniqueness)."""
    first: dict[tuple[str, str, str], int] = {}
    twice = []
    for line, claim in zip(sheet.lines, claims, strict=True):
        keys = {(claim.tenant_id.lower(), p.code, p.subscription_id.lower()) for p in claim.products}
        above = next((first[key] for key in keys if key in first), None)
        if above is not None:
            column = sheet.letters.get("products", "")
            twice.append(Wrong(line.number, column, "products", "same_row", f"Row {above} claims the same.", "", above))
        first = {**dict.fromkeys(keys, line.number), **first}
    return twice
