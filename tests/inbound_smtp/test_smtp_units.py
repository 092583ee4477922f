"""The parts without sockets: deadlines, counts, budgets, spool files, mailboxes, host and port."""

import os
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.inbound import replies
from mailbot.inbound.flood import Budget, Tally
from mailbot.inbound.gate import Gate, source_of
from mailbot.inbound.listener import split_host_port
from mailbot.inbound.paths import parse_mailbox, split_path
from mailbot.inbound.replies import Reply
from mailbot.inbound.spool import Spool, sweep
from mailbot.inbound.watch import Watch
from mailbot.limits import Limits

SHIPPED = Limits()


def test_a_session_has_fifteen_minutes_and_thirty_with_data() -> None:
    watch = Watch(SHIPPED, 1000)
    for minute in range(15):
        watch.heard(1000 + 60 * minute)
    assert watch.deadline(crowded=False) == (1000 + 15 * 60, replies.SESSION_OVER)
    watch.data_begins(1800)
    watch.heard(1800)
    assert watch.deadline(crowded=False) == (1800 + 5 * 60, replies.IDLE)
    watch.heard(2700)
    assert watch.deadline(crowded=False) == (1000 + 30 * 60, replies.SESSION_OVER)


def test_idle_is_five_minutes_and_ten_seconds_under_overload() -> None:
    watch = Watch(SHIPPED, 0)
    assert watch.deadline(crowded=False) == (300, replies.IDLE)
    assert watch.deadline(crowded=True) == (10, replies.IDLE)
    assert watch.heard_at == 0


def test_data_must_keep_500_bytes_a_second_after_a_minute() -> None:
    watch = Watch(SHIPPED, 0)
    watch.data_begins(100)
    assert watch.deadline(crowded=True) == (160, replies.DATA_SLOW)
    watch.data_came(29_999, 150)
    assert watch.deadline(crowded=False)[0] == 160
    watch.data_came(5_001, 155)
    assert watch.deadline(crowded=False)[0] == 170
    watch.data_came(1_000_000, 169)
    assert watch.deadline(crowded=False)[0] == 169 + 180


def test_data_has_thirty_minutes_at_any_speed() -> None:
    watch = Watch(Limits(session_with_data_seconds=9999, data_min_rate=1), 0)
    watch.data_begins(100)
    watch.data_came(10**9, 1890)
    assert watch.deadline(crowded=False) == (1900, replies.DATA_SLOW)


def test_a_steady_sender_is_never_idle() -> None:
    """The stock session kills it after its idle time, without a reply (security §7, A4)."""
    watch = Watch(SHIPPED, 0)
    watch.data_begins(10)
    for now in range(20, 1700, 100):
        watch.data_came(60_000, now)
        assert watch.deadline(crowded=True)[0] > now + 100


def test_nothing_is_late_while_we_are_at_work() -> None:
    watch = Watch(SHIPPED, 0)
    watch.rest()
    assert watch.deadline(crowded=True)[0] == inf


def test_a_tally_forgets_at_the_next_window() -> None:
    tally = Tally(60)
    assert [tally.add("a", 2, 59), tally.add("a", 3, 59.9), tally.count("b", 59.9)] == [2, 5, 0]
    assert tally.count("a", 60) == 0


def test_a_budget_gives_what_it_has_and_no_more() -> None:
    budget = Budget(10)
    assert budget.take(10)
    assert budget.exhausted
    assert not budget.take(1)
    budget.give_back(10)
    assert (budget.held, budget.exhausted) == (0, False)


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_who_counts_as_one_peer(host: str, source: str) -> None:
    assert source_of(host) == source


def test_upstream_peers_are_addresses_and_networks() -> None:
    gate = Gate(SHIPPED, ["192.0.2.0/24", "2001:db8::1"])
    hosts = ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "192.0.3.1", "2001:db8::2", "")
    assert [gate.is_upstream(host) for host in hosts] == [True, True, True, False, False, False]


def test_a_refused_message_keeps_nothing(tmp_path: Path) -> None:
    budget = Budget(1000)
    spool = Spool(tmp_path, memory_bytes=4, limit=8, budget=budget)
    spool.write(b"12345")
    assert (len(list(tmp_path.iterdir())), budget.held) == (1, 5)
    spool.write(b"67890")
    assert (list(tmp_path.iterdir()), budget.held) == ([], 0)
    spool.write(b"1")
    assert (spool.problem, spool.swallowed) == (replies.TOO_LARGE, 6)


def test_a_spool_file_that_was_moved_away_stays_where_it_is(tmp_path: Path) -> None:
    spool = Spool(tmp_path, memory_bytes=1, limit=100, budget=Budget(100))
    spool.write(b"12")
    spool.write(b"3")
    spool.close()
    assert isinstance(spool.content, Path)
    assert oct(spool.content.stat().st_mode)[-3:] == "600"
    kept = spool.content.rename(tmp_path / "kept")
    spool.discard()
    spool.discard()
    assert kept.read_bytes() == b"123"


def test_a_full_disk_is_a_reply_and_no_exception(tmp_path: Path) -> None:
    """/dev/full takes every open and no byte."""
    (tmp_path / "gone").mkdir()
    spool = Spool(tmp_path / "gone", memory_bytes=1, limit=100, budget=Budget(100))
    (tmp_path / "gone").rmdir()
    spool.write(b"12")
    assert spool.problem is replies.FAULT
    spool = _FullSpool(tmp_path, memory_bytes=1, limit=100, budget=Budget(100))
    spool.write(b"12")
    assert spool.problem is replies.DISK_LOW


class _FullSpool(Spool):
    """A spool whose file lies on a full disk."""

    def _open(self):  # type: ignore[no-untyped-def]
        self._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
        self._path = self._folder / "never-made"
        return self._file


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    for name, age in (("mail-old.part", 7300), ("mail-new.part", 60), ("other.part", 9999)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (100_000 - age, 100_000 - age))
    assert sweep(tmp_path, 100_000) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail-new.part", "other.part"]


@pytest.mark.parametrize(
    ("text", "local_part"),
    [
        ("a@b", "a"),
        ("a.b-c+d_e@x-y.test", "a.b-c+d_e"),
        ("!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~"),
        ('"a b"@x.test', "a b"),
        ('"a\\"b\\\\"@x.test', 'a"b\\'),
        ('"@"@x.test', "@"),
        ("a@[192.0.2.1]", "a"),
        ("a@[IPv6:2001:db8::1]", "a"),
        ("x" * 64 + "@x.test", "x" * 64),
        ("SRS1=AbCd=first.test==" + "x" * 70 + "@x.test", "SRS1=AbCd=first.test==" + "x" * 70),
        ("a@" + "x" * 63 + ".test", "a"),
    ],
)
def test_mailboxes_of_rfc_5321(text: str, local_part: str) -> None:
    mailbox = parse_mailbox(text)
    assert mailbox is not None
    assert (mailbox.local_part, mailbox.text) == (local_part, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a@",
        "@x.test",
        "a",
        ".a@x.test",
        "a.@x.test",
        "a b@x.test",
        "a@x..test",
        "a@.x",
        "a@x.test.",
        "a@x_y.test",
        "a@-x.test",
        "a@x-.test",
        'a"b"@x.test',
        '"a"b@x.test',
        '"a\x7f"@x.test',
        '"a\r"@x.test',
        '"unclosed@x.test',
        "a@[1.2.3]",
        "a@[IPv6:1]",
        "a@[2001:db8::1]",
        "a@[tag:x]",
        "x" * 65 + "@x.test",
        "a@" + "x" * 64 + ".test",
        "a@" + ".".join(["x" * 50] * 6),
        "a@x.test\n",
        "é@x.test",
        "a@\N{FULLWIDTH COMMERCIAL AT}x.test",
        "K@x.test".replace("K", "\N{KELVIN SIGN}"),
    ],
)
def test_everything_else_is_no_mailbox(text: str) -> None:
    assert parse_mailbox(text) is None


@given(st.text(max_size=300))
def test_no_text_makes_the_parsers_raise(text: str) -> None:
    parse_mailbox(text)
    split_path("FROM:" + text, "FROM:")


def test_brackets_are_found_around_quotes() -> None:
    assert split_path('FROM:<"a>b"@x.test>  SIZE=1 BODY=7BIT', "FROM:") == ('"a>b"@x.test', ["SIZE=1", "BODY=7BIT"])
    assert split_path("from: <>", "FROM:") == ("", [])
    assert split_path("FROM:<a@b>SIZE=1", "FROM:") is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("127.0.0.1:25", ("127.0.0.1", 25)), ("[::1]:0", ("::1", 0)), ("mail.example:8025", ("mail.example", 8025))],
)
def test_host_and_port(text: str, wanted: tuple[str, int]) -> None:
    assert split_host_port(text) == wanted


@pytest.mark.parametrize("text", ["25", ":25", "host:", "host:x", "host:65536", "::1:25", "host:-1", "[]:25", "host:²"])
def test_other_texts_are_named_as_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        split_host_port(text)


def test_every_reply_has_an_enhanced_code_of_its_class_and_temporary_faults_are_never_5xx() -> None:
    constants = [value for value in vars(replies).values() if isinstance(value, Reply) and value.code not in (0, 354)]
    assert len(constants) > 40
    for reply in constants:
        assert reply.status.split(".")[0] == str(reply.code)[0]
        assert reply.line.endswith(b"\r\n")
        assert len(reply.line) <= 512
        assert reply.code < 400 or reply.code != 421 or reply.then == "close"
    for reply in (replies.FAULT, replies.FAULT_IN_DATA, replies.BUSY, replies.DISK_LOW):
        assert reply.code < 500
