"""A large mail whose file is gone holds up nobody: it is tried three times and put aside, the others are read."""

from datetime import timedelta
from math import inf

import pytest
from engine_house import DOMAIN, PETR, House


@pytest.mark.on_both
async def test_a_mail_whose_bytes_are_lost_is_put_aside_and_the_others_are_read(home: House) -> None:
    lost = await home.writes(PETR, f"claims@{DOMAIN}", "status", files=[("big.pdf", b"%PDF-1.4\n" + b"%" * 90_000)])
    other = await home.writes(PETR, f"postmaster@{DOMAIN}", "Is anybody there?")
    assert home.store.blobs.place.sweep(named=(), before=inf) == 1
    await home.settle()
    assert (await home.item(other)).disposition == "held"
    assert ((await home.item(lost)).disposition, (await home.item(lost)).attempts) == ("accepted", 1)
    for _ in range(2):
        home.clock.advance(timedelta(minutes=5))
        await home.settle()
    item = await home.item(lost)
    assert (item.disposition, item.reason) == ("quarantined", "bytes_lost")
