"""All checks in the order in which a person would make them. None raises.

What is written is removed again; what is sent are two probes to ourselves, once all before them is well.
"""

from collections.abc import Sequence

from mailbot.clock import Clock
from mailbot.config import Config
from mailbot.doctor.blobs import blobs
from mailbot.doctor.exchange import exchange
from mailbot.doctor.finding import Finding
from mailbot.doctor.installation import database, is_served, keys_of, settings_of
from mailbot.doctor.machine import machine
from mailbot.doctor.outside import Outside
from mailbot.doctor.probe import Rounds
from mailbot.doctor.published import published
from mailbot.doctor.relay import relay
from mailbot.doctor.surroundings import surroundings
from mailbot.ids import Ids
from mailbot.keys import Keyring
from mailbot.store.database import Store
from mailbot.tokens import Tokens


async def checkup(config: Config, clock: Clock, ids: Ids, outside: Outside) -> list[Finding]:
    """Every finding, the good ones too."""
    now = clock.now()
    keys, keyring = keys_of(config)
    needed = [keys, *database(config, keyring), *[finding async for finding in relay(config, outside)]]
    findings = [
        *settings_of(config),
        *needed,
        *machine(config, now),
        *blobs(config),
        *surroundings(config, now, served=is_served(config)),
        *[finding async for finding in published(config, outside)],
        *[finding async for finding in exchange(config, outside)],
    ]
    if keyring is not None and _is_there(needed):
        findings += await _probed(config, keyring, clock, ids, outside)
    return findings


def _is_there(findings: Sequence[Finding]) -> bool:
    """Whether keys, database and relay can be used; a database that is still to be made is only noted."""
    unmade = any(finding.area == "database" and finding.level != "ok" for finding in findings)
    return not unmade and all(finding.level != "error" for finding in findings)


async def _probed(config: Config, keyring: Keyring, clock: Clock, ids: Ids, outside: Outside) -> list[Finding]:
    store = await Store.open(config.database.url.url, config.blobs.url.url, clock=clock, lock=False)
    async with store:
        rounds = Rounds(config, store, Tokens(keyring), clock, ids, outside)
        return [finding async for finding in rounds.made()]
