"""Claims, mail in, mail out and traces, as an operator sees them at two in the morning."""

import pytest
from cli_home import CLAIM, PDF, Home


@pytest.fixture
def home(claimed: Home) -> Home:
    return claimed


def test_a_claim_is_listed_and_found_by_the_beginning_of_what_is_known(home: Home) -> None:
    for text in ("", CLAIM[:6], "teams", "customer.ex", "jana@"):
        assert CLAIM in home.done("claim", "list", text)
    assert home.done("claim", "list", "nobody") == "no claims\n"
    assert home.done("claim", "list", "--status", "approved") == "no claims\n"
    [claim] = home.json("claim", "list", "--open")
    assert (claim["id"], claim["status"]) == (CLAIM, "submitted")


def test_a_list_by_something_unknown_is_refused(home: Home) -> None:
    assert "sort by one of" in home.refused("claim", "list", "--sort", "beauty")


def test_a_claim_is_shown_whole_in_any_case_of_its_id(home: Home) -> None:
    text = home.done("claim", "show", CLAIM.lower())
    assert "submitted" in text
    assert "jana@customer.example" in text
    assert home.json("claim", "show", CLAIM)["products"] == [{"code": "teams", "subscription_id": None, "ends": None}]


def test_a_claim_that_is_not_there_is_said_to_be_missing(home: Home) -> None:
    for words in (("show",), ("history",), ("evidence",)):
        assert home.refused("claim", *words, "CLM-999999") == "there is no claim CLM-999999"


def test_the_history_tells_who_changed_what(home: Home) -> None:
    kinds = [entry["kind"] for entry in home.json("claim", "history", CLAIM)]
    assert kinds == ["drafted", "evidence_added", "submitted"]
    text = home.done("claim", "history", CLAIM)
    assert "submitted  by petr@fabrikam.example (cli)" in text
    assert "status: draft → submitted" in text


def test_evidence_is_listed_and_saved_under_harmless_names(home: Home) -> None:
    [file] = home.json("claim", "evidence", CLAIM)
    assert (file["name"], file["verdict"]) == ("proof of work.pdf", "accepted")
    assert "proof of work.pdf" in home.done("claim", "evidence", CLAIM)
    folder = home.folder / "saved"
    printed = home.done("claim", "evidence", CLAIM, "--save", folder).split()
    [saved] = folder.iterdir()
    assert printed == [str(saved)]
    assert saved.name.endswith("-proof_of_work.pdf")
    assert saved.read_bytes() == PDF


def test_held_mail_is_listed_shown_and_read_again(home: Home) -> None:
    item = home.with_held_mail()
    assert str(item) in home.done("inbox", "list", "--disposition", "held")
    assert home.done("inbox", "list", "--disposition", "quarantined") == "no mail\n"
    shown = home.done("inbox", "show", item)
    assert "unknown_sender" in shown
    assert "Is anybody there?" in shown
    assert home.json("inbox", "show", item)["reading"] == {"reply_text": "Is anybody there?"}
    assert home.run("inbox", "show", item, "--raw").stdout_bytes.endswith(b"\r\n\r\nIs anybody there?\r\n")
    assert home.done("inbox", "replay", item) == f"{item} will be read again\n"
    assert home.json("inbox", "list")[0]["disposition"] == "accepted"


def test_a_mail_is_attached_to_a_claim_that_exists(home: Home) -> None:
    item = home.with_held_mail()
    assert home.refused("inbox", "attach", item, "CLM-999999") == "there is no claim CLM-999999"
    home.done("inbox", "attach", item, CLAIM.lower())
    [found] = home.json("inbox", "list", "--claim", CLAIM)
    assert (found["disposition"], found["claim_id"]) == ("accepted", CLAIM)


def test_an_applied_mail_is_never_read_twice(home: Home) -> None:
    item = home.with_held_mail(claim_id=CLAIM, disposition="applied")
    assert home.refused("inbox", "replay", item) == f"mail {item} is applied and is not read again"


def test_mail_that_is_not_there_is_said_to_be_missing(home: Home) -> None:
    for words in (("inbox", "show"), ("inbox", "replay")):
        assert home.refused(*words, 7) == "there is no mail 7"
    assert home.refused("outbox", "show", 7) == "there is no outgoing item 7"


def test_outgoing_mail_is_listed_without_its_keys(home: Home) -> None:
    items = home.json("outbox", "list", "--state", "queued")
    assert {"claim_submitted", "review_assigned"} <= {item["code"] for item in items}
    assert not {"message_id", "mail_from", "body"} & set(items[0])
    shown = home.done("outbox", "show", items[0]["id"])
    assert items[0]["code"] in shown
    assert "mail.test" not in shown
    assert home.json("outbox", "show", items[0]["id"])["state"] == "queued"


def test_a_mail_is_shown_when_it_is_asked_for(home: Home) -> None:
    item = home.json("outbox", "list", "--claim", CLAIM)[0]["id"]
    assert "Message-ID:" in home.done("outbox", "show", item, "--raw")


def test_a_waiting_mail_is_cancelled_once_and_a_bounced_one_sent_again(home: Home) -> None:
    item = home.json("outbox", "list")[0]["id"]
    assert home.done("outbox", "cancel", item) == f"{item} is cancelled\n"
    assert "is not waiting to be sent" in home.refused("outbox", "cancel", item)
    assert "is not bounced, expired or deferred" in home.refused("outbox", "retry", item)
    home.sql("UPDATE outbox SET state = 'bounced' WHERE id = ?", item)
    assert home.done("outbox", "retry", item) == f"{item} is queued\n"


def test_a_trace_is_one_timeline_of_what_came_went_and_happened(home: Home) -> None:
    home.with_held_mail(claim_id=CLAIM)
    lines = home.json("trace", CLAIM)
    assert {line["where"] for line in lines} == {"in", "out", "claim"}
    assert lines == sorted(lines, key=lambda line: line["at"])
    assert "petr@fabrikam.example" in home.done("trace", "Petr@Fabrikam.example")
    for text in ("<hello@knows.example>", "hello@knows.example", "who@knows.example", "192.0.2.7"):
        [line] = home.json("trace", text)
        assert line["what"] == "from who@knows.example, hello, held, unknown_sender"
    assert home.done("trace", "nobody@nowhere.example") == "nothing is known about nobody@nowhere.example\n"


def test_refused_mail_is_traced_too(home: Home) -> None:
    home.sql(
        "INSERT INTO refusals (id, at, peer, mail_from, rcpt, code, reason)"
        " VALUES (1, 0, '192.0.2.9', 'bad@guess.example', '', 550, 'unknown_address')"
    )
    [line] = home.json("trace", "192.0.2.9")
    assert line["where"] == "refused"
    assert line["what"] == "from <bad@guess.example>, 550, unknown_address"


def test_nothing_printed_can_steer_a_terminal(home: Home) -> None:
    home.with_held_mail()
    home.sql("UPDATE inbox SET subject = 'hi \x1b[2J\x07 there'")
    assert "\x1b" not in home.done("inbox", "list")
    assert "\x1b" not in home.done("trace", "who@knows.example")
