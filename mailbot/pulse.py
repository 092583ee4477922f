"""A step that is repeated while it finds work, and otherwise waits for a kick.

A step that fails is logged and tried again after a pause that grows to a minute; nothing is lost, because work lies
in rows. A broken store ends the pulse, since the process has to end.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from mailbot import log
from mailbot.store.faults import Conflict, StoreBroken

_SHORTEST_PAUSE = 0.02
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0


class Pulse:
    """Runs one step at a time. `step` returns how much it did; 0 means that there was nothing to do.

    `on_work` is called after a step that did something: it may have made work for others.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[int]], on_work: Callable[[], None]) -> None:
        self.name = name
        self._step = step
        self._on_work = on_work
        self._kicked = asyncio.Event()
        self._stopping = asyncio.Event()

    def kick(self) -> None:
        """There may be work."""
        self._kicked.set()

    def stop(self) -> None:
        """Ends after the step in hand."""
        self._stopping.set()
        self._kicked.set()

    async def run(self) -> None:
        """Works until stopped."""
        pause = _SHORTEST_PAUSE
        while not self._stopping.is_set():
            self._kicked.clear()
            try:
                done = await self._step()
            except StoreBroken:
                return
            except Exception as error:
                pause = await self._failed(error, pause)
                continue
            pause = _SHORTEST_PAUSE
            if done:
                self._on_work()
            elif not self._stopping.is_set():
                await self._kicked.wait()

    async def _failed(self, error: Exception, pause: float) -> float:
        """Waits, longer each time. That another node was quicker is no news, unless it goes on and on."""
        if not isinstance(error, Conflict):
            pause = max(pause, _FIRST_PAUSE)
        if pause >= _FIRST_PAUSE:
            log.step_failed(self.name, error, pause)
        await self._rest(pause)
        return min(pause * 2, _LONGEST_PAUSE)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
