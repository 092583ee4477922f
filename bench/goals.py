"""The goals, one function a group: each starts what it compares, measures in turns and gives lines of the table."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from bench import postfix, postgres
from bench.breakdown import breakdown
from bench.deadlines import by_jobs, by_rows
from bench.figures import Line, Taken, absolute, at_least, cpu_at_most, in_turns, middle, missing
from bench.installation import DOMAIN
from bench.mailing import Job
from bench.processes import Child
from bench.questions import asked
from bench.yard import Yard
from mailbot.endpoints import Relay as Target
from mailbot.outbound.smarthost import SmarthostTransport
from mailbot.outbound.transport import Message

QUESTION = "What exactly would they see?"
_FSYNC = Path(__file__).with_name("slow_fsync.c")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: rounds of each contender, mails a round, claims of the large databases."""

    rounds: int = 5
    accepted: int = 2000
    answered: int = 500
    claims: int = 100_000


def accepting(yard: Yard, size: Size) -> Iterator[Line]:
    """A1, A2, A3, A5: a durable 250, against Postfix to its queue and against stock aiosmtpd that keeps nothing."""
    ours = yard.keep(yard.mailbot("accepting", 10).serve("listener"))
    stock, theirs = yard.stock(), yard.postfix()
    cases = (
        ("A1", "10 connections kept", 10, True, 4096, 2.0, 0.3),
        ("A1", "50 connections kept", 50, True, 4096, 3.0, 0.3),
        ("A2", "a connection a message", 10, False, 4096, 1.3, 0.6),
        ("A5", "64 KB", 10, True, 65536, 1.3, 0.7),
    )
    for goal, what, sessions, kept, octets, faster, cheaper in cases:
        jobs = plain(size.accepted if octets < 10000 and kept else size.accepted // 4, octets)
        rounds = [partial(yard.accepts, child, jobs, sessions, kept=kept) for child in (ours, theirs, stock) if child]
        taken = in_turns(rounds, size.rounds)
        if theirs:
            yield at_least(goal, f"accept, {what}, against Postfix", taken[0], taken[1], faster)
            yield cpu_at_most(goal, f"CPU of that, {what}", taken[0], taken[1], cheaper)
        else:
            yield missing(goal, f"accept, {what}", postfix.absent())
        if goal == "A1":
            yield at_least("A3", f"accept, {what}, against stock aiosmtpd", taken[0], taken[-1], 1.5)


def slow_disk(yard: Yard, size: Size) -> Iterator[Line]:
    """A6: where an fsync takes 2 ms, many callers a commit against a commit a message."""
    shim = yard.folder / "slow_fsync.so"
    if shutil.which("cc") is None:
        yield missing("A6", "fsync of 2 ms", "no C compiler")
        return
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim), str(_FSYNC), "-ldl"], check=True)
    env = {"LD_PRELOAD": str(shim)}
    ours = yard.keep(yard.mailbot("slow_disk", 10).serve("listener", env))
    theirs = yard.days_work(10, env, keep=True)
    jobs = plain(size.accepted // 2, 4096)
    taken = in_turns([partial(yard.accepts, child, jobs, 50) for child in (ours, theirs)], size.rounds)
    yield at_least("A6", "fsync of 2 ms, 50 connections, against a commit a message", taken[0], taken[1], 5)


def end_to_end(yard: Yard, size: Size) -> Iterator[Line]:
    """E1, E2, S3: a reply arrives, its claim changes durably, a mail goes out."""
    wanted = size.answered * (size.rounds + 1)
    installation = yard.mailbot("end_to_end", wanted)
    full = yard.mailbot("full", max(size.claims, wanted))
    ours, laden = yard.keep(installation.serve()), yard.keep(full.serve())
    day, salmon = yard.days_work(wanted), yard.salmon(wanted)
    fresh, numbers = count(0, size.answered), count()

    def reply(child: Child, make: Callable[[int], list[Job]], first: Iterator[int]) -> Taken:
        return yard.answers(child, make(next(first)))

    contenders = [
        partial(reply, ours, partial(installation.replies, count=size.answered, words=QUESTION), fresh),
        partial(reply, laden, partial(full.replies, count=size.answered, words=QUESTION), count(0, size.answered)),
        partial(reply, day, lambda _: numbered(size.answered), numbers),
    ]
    if salmon:
        contenders.append(partial(reply, salmon, lambda _: numbered(size.answered), numbers))
    for contender in contenders:
        contender()  # once to warm up
    taken = in_turns(contenders, size.rounds)
    yield at_least("E1", "reply to mail, against the day's-work app", taken[0], taken[2], 5)
    yield cpu_at_most("E1", "CPU of that", taken[0], taken[2], 0.25)
    if salmon:
        yield at_least("E2", "reply to mail, against Salmon", taken[0], taken[3], 1.5)
        yield cpu_at_most("E2", "CPU of that", taken[0], taken[3], 0.9)
    else:
        yield missing("E2", "reply to mail, against Salmon", "salmon-mail cannot be installed")
    yield at_least("S3", f"the same with {full.claims:,} claims, against {wanted:,}", taken[1], taken[0], 0.7)


def stages(yard: Yard, size: Size) -> Iterator[Line]:
    """Where the CPU of E1 goes."""
    return breakdown(yard, size.answered, QUESTION)


def backlog(yard: Yard, size: Size) -> Iterator[Line]:
    """E4 and M1: accepting while the worker has a backlog, against accepting alone; memory after that load."""
    installation = yard.mailbot("backlog", size.accepted)
    alone, behind = [], []
    for _ in range(size.rounds):
        listener = yard.keep(installation.serve("listener"))
        alone.append(yard.accepts(listener, plain(size.accepted, 4096), 10))
        yard.end(listener)
        service = yard.keep(installation.serve())
        behind.append(yard.accepts(service, plain(size.accepted // 4, 4096), 10))
        used = service.memory()
        yard.end(service)
    yield at_least("E4", "accept with a backlog, against accept alone", middle(behind), middle(alone), 0.5)
    yield absolute("M1", "memory of the main process under that load", used / 2**20, 180, "MiB")
    yield from _idle_connections(yard, installation.serve("listener"))
    yield _large_mails(yard, yard.mailbot("large", 10).serve("listener"))


def _large_mails(yard: Yard, child: Child) -> Line:
    yard.keep(child)
    yard.accepts(child, plain(20, 25_000_000), 20)
    return absolute(
        "M1", "memory of the main process while 20 mails of 25 MB come at once", child.most_memory() / 2**20, 180, "MiB"
    )


def _idle_connections(yard: Yard, child: Child, connections: int = 1000) -> Iterator[Line]:
    yard.keep(child)
    before = child.memory()

    async def open_many() -> list[asyncio.StreamWriter]:
        return [(await asyncio.open_connection("127.0.0.1", child.port))[1] for _ in range(connections)]

    writers = yard.run(open_many())
    time.sleep(1)
    each = (child.memory() - before) / connections / 1024
    for writer in writers:
        writer.close()
    yield absolute("M1", "memory of an idle connection", each, 16, "KiB")


def outgoing(yard: Yard, size: Size) -> Iterator[Line]:
    """O1: our transport with its connections kept, against the same with a connection a message."""
    raw = plain(1, 4096)[0].content
    target = Target(host="127.0.0.1", port=yard.relay_port, user="", tls=False)

    async def send(each: int) -> None:
        transport = SmarthostTransport(target, helo="bench.test", mails_per_connection=each)
        places = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with places:
                await transport.send(Message("b@mail.test", "petr@fabrikam.example", raw, str(number)))

        await asyncio.gather(*(one(number) for number in range(size.answered)))
        await transport.close()

    def timed(each: int) -> Taken:
        began, cpu = time.perf_counter(), time.process_time()
        yard.run(send(each))
        return Taken(size.answered / (time.perf_counter() - began), (time.process_time() - cpu) / size.answered * 1000)

    kept, fresh = in_turns([partial(timed, 100), partial(timed, 1)], size.rounds)
    yield at_least("O1", "sending, connections kept, against a connection a message", kept, fresh, 2)


def plain(number: int, octets: int) -> list[Job]:
    """Mails of strangers to the office, which only have to be accepted."""
    head = f"From: Eva <eva@customer.example>\r\nTo: claims@{DOMAIN}\r\nSubject: Question\r\n\r\n"
    line = "It is a question that is asked again and again, in as many words as fit.\r\n"
    content = (head + line * ((octets - len(head)) // len(line))).encode("ascii")
    return [Job("eva@customer.example", f"claims@{DOMAIN}", content)] * number


def numbered(number: int) -> list[Job]:
    """Replies about claims 1 and following, as the baselines address them."""
    content = plain(1, 4096)[0].content.replace(b"\r\n\r\n", b"\r\n\r\n" + QUESTION.encode("ascii") + b"\r\n", 1)
    return [Job("jana@customer.example", f"{place + 1}@{DOMAIN}", content) for place in range(number)]


def scale(yard: Yard, size: Size) -> Iterator[Line]:
    """S1 and S2: what queries cost in a database of `claims` claims, against one of a tenth."""
    small, large = yard.mailbot("tenth", size.claims // 10), yard.mailbot("whole", size.claims)
    taken = [asked(one.database, size.rounds) for one in (small, large)]
    for name in taken[0]:
        goal, what = "S1" if name == "idle tick" else "S2", f"{name}, {large.claims:,} claims against {small.claims:,}"
        yield cpu_at_most(goal, what, Taken(0, taken[1][name]), Taken(0, taken[0][name]), 1.5)
    rows, jobs = yard.run(by_rows(large.database, 8)), by_jobs(yard.folder, 200)
    yield cpu_at_most("S1", "a due deadline, against APScheduler's SQL store", Taken(0, rows), Taken(0, jobs), 0.2)
    yield absolute("S1", f"idle tick with {large.claims:,} claims", taken[1]["idle tick"], 1, "ms")


def on_postgres(yard: Yard, size: Size) -> Iterator[Line]:
    """P1: the rows of 32 messages in one transaction, against those of one."""
    costs = postgres.measured(yard.folder, size.rounds, size.answered)
    if isinstance(costs, str):
        yield missing("P1", "PostgreSQL in batches", costs)
        return
    yield cpu_at_most("P1", "PostgreSQL, CPU of 32 messages a transaction, against one", costs.batch, costs.single, 0.2)
    yield at_least("P1", "PostgreSQL, rate of that", costs.batch, costs.single, 1)


GROUPS: dict[str, Callable[[Yard, Size], Iterator[Line]]] = {
    "accept": accepting,
    "slow_disk": slow_disk,
    "end_to_end": end_to_end,
    "breakdown": stages,
    "backlog": backlog,
    "outgoing": outgoing,
    "scale": scale,
    "postgres": on_postgres,
}
