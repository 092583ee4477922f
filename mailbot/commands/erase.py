"""`mailbot erase`: forgets a claim or a person for good; what is needed by a running claim is refused.

Beside a running service the database file is rewritten by the service, within a minute; else here.
"""

import secrets
import sys
from typing import TYPE_CHECKING

import click

from mailbot.commands.setup import Failed, configured, opened, run

if TYPE_CHECKING:
    from mailbot.config import Config
    from mailbot.engine.erasure import Erased


@click.command()
@configured
@click.option("--claim", "claim_id", metavar="ID", help="Everybody and everything written in this ended claim.")
@click.option("--person", metavar="EMAIL", help="This person everywhere; nobody can name the address again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(config: "Config", claim_id: str | None, person: str | None, yes: bool) -> None:
    """Forget a claim or a person for good. The history keeps what was decided and when, and still verifies."""
    if bool(claim_id) == bool(person):
        raise click.UsageError("name either --claim or --person")
    what = claim_id or person or ""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Forget {what}? Nothing brings it back but a backup.", abort=True)
    erased, compact = run(_erase(config, (claim_id or "").upper(), person or ""))
    click.echo(
        f"{what}: forgotten in {erased.claims} claims, {erased.received} mails received, {erased.sent} mails sent"
    )
    who = "the database was rewritten" if compact else "the running service rewrites the database within a minute"
    click.echo(f"{who}; backups from before still hold the data")


async def _erase(config: "Config", claim_id: str, person: str) -> "tuple[Erased, bool]":
    import random
    from datetime import timedelta

    from mailbot.clock import SystemClock
    from mailbot.engine.erasure import Eraser, StillNeeded, Unsent
    from mailbot.engine.housekeeping import compact
    from mailbot.ids import Ids
    from mailbot.store import erasure

    clock = SystemClock()
    async with opened(config, clock=clock, alone=True) as store:
        eraser = Eraser(
            blobs=store.blobs,
            ids=Ids(clock, random.SystemRandom()),
            random=secrets.token_bytes,
            now=clock.now(),
        )
        try:
            erased = await store.write(
                lambda conn: eraser.claim(conn, claim_id) if claim_id else eraser.person(conn, person)
            )
        except KeyError as error:
            raise Failed(f"{claim_id}: there is no such claim") from error
        except StillNeeded as error:
            raise Failed(_refusal(error.claim_ids, claim_id)) from error
        except Unsent as error:
            raise Failed(
                f"{error.count} mails to others name this person and have not left yet; try again then"
            ) from error
        await store.write(erasure.ask_to_compact)
        return erased, store.is_alone and await compact(store, timedelta())


def _refusal(needed_by: list[str], claim_id: str) -> str:
    if claim_id:
        return f"{claim_id}: still runs; withdraw, cancel or disassociate it first"
    return f"still needed by {', '.join(needed_by)}: another contact has to be named there first"
