"""The parts of the bench run: nothing here asks how fast anything is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.figures import Taken, absolute, at_least, cpu_at_most, in_turns, missing, printed
from bench.goals import Size, numbered, outgoing, plain
from bench.yard import Yard


@pytest.fixture
def yard() -> Iterator[Yard]:
    with Yard() as made:
        yield made


def test_a_line_says_whether_its_goal_is_met() -> None:
    ours, theirs = Taken(rate=300, cpu=0.2), Taken(rate=100, cpu=1.0)
    lines = [
        at_least("E1", "rate", ours, theirs, 2),
        cpu_at_most("E1", "CPU", ours, theirs, 0.1),
        absolute("M1", "memory", 200, 180, "MiB"),
        missing("A1", "accept", "postfix is not installed"),
    ]
    assert [line.met for line in lines] == [True, False, False, None]
    assert "| E1 | rate | 300/s | 100/s | 3.00 | >= 2 | met |" in printed(lines)
    assert "postfix is not installed" in printed(lines)


def test_contenders_take_turns_and_their_median_counts() -> None:
    turns: list[str] = []

    def contender(name: str, rates: list[float]) -> Taken:
        turns.append(name)
        return Taken(rates.pop(0))

    a, b = [1.0, 90.0, 3.0], [5.0, 5.0, 5.0]
    assert in_turns([lambda: contender("a", a), lambda: contender("b", b)], 3) == [Taken(3.0), Taken(5.0)]
    assert turns == ["a", "b"] * 3


def test_stock_aiosmtpd_takes_what_the_senders_hand_over(yard: Yard) -> None:
    stock = yard.stock()
    for kept in (True, False):
        taken = yard.accepts(stock, plain(6, 4096), 2, kept=kept)
        assert taken.rate > 0


def test_the_days_work_answers_each_reply(yard: Yard) -> None:
    yard.answers(yard.days_work(3), numbered(3))
    assert yard.relay.taken == 3


def test_sending_over_kept_connections_opens_fewer(yard: Yard) -> None:
    line = next(outgoing(yard, Size(rounds=1, answered=10)))
    assert line.goal == "O1"
    assert yard.relay.taken == 20
    assert yard.relay.connections == 8 + 10


def test_a_refused_mail_ends_the_round(yard: Yard, tmp_path: Path) -> None:
    app = yard.days_work(1)
    with pytest.raises(RuntimeError, match="550 no such claim"):
        yard.accepts(app, numbered(2)[1:], 1)
