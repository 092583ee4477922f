"""Every mail says what domain §7 wants it to say, in text and HTML alike."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from mailbot.claims.mails import MAILS
from mailbot.outbound import gallery
from mailbot.outbound.gallery import Exhibit, exhibits
from mailbot.templates import Rendered, Templates
from mailbot.wording.filling import columns
from mailbot.wording.words import MARKER

TEMPLATES = Templates({"teams": "Teams", "exchange_online": "Exchange Online"}, folders=("mail",))
COMPOSER = gallery.composer(TEMPLATES)
ALL = list(exhibits("en"))
DAY = "Monday, March 9, 2026"

MUST_SAY = {
    "claim_received-partner": [
        "CLM-7K3QF2", "Tenant: 11111111-2222", "GUID", "missing lines only", "proof.pdf: accepted",
    ],
    "claim_received-partner-complete": ["Nothing is missing"],
    "claim_received-partner-changed": ["Products: Teams, Yammer → Teams", "right line"],
    "claim_submitted-partner": ["CLM-7K3QF2", f"review starts by {DAY}", "still change: Location, Products"],
    "customer_heads_up-customer": [
        "need do nothing", "Fabrikam", "customer.example", "reply “no”", "Claims office", "Petr Dvořák",
        "24 months after", "corrected or erased", "object", "data protection authority", "Art. 6(1)(f)",
    ],
    "review_assigned-reviewer": ["CLM-7K3QF2", "acceptance protocol.pdf", "approve contact", "https://mail.example/claims/"],
    "review_started-partner": [f"decision is due by {DAY}"],
    "info_request-partner": [
        "1) The customer's signature is missing — The signature page is missing.", DAY, "Reply and attach",
        "Without an answer by then the claim is rejected",
    ],
    "info_request-partner-in_dispute": ["the rejection becomes final"],
    "evidence_receipt-partner": ["proof.pdf: accepted", "1) The customer's signature", "GUID"],
    "action_reminder-partner": ["1) The customer's signature", DAY, "still open"],
    "action_reminder-partner-dispute": ["dispute that until", "“dispute:”"],
    "arbitration_notice-partner": ["takes longer", "newest evidence counts", "add evidence"],
    "arbitration_notice-partner-incumbent": ["stays active"],
    "claim_approved-partner": ["not payable", DAY, "only when the association is active"],
    "claim_approved-partner-unverified": ["silence is not enough"],
    "consent_prompt-customer": [
        "Fabrikam", "customer.example (11111111", "Teams and Exchange Online", "usage figures", "Nothing else",
        "recommend improvements", "No action needed", f"reply “no” by {DAY}", "https://mail.example/c/",
        "petr@fabrikam.example", "Contoso Consulting",
    ],
    "consent_prompt-customer-unverified": ["you need do nothing, and then nothing is shared", "only if you say yes"],
    "consent_prompt-second-away": ["Jana Nováková is out of office"],
    "consent_reminder-customer": ["need do nothing", f"reply “no” by {DAY}", "Contoso Consulting", "usage figures"],
    "claim_rejected-partner": [
        "the evidence does not prove the work", "The work is not shown.", "“dispute:”", "business case",
        "new evidence", "Monday, March 16, 2026", "https://mail.example/p/",
    ],
    "claim_rejected-partner-final": ["make a new claim"],
    "decline_confirmed-customer": [
        "No association started", "undo it until Monday, March 16, 2026", "press “Take my no back”",
    ],
    "decline_confirmed-customer-ended": ["ended on Monday, March 2, 2026", "which began on"],
    "customer_declined-partner": ["No association starts", "No review and no dispute can undo"],
    "customer_declined-partner-ended": ["has ended", "active since"],
    "association_active-partner": [
        "active since Monday, March 2, 2026", "earnings", "tenant id 11111111", "can now see",
    ],
    "association_active-customer": [
        "usage figures", "active since Monday, March 2, 2026", "reply “no”", "No objection reached us",
    ],
    "association_ended-partner": ["at the partner's request", "Monday, March 2, 2026"],
    "association_ended-customer": ["at the partner's request", "no longer can"],
    "claim_ended-customer": ["Nothing was shared", "need do nothing"],
    "dispute_received-partner": [f"due by {DAY}"],
    "dispute_decided-partner": ["confirmed the rejection", "The work is not shown."],
    "dispute_decided-partner-approved": ["accepted your evidence"],
    "subscription_expiring-partner": ["April 1, 2026", "new claim with the new subscription id"],
    "delivery_problem-partner": ["jana@customer.example", "stands still", "Customer email: jana@customer.example"],
    "delivery_problem-office-delayed": ["has not arrived yet"],
    "deadline_moved-customer": [
        f"Old date: {DAY}", "New date: Monday, March 16, 2026", "out of office", "need do nothing",
    ],
    "question_answered-customer": ["What is this?", "Fabrikam helps you with Teams.", f"reply “no” by {DAY}"],
    "review_overdue-office": ["CLM-7K3QF2", "was due on Monday, March 9, 2026"],
    "review_overdue-partner": ["We are late", "you need do nothing"],
    "not_understood-person": ["hello", "Nothing was changed", "submit and cancel the draft", "first line"],
    "not_understood-person-refused": ["Nothing was changed.", "open are 1 and 2", "submit and cancel"],
    "not_authorised-person": ["Nothing was changed", "incentives admin", "Only an incentives admin may submit."],
    "claim_closed-person": ["Nothing was changed", "The time to dispute has passed.", "comment"],
    "wrong_process-person": ["co-op claim", "Nothing was changed", "Partner Center"],
    "confirm_act-person": ["Submit · CLM-7K3QF2", "Teams roll-out", "confirm, once for all", "need do nothing"],
    "sign_in-person": ["https://m.example/login/x", "works once"],
    "help-person": ["Tenant: 00000000", "dispute: text", "claims@mail.example"],
    "help-person-reviewer": ["uphold: text"],
    "status-person": ["CLM-7K3QF2", "Partner action required", DAY],
    "daily_digest-person": ["CLM-7K3QF2", DAY, "1 open"],
    "office_attention-office": ["A customer's question · CLM-7K3QF2", "What is this?", "https://mail.example/office"],
}  # fmt: skip


class Reader(HTMLParser):
    """The text a person sees, and what a mail must not contain."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.stack: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "background")]
        if tag not in ("meta", "br", "hr"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.words.append(data)


def rendered(exhibit: Exhibit) -> Rendered:
    return COMPOSER.words(exhibit.order)


def seen(html: str) -> str:
    reader = Reader()
    reader.feed(html)
    assert reader.stack == []
    return " ".join(" ".join(reader.words).split())


def named(name: str) -> Exhibit:
    return next(e for e in ALL if e.name == name)


def test_there_is_a_template_for_every_mail_and_none_besides() -> None:
    assert set(TEMPLATES.mails) == set(MAILS)


def test_every_code_is_held_to_what_it_must_say() -> None:
    assert {name.split("-")[0] for name in MUST_SAY} == set(MAILS)


@pytest.mark.parametrize("name", MUST_SAY)
def test_both_parts_say_what_the_domain_wants(name: str) -> None:
    words = rendered(named(name))
    text = " ".join(f"{words.subject} {words.text}".split())
    html = seen(words.html)
    for phrase in MUST_SAY[name]:
        assert phrase in text
        if not phrase.startswith("https://"):
            # The table of the HTML part has no colons between label and value.
            assert phrase.replace(": ", " ") in html.replace(": ", " ")
        else:
            assert phrase in words.html


@pytest.mark.parametrize("exhibit", ALL, ids=lambda e: e.name)
def test_the_text_part_fits_a_terminal_and_begins_with_the_marker(exhibit: Exhibit) -> None:
    text = rendered(exhibit).text
    assert text.startswith(MARKER + "\n\n")
    assert "\n\n\n" not in text
    for line in text.splitlines():
        assert columns(line) <= 72 or " " not in line.strip()
        assert line == "-- " or line == line.rstrip()


@pytest.mark.parametrize("exhibit", ALL, ids=lambda e: e.name)
def test_the_html_part_is_well_formed_and_fetches_nothing(exhibit: Exhibit) -> None:
    html = rendered(exhibit).html
    reader = Reader()
    reader.feed(html)
    assert reader.stack == []
    assert not reader.tags & {"img", "script", "link", "iframe", "form", "video", "object", "svg"}
    assert not re.search(r"url\(|@import", html)
    assert all(link.startswith(("https://mail.example/", "https://m.example/")) for link in reader.links)
    assert '<html lang="en">' in html
    assert "prefers-color-scheme: dark" in html
    assert len(html) < 20_000


@pytest.mark.parametrize("exhibit", ALL, ids=lambda e: e.name)
def test_styles_stand_in_the_tags(exhibit: Exhibit) -> None:
    html = rendered(exhibit).html
    for tag in re.findall(r'<[a-z0-9]+ [^>]*class="[^>]*>', html):
        assert "style=" in tag, tag


def test_customers_are_told_in_every_mail_that_they_need_do_nothing() -> None:
    for exhibit in ALL:
        if "-customer" in exhibit.name:
            assert "need do nothing" in " ".join(rendered(exhibit).text.split()), exhibit.name


def test_silence_is_never_called_consent_to_customers() -> None:
    for exhibit in ALL:
        if "-customer" in exhibit.name or "-second" in exhibit.name:
            assert not re.search(r"\bconsent", rendered(exhibit).text, re.IGNORECASE), exhibit.name


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        TEMPLATES.render("review_started", "en", {})


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(TemplateNotFound):
        TEMPLATES.render("nonsense", "en", {})
    with pytest.raises(TemplateNotFound):
        TEMPLATES.render_page("nonsense", "en", {})


def test_the_gallery_writes_every_mail_under_its_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("gallery")
    files = gallery.write(folder, TEMPLATES, ["en"])
    names = [path.name for path in files]
    assert len(names) == len(set(names))
    assert {name.split("-")[0] for name in names[:-1]} == set(MAILS)
    assert all(path.stat().st_size > 200 for path in files)
