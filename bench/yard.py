"""Where one run of the bench takes place: its folder, its loop with the relay, the contenders that were started.

A contender is asked for rounds: `accepts` hands mails over and stops the clock at the last 250, `answers` at the last
mail that reached the relay. CPU is the contender's alone.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

from bench import days_work, postfix, salmon_venv
from bench.figures import Taken
from bench.installation import Installation, install
from bench.mailing import Job, Relay, hand_over
from bench.processes import Child, free_port

T = TypeVar("T")
_HERE = Path(__file__).parent


class Yard:
    """Made for one run and closed after it; whatever was started in it is ended then."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailbot-bench-"))
        self.folder.chmod(0o755)  # Postfix changes to a user of its own
        self._loop = asyncio.new_event_loop()
        self.relay = Relay()
        self.relay_port = self.run(self.relay.open())
        self._children: list[Child] = []

    def run(self, work: Awaitable[T]) -> T:
        """Runs something that awaits."""
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        for child in self._children:
            child.stop()
        self.run(self.relay.close())
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Yard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- contenders -----------------------------------------------------------------------------------------------

    def keep(self, child: Child) -> Child:
        """Has it ended with the yard."""
        self._children.append(child)
        return child

    def end(self, child: Child) -> None:
        """Ends it now."""
        self._children.remove(child)
        child.stop()

    def mailbot(self, name: str, claims: int) -> Installation:
        """A furnished installation; serving it is the caller's."""
        return install(self.folder / name, self.relay_port, claims)

    def stock(self) -> Child:
        return self._python("stock", [])

    def days_work(self, claims: int, env: dict[str, str] | None = None, *, keep: bool = False) -> Child:
        database = self.folder / f"days_work{free_port()}.db"
        days_work.make_database(database, claims)
        return self._python("days_work", ["keep" if keep else str(self.relay_port), str(database)], env=env)

    def salmon(self, claims: int) -> Child | None:
        """None when Salmon cannot be had."""
        python = salmon_venv.interpreter()
        if python is None:
            return None
        database = self.folder / "salmon.db"
        days_work.make_database(database, claims)
        return self._python("salmon_app", [str(self.relay_port), str(database)], python=str(python))

    def postfix(self) -> Child | None:
        """None when Postfix cannot be had (`postfix.absent` says why)."""
        return None if postfix.absent() else self.keep(postfix.start(self.folder / "postfix"))

    def _python(
        self, name: str, words: list[str], *, python: str = sys.executable, env: dict[str, str] | None = None
    ) -> Child:
        port = free_port()
        command = [python, str(_HERE / f"{name}.py"), str(port), *words]
        return self.keep(Child(command, port, self.folder / f"{name}.log", env))

    # --- rounds ---------------------------------------------------------------------------------------------------

    def accepts(self, child: Child, jobs: Sequence[Job], sessions: int, *, kept: bool = True) -> Taken:
        """How fast the mails are accepted."""
        before = child.cpu_seconds()
        seconds = self.run(hand_over(child.port, jobs, sessions, kept=kept))
        return Taken(len(jobs) / seconds, (child.cpu_seconds() - before) / len(jobs) * 1000)

    def answers(self, child: Child, jobs: Sequence[Job], sessions: int = 10) -> Taken:
        """How fast each mail led to one at the relay."""
        before, had, began = child.cpu_seconds(), self.relay.taken, time.perf_counter()
        self.run(hand_over(child.port, jobs, sessions))
        self.run(self.relay.when_taken(had + len(jobs)))
        seconds = time.perf_counter() - began
        time.sleep(1.5)  # what is noted after the last mail left is part of the work
        return Taken(len(jobs) / seconds, (child.cpu_seconds() - before) / len(jobs) * 1000)
