"""The tick: everything it calls runs in the loop, and a stop cuts nothing off."""

import asyncio
import threading

from mailbot.scheduler import Ticker

SOON = 0.005
LONG = 30.0


async def test_what_returns_something_to_await_is_awaited() -> None:
    ticker, done = Ticker(), asyncio.Event()

    async def work() -> None:
        done.set()

    ticker.every(SOON, lambda: work())
    ticker.start()
    async with asyncio.timeout(LONG):
        await done.wait()
    await ticker.stop(LONG)


async def test_plain_functions_are_called_in_the_loops_own_thread() -> None:
    ticker, called = Ticker(), asyncio.Event()
    threads: list[threading.Thread] = []

    def kick() -> None:
        threads.append(threading.current_thread())
        called.set()

    ticker.every(SOON, kick)
    ticker.start()
    async with asyncio.timeout(LONG):
        await called.wait()
    await ticker.stop(LONG)
    assert set(threads) == {threading.current_thread()}


async def test_a_stop_waits_for_the_call_in_hand_and_starts_no_other() -> None:
    ticker, begun, may_end = Ticker(), asyncio.Event(), asyncio.Event()
    ended: list[bool] = []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        ended.append(True)

    ticker.every(SOON, work)
    ticker.start()
    async with asyncio.timeout(LONG):
        await begun.wait()
        stopping = asyncio.create_task(ticker.stop(LONG))
        may_end.set()
        await stopping
    assert ended == [True]


async def test_a_call_that_does_not_end_holds_a_stop_up_for_its_grace_only() -> None:
    ticker, begun = Ticker(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    ticker.every(SOON, work)
    ticker.start()
    async with asyncio.timeout(LONG):
        await begun.wait()
        await ticker.stop(0)


async def test_stopping_what_never_started_is_nothing() -> None:
    await Ticker().stop(LONG)
