"""`make crash-nodes`: several nodes on one PostgreSQL under load, killed one after another, and the server once.

    python tests/crash/crash_nodes.py --nodes 3 --messages 20000 --kills 30

Exit code 0 when every invariant of security §5.1 holds afterwards. Whatever happens on the way, a node that ends by
itself, a server that does not come back, a time limit, is a defect of the report: there is always a verdict. With
`--workers` it measures instead how much faster two workers empty an inbox than one.
"""

import argparse
import math
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import psycopg
from crash_house import DOMAIN, PARTNERS, Nursery, Served, kill, until
from crash_loop import Fire, Report
from crash_post import Job
from postgres_here import NoServer, Server, migrated

from mailbot.demo.cast import Person
from mailbot.demo.letters import new_mail

_MOST_UNREAD = 1500  # beyond that nobody makes new claims, so that all that is written has a life to go through
_SAY_SECONDS = 20.0
_UNREADY, _START_SECONDS = 70, 15.0  # how a node ends whose start met no server, and how long it takes to
# What ends a run before its time without being a mistake of the harness.
_BAD_ENDS = (TimeoutError, RuntimeError, NoServer, psycopg.Error)
_LEASE_SECONDS = 180.0  # and a little: so long a node that hangs keeps what it held
_PATIENCE_SECONDS = 600.0
_MOODS = ("good", "good", "moody")


@dataclass(frozen=True, slots=True)
class Plan:
    """How big a run is, and how long it may take until everything was accepted."""

    nodes: int
    messages: int
    kills: int
    seconds: float


class Nodes:
    """Some services on one database, each restarted when it was killed."""

    def __init__(self, folder: Path, seed: int, server: Server, *, pace: float, nursery: Nursery | None = None) -> None:
        self.server, self.random = server, random.Random(seed)
        self.fire = Fire(folder, seed, pace=pace, nursery=nursery, server_url=migrated(server))
        self.running: list[Served] = []
        self._until = math.inf
        self._said = 0.0
        self._server_back = -math.inf

    @property
    def acknowledged(self) -> int:
        """How many messages heard 250."""
        return sum(self.fire.post.acknowledged.values())

    def start(self, *roles: str) -> None:
        """One more node for each role."""
        self.running += [self.fire.house.serve(role=role) for role in roles]
        until(self.fire.house.listens, _PATIENCE_SECONDS, "no node listens")

    def rage(self, messages: int, kills: int, most_seconds: float) -> None:
        """Kills a node each time a share of the messages was accepted, and the server in the middle."""
        began, self._until = time.monotonic(), time.monotonic() + most_seconds
        self.fire.post.start()
        try:
            for number in range(kills):
                self._accept(messages * (number + 1) // (kills + 1))
                if number == kills // 2:
                    self._restart_server()
                self.fire.relay.mood = self.random.choice(_MOODS)
                self._kill_one()
                self.fire.report.kills += 1
            self._accept(messages)
        except _BAD_ENDS as error:
            self.fire.report.defects.append(f"not carried out: {error}")
        self.fire.report.seconds = time.monotonic() - began

    def settle(self) -> None:
        """Peace: everything worked off by the nodes that are there, within the leases of those that were killed."""
        began, fire = time.monotonic(), self.fire
        fire.people.quiet, fire.relay.mood = True, "good"
        self._say("everything was accepted, the rest is worked off")
        try:
            self._look_after()
            fire.bring_to_rest(self.running[0], _LEASE_SECONDS)
        except _BAD_ENDS as error:
            fire.report.defects.append(f"not drained: {error}; {fire._waiting()}")
        for node in self.running:
            node.signal(signal.SIGTERM)
        for node in self.running:
            fire._ended(node)
        fire.report.drain_seconds = time.monotonic() - began

    def close(self) -> None:
        self.fire.post.close()
        for node in self.running:
            kill(node)
        self.fire.close()

    def _accept(self, share: int) -> None:
        """Waits until so many messages were accepted, and looks after everybody meanwhile."""
        while self.acknowledged < share:
            self._look_after()
            unread = self.fire._waiting()["unread"]
            self.fire.people.pressed = unread > _MOST_UNREAD
            self._say(f"{self.acknowledged} accepted, {unread} unread, {self.fire.report.kills} kills")
            if time.monotonic() > self._until:
                raise TimeoutError(f"time is up after {self.acknowledged} messages")
            time.sleep(0.25)

    def _look_after(self) -> None:
        """A node that ended by itself is a defect, unless it found no server at its start; it is started again."""
        lately = time.monotonic() - self._server_back < _START_SECONDS
        for node in [node for node in self.running if node.poll() is not None]:
            if not (lately and node.poll() == _UNREADY):
                self.fire.report.defects.append(f"node {node.pid} ended by itself with {node.poll()}: see its log")
            self.running.remove(node)
            self.running.append(self.fire.house.serve())

    def _restart_server(self) -> None:
        self._say("the server dies")
        self.server.stop(crash=True)
        time.sleep(1)
        self.server.start()
        self._server_back = time.monotonic()

    def _say(self, what: str) -> None:
        """One line about where the run is, now and then; a run of an hour should not look dead."""
        now = time.monotonic()
        if now - self._said > _SAY_SECONDS:
            self._said = now
            print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def _kill_one(self) -> None:
        """Mostly at once; now and then a node hangs before, and wakes up in a changed world."""
        node = self.running.pop(self.random.randrange(len(self.running)))
        if self.random.random() < 0.2:
            node.signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(0.5, 2))
            node.signal(signal.SIGCONT)
            time.sleep(0.2)
        kill(node)
        self.running.append(self.fire.house.serve())


def run(folder: Path, seed: int, plan: Plan, nursery: Nursery | None = None) -> Report:
    """One run on a server of its own."""
    with _nodes(folder, seed, pace=plan.messages / 8, nursery=nursery) as run_:
        run_.start(*["all"] * plan.nodes)
        run_.rage(plan.messages, plan.kills, plan.seconds)
        run_.settle()
        return run_.fire.judge()


def seconds_to_empty(folder: Path, seed: int, *, workers: int, messages: int) -> float:
    """How long so many workers take for an inbox of new claims."""
    with _nodes(folder, seed, pace=0) as run_:
        run_.start("listener")
        run_.fire.people.quiet = True
        for number in range(messages):
            run_.fire.post.queue.put(_claim(number))
        run_.fire.post.start()
        until(run_.fire.post.idle, _PATIENCE_SECONDS, "not accepted")
        began = time.monotonic()
        run_.start(*["worker"] * workers)
        unread = "SELECT count(*) FROM inbox WHERE disposition = 'accepted'"
        until(lambda: not run_.fire.house.sql(unread)[0][0], _PATIENCE_SECONDS, "not read")
        return time.monotonic() - began


@contextmanager
def _nodes(folder: Path, seed: int, *, pace: float, nursery: Nursery | None = None) -> Iterator[Nodes]:
    server = Server.find(durable=True)
    try:
        nodes = Nodes(folder, seed, server, pace=pace, nursery=nursery)
        try:
            yield nodes
        finally:
            nodes.close()
    finally:
        server.close()


def _claim(number: int) -> Job:
    partner, to = PARTNERS[number % len(PARTNERS)], f"claims@{DOMAIN}"
    mail = new_mail(Person("Partner", partner), to, f"New claim {number}", f"Name: Roll-out {number}\n")
    mail["Message-ID"] = f"<{number}@outside.example>"
    return Job(partner, to, mail.as_bytes())


def main() -> int:
    """The exit code of a run."""
    parser = argparse.ArgumentParser(description="Kill nodes of a shared database and check what they promised.")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=7200, help="how long it may take until all is accepted")
    parser.add_argument("--workers", action="store_true", help="measure two workers against one instead")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mailbot-nodes-")).resolve()
    print(f"seed {options.seed}, folder {folder}", flush=True)
    if options.workers:
        one, two = (
            seconds_to_empty(folder / str(n), options.seed, workers=n, messages=options.messages) for n in (1, 2)
        )
        print(f"{options.messages} mails: one worker {one:.1f} s, two {two:.1f} s, ratio {one / two:.2f}")
        return 0
    plan = Plan(options.nodes, options.messages, options.kills, options.seconds)
    report = run(folder, options.seed, plan)
    print("\n".join(report.lines()), flush=True)
    if report.good:
        shutil.rmtree(folder)
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
