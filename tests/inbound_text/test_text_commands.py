"""First-line commands of partners and reviewers, in five languages, and what is not one."""

import pytest

from mailbot.inbound.commands import Command, read_command, reason_code


@pytest.mark.parametrize("role", ["partner", "reviewer", "", "customer"])
@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("help", "help"),
        ("Help!", "help"),
        ("STATUS", "status"),
        ("status.", "status"),
        ("nápověda", "help"),
        ("pomoc", "help"),
        ("súgó", "help"),
        ("說明", "help"),
        ("stav", "status"),
        ("狀態", "status"),
        ("\n\n  Status\n\nAnn", "status"),
    ],
)
def test_anyone_may_ask_for_help_and_status(text: str, verb: str, role: str) -> None:
    assert read_command(text, role) == Command(verb)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("submit", "submit"),
        ("Submit.", "submit"),
        ("*Submit*", "submit"),
        ("cancel", "cancel"),
        ("odeslat", "submit"),
        ("zrušit", "cancel"),
        ("wyślij", "submit"),
        ("anuluj", "cancel"),
        ("beküldés", "submit"),
        ("提交", "submit"),
        ("取消", "cancel"),
    ],
)
def test_a_partner_submits_and_cancels(text: str, verb: str) -> None:
    assert read_command(text, "partner") == Command(verb)
    assert read_command(f"{text}\n\nBest regards\nEva", "partner") == Command(verb)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("dispute: we did it", "dispute"),
        ("Dispute : we did it", "dispute"),
        ("dispute：we did it", "dispute"),
        ("rozporovat: we did it", "dispute"),
        ("withdraw: we did it", "withdraw"),
        ("wycofuję: we did it", "withdraw"),
        ("disassociate: we did it", "disassociate"),
        ("comment: we did it", "comment"),
        ("vitatás: we did it", "dispute"),
        ("提出爭議：we did it", "dispute"),
        ("dispute:\nwe did it", "dispute"),
        ("Zrušit přidružení: we did it", "disassociate"),
    ],
)
def test_a_partner_gives_reasons_behind_a_colon(text: str, verb: str) -> None:
    assert read_command(text, "partner") == Command(verb, "we did it")


def test_the_text_of_a_command_goes_on_below() -> None:
    command = read_command("dispute: we did it\nsee page 4\n\nand page 5", "partner")
    assert command == Command("dispute", "we did it\nsee page 4\n\nand page 5")


def test_a_dispute_may_come_without_words() -> None:
    assert read_command("dispute", "partner") == Command("dispute")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "cancel the meeting",
        "We dispute: nothing",
        "dispute the decision",
        "submit it please: today",
        "comment on this",
        "Please help me with this",
        "approve",
        "1) submit",
        "status of the claim is unclear",
    ],
)
def test_plain_words_are_no_command_of_a_partner(text: str) -> None:
    assert read_command(text, "partner") is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("start", Command("start")),
        ("zahájit", Command("start")),
        ("approve", Command("approve")),
        ("Approve.", Command("approve")),
        ("schválit", Command("approve")),
        ("zatwierdź", Command("approve")),
        ("jóváhagyás", Command("approve")),
        ("核准", Command("approve")),
        ("approve contact: page 3 of the contract", Command("approve", "page 3 of the contract")),
        ("schválit kontakt: strana 3", Command("approve", "strana 3")),
        ("uphold: nothing new", Command("uphold", "nothing new")),
        ("answer: the data are counts only", Command("answer", "the data are counts only")),
    ],
)
def test_a_reviewer_decides(text: str, command: Command) -> None:
    assert read_command(text, "reviewer") == command


@pytest.mark.parametrize(
    "text",
    [
        "reject missing_products: Teams is not named",
        "reject missing products: Teams is not named",
        "Reject: missing products: Teams is not named",
        "zamítnout chybí produkty: Teams is not named",
        "odrzuć brak produktów: Teams is not named",
        "拒絕 缺少產品：Teams is not named",
    ],
)
def test_a_reviewer_rejects_with_a_reason_in_code_or_words(text: str) -> None:
    command = read_command(text, "reviewer")
    assert command is not None
    assert (command.verb, command.items) == ("reject", (("missing_products", "Teams is not named"),))


def test_a_reviewer_asks_several_things() -> None:
    command = read_command(
        "ask missing signature: sign page 3\nmissing_or_old_dates: which day?\nwe need it soon", "reviewer"
    )
    assert command is not None
    assert command.items == (
        ("missing_customer_ack", "sign page 3"),
        ("missing_or_old_dates", "which day?\nwe need it soon"),
    )


def test_a_list_below_ask_is_read() -> None:
    command = read_command("ask:\n1) missing date: which day?\n- brak podpisu: podpis", "reviewer")
    assert command is not None
    assert command.items == (("missing_or_old_dates", "which day?"), ("missing_customer_ack", "podpis"))


@pytest.mark.parametrize(
    "text",
    [
        "arbitrate CLM-7K3QF2: newest evidence",
        "Arbitrate clm-7k3qf2: newest evidence",
        "arbitrate: CLM-7K3QF2 newest evidence",
    ],
)
def test_a_reviewer_arbitrates_by_the_winners_id(text: str) -> None:
    command = read_command(text, "reviewer")
    assert command is not None
    assert (command.verb, command.items) == ("arbitrate", (("CLM-7K3QF2", "newest evidence"),))


@pytest.mark.parametrize(
    "text",
    [
        "reject",
        "reject nonsense: x",
        "ask",
        "ask nonsense: x",
        "arbitrate: the newest",
        "approve it",
        "approve: x",
        "start now",
    ],
)
def test_half_a_command_is_no_command_of_a_reviewer(text: str) -> None:
    assert read_command(text, "reviewer") is None


def test_a_reason_is_known_as_code_and_in_words() -> None:
    assert reason_code("missing_customer_ack") == "missing_customer_ack"
    assert reason_code("Chybí podpis") == "missing_customer_ack"
    assert reason_code("whatever") is None
