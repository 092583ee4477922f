"""`make crash`: kills the service at every failpoint and at random, under load, and looks whether it kept its word.

    python tests/crash/crash_loop.py --seconds 60 --seed 1

Exit code 0 when every failpoint was died at and every invariant of security §5.1 holds. The same seed gives the same
people and the same faults in the same order; when they meet is the machine's doing.
"""

import argparse
import math
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from crash_house import House, Nursery, Served, kill, until
from crash_invariants import Evidence, broken
from crash_people import People
from crash_planted import index_to_drop
from crash_points import AT_START, AT_STOP, points
from crash_post import Post
from crash_relay import Hooks, Relay

_TRIES = 6
_REACH_SECONDS = (4.0, 12.0)  # at the first try, later
_MOST_UNREAD = 400  # so that the drain is bounded, however long the run
_STALL_SECONDS = 300.0  # on a busy machine it takes two minutes until a service in a new interpreter is there
_SURGE = (200, 500)
_SURGE_SECONDS = 20.0
_STOP_SECONDS = 35.0
_MOODS = ("good", "good", "moody", "moody", "moody", "lossy", "killer", "deaf")


@dataclass(slots=True)
class Report:
    """What happened."""

    seed: int
    kills: int = 0
    stops: int = 0
    seconds: float = 0
    drain_seconds: float = 0
    reached: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether everything held and every place was died at."""
        return not self.missed and not self.defects

    def lines(self) -> Iterator[str]:
        """One screen."""
        yield f"seed {self.seed}: {self.kills} kills, {self.stops} stops in {self.seconds:.0f} s"
        yield f"drained in {self.drain_seconds:.0f} s"
        yield f"failpoints died at: {len(self.reached)} of {len(self.reached) + len(self.missed)}"
        yield from (f"  {name}: {value}" for name, value in self.figures.items())
        yield from (f"  NEVER HIT {name}" for name in self.missed)
        yield from (f"  BROKEN {defect}" for defect in self.defects[:25])
        if len(self.defects) > 25:
            yield f"  and {len(self.defects) - 25} more"
        yield "good" if self.good else "NOT GOOD"


class Fire:
    """One run."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        pace: float,
        surges: float = 0,
        planted: str = "",
        nursery: Nursery | None = None,
        server_url: str = "",
    ) -> None:
        self.surges = surges
        self.random = random.Random(seed)
        self.report = Report(seed)
        self.planted = planted
        self.relay, self.hooks = Relay(seed), Hooks()
        self.house = House(folder, self.relay.port, self.hooks.url, nursery, server_url)
        for statement in index_to_drop(planted):
            self.house.sql(statement)
        self.people = People(seed, pace)
        self.post = Post(self.house.smtp_port, seed, self.people.write)
        self.relay.on_letter, self.relay.on_kill = self.people.letter, self._kill_now
        self._paused = False
        self._service: Served | None = None

    def close(self) -> None:
        self.post.close()
        if self._service is not None:
            kill(self._service)
        self.house.close()
        self.relay.close()
        self.hooks.close()

    def rage(self, seconds: float, names: list[str], most_seconds: float = math.inf) -> None:
        """Kills for that long, and on until every name was died at, tried often enough, or time is up."""
        # The first service waits until everything is loaded, which a busy machine takes its time for.
        kill(self._serve(""))
        began = time.monotonic()
        self.post.start()
        open_names = self.random.sample(names, len(names))
        tried: Counter[str] = Counter()
        while (past := time.monotonic() - began) < seconds or (open_names and past < most_seconds):
            self.people.pressed = self._waiting()["unread"] > _MOST_UNREAD
            if self.surges and self.random.random() < self.surges:
                self._die_in_a_surge(names)
            elif open_names and (self.random.random() < 0.7 or past >= seconds):
                name = open_names.pop(0)
                tried[name] += 1
                if not self._die_at(name, gently=tried[name] > 1) and tried[name] < _TRIES:
                    open_names.append(name)
            else:
                self._die_somewhere(names)
        self.report.seconds = time.monotonic() - began
        self.report.missed = [name for name in names if not self.report.reached[name]]

    def settle(self, *, afresh: bool = False) -> None:
        """Peace: everything handed over, worked off and delivered; then a stop in good order.

        It may take its time, as long as something gets done. `afresh`: by a service in a new interpreter, as a person
        would start it.
        """
        began = time.monotonic()
        self.people.quiet, self.relay.mood = True, "good"
        service = self._service = self.house.serve_afresh() if afresh else self.house.serve(planted=self.planted)
        self.bring_to_rest(service)
        self._look_at(service)
        service.signal(signal.SIGTERM)
        self._ended(service)
        self.report.drain_seconds = time.monotonic() - began

    def bring_to_rest(self, service: Served, patience: float = _STALL_SECONDS) -> None:
        """Everything is worked off; that nothing gets done for so many seconds is a defect."""
        self._drain(service, patience)
        # From here on nothing starts by itself: what rings while the service stops would still be in its outbox.
        self.house.command("pause", "timers")
        self._paused = True
        self._drain(service, patience)

    def judge(self) -> Report:
        """The invariants, and `mailbot verify`."""
        evidence = Evidence(self.house, self.relay, self.post, self.hooks.told)
        self.report.defects += broken(evidence)
        verified = self.house.command("verify")
        if verified.exit_code:
            self.report.defects += [f"mailbot verify: {line}" for line in verified.stdout.splitlines()[1:6]]
        states = Counter(f"{row[2]} {row[3]}" for row in evidence.outbox)
        self.report.figures |= {
            "messages acknowledged": sum(self.post.acknowledged.values()),
            "different messages": len(self.post.acknowledged),
            "attempts to hand over": self.post.attempts,
            "lost": len(evidence.lost),
            "applied twice": len(evidence.twice),
            "claims": self.house.sql("SELECT count(*) FROM claims")[0][0],
            "inbox": dict(Counter(str(row[3]) for row in evidence.inbox)),
            "outbox": dict(states),
            "attempts of ours": len(self.relay.attempts),
            "duplicates sent": evidence.duplicates_sent,
            "timers fired": self.house.sql("SELECT count(*) FROM timers WHERE state = 'fired'")[0][0],
            "mailbot verify": "good" if verified.exit_code == 0 else f"exit {verified.exit_code}",
        }
        return self.report

    def _die_at(self, name: str, *, gently: bool) -> bool:
        self.relay.mood = self.random.choice(("good", "moody")) if not gently else "good"
        before = self.house.log_size()
        count = 1 if gently or name in AT_START | AT_STOP else self.random.choice((1, 1, 2, 5))
        service = self._serve(f"{name}:{count}")
        if name in AT_STOP:
            self._when_listening(service)
            time.sleep(0.2)
            service.signal(signal.SIGTERM)
        end = time.monotonic() + _REACH_SECONDS[gently]
        while service.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        kill(service)
        self.report.kills += 1
        if self.house.died_at(name, before):
            self.report.reached[name] += 1
            return True
        return False

    def _die_somewhere(self, names: list[str]) -> None:
        self.relay.mood = self.random.choice(_MOODS)
        before, armed = self.house.log_size(), ""
        if names and self.random.random() < 0.5:
            armed = self.random.choice([name for name in names if name not in AT_STOP])
        service = self._serve(f"{armed}:{self.random.randint(1, 30)}" if armed else "")
        self._when_listening(service)
        self._wait(service, self.random.uniform(0.0, 1.5))
        fate = self.random.random()
        if fate < 0.1:
            service.signal(signal.SIGTERM)
            self._ended(service, maybe_killed=True)
            self.report.stops += 1
        elif fate < 0.15:
            service.signal(signal.SIGSTOP)
            time.sleep(0.3)
            service.signal(signal.SIGCONT)
            self._wait(service, 0.3)
        kill(service)
        self.report.kills += fate >= 0.1
        if armed and self.house.died_at(armed, before):
            self.report.reached[armed] += 1

    def _die_in_a_surge(self, names: list[str]) -> None:
        """Everybody writes at once; death comes somewhere in the pile, or while it is worked off."""
        self.relay.mood = self.random.choice(("good", "good", "moody"))
        before, armed = self.house.log_size(), self.random.choice([n for n in names if n not in AT_STOP | AT_START])
        service = self._serve(f"{armed}:{self.random.randint(50, 500)}")
        self._when_listening(service)
        self.people.surge = 0 if self.people.pressed else self.random.randint(*_SURGE)
        end = time.monotonic() + _SURGE_SECONDS
        while service.poll() is None and time.monotonic() < end and (self.people.surge or self._waiting()["unread"]):
            time.sleep(0.1)
        kill(service)
        self.report.kills += 1
        if self.house.died_at(armed, before):
            self.report.reached[armed] += 1

    def _serve(self, failpoint: str) -> Served:
        self._service = self.house.serve(failpoint, self.planted)
        return self._service

    def _when_listening(self, service: Served) -> None:
        until(lambda: service.poll() is not None or self.house.listens(), 60, "the service does not start")

    def _wait(self, service: Served, seconds: float) -> None:
        end = time.monotonic() + seconds
        while service.poll() is None and time.monotonic() < end:
            time.sleep(0.01)

    def _kill_now(self) -> None:
        """The relay has the mail and the service dies before it hears so."""
        if self._service is not None:
            self._service.signal(signal.SIGKILL)

    def _ended(self, service: Served, *, maybe_killed: bool = False) -> None:
        """A stop in good order takes 30 s at most and ends with 0 (D17)."""
        self._wait(service, _STOP_SECONDS)
        code = service.poll()
        if code != 0 and not (maybe_killed and code == -signal.SIGKILL):
            self.report.defects.append(f"D17: the stop ended with {code} after {_STOP_SECONDS:.0f} s at most")

    def _at_rest(self, service: Served) -> bool:
        if service.poll() is not None:
            raise RuntimeError(f"the service ended with {service.poll()} while it should drain")
        time.sleep(0.25)
        return self.post.idle() and not any(self._waiting().values())

    def _waiting(self) -> dict[str, int]:
        now = int(time.time() * 1e6)
        counts = {
            "unread": "SELECT count(*) FROM inbox WHERE disposition = 'accepted'",
            "unsent": "SELECT count(*) FROM outbox WHERE state IN ('queued', 'deferred')",
            "unreported": "SELECT count(*) FROM outbox WHERE state IN ('sent', 'bounced', 'expired') AND NOT reported",
            "due": f"SELECT count(*) FROM timers WHERE state = 'set' AND at < {0 if self._paused else now - 2_000_000}",
            "waiting": f"SELECT count(*) FROM waiting WHERE leave_at < {now + 3_000_000}",
        }
        return {name: int(str(self.house.sql(statement)[0][0])) for name, statement in counts.items()}

    def _drain(self, service: Served, patience: float) -> None:
        done, since = -1, time.monotonic()
        while not self._at_rest(service):
            if (now_done := self._done()) > done:
                done, since = now_done, time.monotonic()
            elif time.monotonic() - since > patience:
                self.report.defects.append(f"nothing was done for {patience:.0f} s: {self._waiting()}")
                return

    def _done(self) -> int:
        """How much has come to its end; it only ever grows."""
        counts = (
            "SELECT count(*) FROM inbox WHERE disposition <> 'accepted'",
            "SELECT count(*) FROM outbox WHERE state NOT IN ('queued', 'deferred')",
            "SELECT count(*) FROM outbox WHERE reported",
            "SELECT count(*) FROM timers WHERE state <> 'set'",
        )
        return sum(self.post.acknowledged.values()) + sum(int(str(self.house.sql(one)[0][0])) for one in counts)

    def _look_at(self, service: Served) -> None:
        """I12: what a process holds after all its work."""
        status = Path(f"/proc/{service.pid}/status").read_text(encoding="ascii")
        values = dict(line.split(":", 1) for line in status.splitlines())
        files, threads = len(list(Path(f"/proc/{service.pid}/fd").iterdir())), int(values["Threads"])
        self.report.figures["process"] = f"{values['VmRSS'].strip()}, {files} descriptors, {threads} threads"
        if files > 100 or threads > 60:
            self.report.defects.append(f"I12: {files} descriptors and {threads} threads are in use at rest")
        left = [p.name for p in (self.house.folder / "var/spool").glob("*") if time.time() - p.stat().st_mtime < 2]
        if left:
            self.report.defects.append(f"I12: spool files at rest: {left[:3]}")


@contextmanager
def fire(
    folder: Path, seed: int, *, pace: float, surges: float = 0, planted: str = "", nursery: Nursery | None = None
) -> Iterator[Fire]:
    """A run that leaves no process behind."""
    run = Fire(folder, seed, pace=pace, surges=surges, planted=planted, nursery=nursery)
    try:
        yield run
    finally:
        run.close()


def main() -> int:
    """The exit code of a run."""
    parser = argparse.ArgumentParser(description="Kill the service under load and check what it promised.")
    parser.add_argument("--seconds", type=float, default=60, help="how long to kill at least")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--pace", type=float, default=1, help="new claims a second")
    parser.add_argument("--surges", type=float, default=0.1, help="the share of lives with hundreds of mails at once")
    parser.add_argument("--planted", default="", help="plant a fault; then it has to be found")
    parser.add_argument("--keep", type=Path, default=None, help="the folder to use and to leave behind")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    folder = (options.keep or Path(tempfile.mkdtemp(prefix="mailbot-crash-"))).resolve()
    print(f"seed {seed}, folder {folder}", flush=True)
    with fire(folder, seed, pace=options.pace, surges=options.surges, planted=options.planted) as run:
        run.rage(options.seconds, points())
        run.settle(afresh=not options.planted)
        report = run.judge()
    print("\n".join(report.lines()), flush=True)
    if report.good and options.keep is None:
        shutil.rmtree(folder)
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
