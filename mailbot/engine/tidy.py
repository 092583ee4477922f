"""One mail that causes several events gets one answer about its claim, not one for each.

Pure. Only answers are joined; notices to other parties are untouched.
"""

from collections.abc import Sequence

from mailbot.engine.workspace import Wanted

_SUPERSEDED_BY = {
    "claim_received": frozenset({"claim_received", "claim_submitted"}),
    "evidence_receipt": frozenset({"evidence_receipt"}),
}


def tidy(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The mails without those that a later one to the same party about the same claim says better."""
    return [want for n, want in enumerate(wanted) if not _superseded(want, wanted[n + 1 :])]


def _superseded(want: Wanted, later: Sequence[Wanted]) -> bool:
    better = _SUPERSEDED_BY.get(want.mail.code)
    if better is None or want.claim is None or want.mail.context.get("changed"):  # what was changed nobody else says
        return False
    return any(
        other.claim is not None
        and other.claim.id == want.claim.id
        and other.mail.to is want.mail.to
        and other.mail.code in better
        for other in later
    )
