"""All checks in the order in which a person would make them. None raises; nothing is sent.

What is written is removed again.
"""

from datetime import datetime

from mailbot.config import Config
from mailbot.doctor.blobs import blobs
from mailbot.doctor.finding import Finding
from mailbot.doctor.installation import database, is_served, keys_of, settings_of
from mailbot.doctor.machine import machine
from mailbot.doctor.surroundings import surroundings


def checkup(config: Config, now: datetime) -> list[Finding]:
    """Every finding, the good ones too."""
    keys, keyring = keys_of(config)
    return [
        *settings_of(config),
        keys,
        *database(config, keyring),
        *machine(config, now),
        *blobs(config),
        *surroundings(config, served=is_served(config)),
    ]
