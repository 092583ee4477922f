"""From an order to bytes: headers, addresses, threads; nothing a user wrote becomes more than text."""

import email
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.claims.events import Mail
from mailbot.claims.mails import MAILS
from mailbot.claims.model import Contact, Party
from mailbot.keys import Keyring, SigningKey
from mailbot.outbound import gallery
from mailbot.outbound.compose import REMINDERS, Composer, Order, Outgoing, Thread
from mailbot.outbound.gallery import CLAIM, SECOND_CLAIM, exhibits
from mailbot.outbound.message import clean_header
from mailbot.templates import Templates
from mailbot.tokens import Tokens

ALWAYS = [
    "Date", "From", "To", "Reply-To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Loop",
    "MIME-Version", "Content-Type",
]  # fmt: skip
LISTED = ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"]


@lru_cache(1)  # one mail is asked several things
def parse(outgoing: Outgoing) -> EmailMessage:
    read = email.message_from_bytes(outgoing.raw, policy=default)
    assert isinstance(read, EmailMessage)
    return read


def text_of(outgoing: Outgoing, kind: str = "plain") -> str:
    body = parse(outgoing).get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def flat(outgoing: Outgoing) -> str:
    return " ".join(text_of(outgoing).split())


def order(code: str, party: Party | None = None, **changes: object) -> Order:
    wanted = party or MAILS[code].to[0]
    found = next(e.order for e in exhibits("en") if e.name == f"{code}-{wanted}")
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("exhibit", list(exhibits("en")), ids=lambda e: e.name)
def test_every_mail_has_exactly_its_headers(composer: Composer, exhibit: gallery.Exhibit) -> None:
    read = parse(composer.compose(exhibit.order))
    listed = LISTED if exhibit.order.mail.code in REMINDERS else []
    assert sorted(read.keys()) == sorted(ALWAYS + listed)
    assert not read.defects


def test_a_notice_carries_what_a_mail_system_needs_to_know(composer: Composer) -> None:
    out = composer.compose(order("consent_prompt"))
    read = parse(out)
    reply = "rexampleexampleexampleexampleabcd@mail.example"
    assert out.message_id == reply
    assert read["Message-ID"] == f"<{reply}>"
    assert read["Reply-To"] == reply
    assert read["X-Loop"] == reply
    assert read["From"] == "Claims office <claims@mail.example>"
    assert read["To"] == "Jana Nováková <jana@customer.example>"
    assert read["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "All"
    assert read["List-Id"] == "<consent-prompt.mail.example>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = "uexampleexampleexampleexampleabcd"
    assert read["List-Unsubscribe"] == f"<https://mail.example/u/{token}>, <mailto:{token}@mail.example>"
    assert out.mail_from == "bexampleexampleexampleexampleabcd@mail.example"
    assert out.rcpt == "jana@customer.example"
    assert str(read["Subject"]).startswith("[CLM-7K3QF2] ")
    assert out.subject == read["Subject"]


def test_an_answer_has_the_null_sender_and_says_so(composer: Composer) -> None:
    out = composer.compose(order("help"))
    assert out.mail_from == ""
    assert parse(out)["Auto-Submitted"] == "auto-replied"


def test_the_same_order_gives_the_same_bytes(composer: Composer) -> None:
    assert composer.compose(order("info_request")) == composer.compose(order("info_request"))


def test_a_thread_is_continued_and_strange_ids_are_left_out(composer: Composer) -> None:
    thread = Thread("<b@x.example>", ("a@x.example", "evil>\r\nBcc: x@y", "no-at-sign", "b@x.example"))
    read = parse(composer.compose(order("info_request", thread=thread)))
    assert read["In-Reply-To"] == "<b@x.example>"
    assert read["References"] == "<a@x.example> <b@x.example>"
    assert read["Bcc"] is None


def test_addresses_are_signed_for_their_handle_and_purpose(templates: Templates) -> None:
    tokens = Tokens(Keyring((SigningKey(1, bytes(range(100, 132)), "signing"),)))
    composer = Composer(
        templates=templates,
        tokens=tokens,
        domain="mail.example",
        public_url="https://mail.example/",
        office_name="Office",
        office_zone="UTC",
    )
    out = composer.compose(order("consent_prompt", handle=77, expires=date(2026, 9, 1)))
    read = tokens.read(out.message_id.partition("@")[0])
    assert read is not None
    assert (read.purpose, read.handle) == ("r", 77)


@pytest.mark.parametrize(
    ("code", "party", "link"),
    [
        ("consent_prompt", Party.CUSTOMER, "https://mail.example/c/cexample"),
        ("association_active", Party.PARTNER, "https://mail.example/p/pexample"),
        ("review_assigned", Party.REVIEWER, "https://mail.example/claims/CLM-7K3QF2"),
        ("office_attention", Party.OFFICE, "https://mail.example/office"),
    ],
)
def test_each_party_gets_the_link_to_its_own_page(composer: Composer, code: str, party: Party, link: str) -> None:
    assert link in text_of(composer.compose(order(code, party)))


def test_joined_notices_are_one_mail_with_a_section_each_and_the_strongest_frame(composer: Composer) -> None:
    prompt = Mail(code="consent_prompt", to=Party.CUSTOMER, key="k2", context=MAILS["consent_prompt"].context)
    heads_up = order("customer_heads_up", claims=(CLAIM, SECOND_CLAIM), joined=(prompt,))
    out = composer.compose(heads_up)
    assert out.code == "consent_prompt"
    assert out.subject.startswith("[CLM-7K3QF2 CLM-9XB2MD] Nothing to do, or say no: 2 claims")
    text = text_of(out)
    for part in ("CLM-7K3QF2 · Fabrikam", "CLM-9XB2MD · Northwind Traders", "declines all of them"):
        assert part in text


def test_many_claims_do_not_fill_the_subject(composer: Composer) -> None:
    mail = order("consent_reminder").mail
    out = composer.compose(order("consent_reminder", claims=(CLAIM,) * 7, joined=(mail,) * 6))
    assert out.subject.startswith("[CLM-7K3QF2 CLM-7K3QF2 CLM-7K3QF2 +4] ")


def test_a_last_day_is_a_day_where_it_ends_with_the_readers_day_and_an_instant_elsewhere(composer: Composer) -> None:
    away = replace(gallery.CUSTOMER, time_zone="Pacific/Auckland")
    assert "Tuesday, March 10, 2026, 11:59:59 AM (NZDT)" in flat(
        composer.compose(order("consent_prompt", recipient=away))
    )
    assert "reply “no” by Monday, March 9, 2026." in flat(composer.compose(order("consent_prompt")))


def test_a_partner_reads_dates_where_its_location_counts_them(composer: Composer) -> None:
    there = replace(CLAIM, location_time_zone="Asia/Taipei")
    assert "Tuesday, March 10, 2026, 6:59:59 AM (CST)" in flat(composer.compose(order("info_request", claims=(there,))))


def test_a_window_shorter_than_a_day_is_printed_to_the_second(composer: Composer) -> None:
    exact = next(e.order for e in exhibits("en") if e.name == "consent_prompt-customer-exact")
    assert "Monday, March 9, 2026, 11:59:59 PM (CET)" in flat(composer.compose(exact))


def test_each_line_of_the_digest_has_its_own_address(composer: Composer) -> None:
    first = order("daily_digest")
    items = [{**dict(item), "handle": 5} for item in first.mail.context["items"]]  # type: ignore[attr-defined]
    mail = replace(first.mail, context={**first.mail.context, "items": items})
    text = text_of(composer.compose(replace(first, mail=mail)))
    assert "To answer, write to: rexample" in text
    assert "Page: https://mail.example/p/pexample" in text


ATTACKS = [
    "{{7*7}}", "{% for x in y %}", "{{''.__class__}}", "${7*7}", "%(x)s %s %", "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>', "a\r\nBcc: victim@x.example", "--=_rexampleexampleexampleexampleabcd--",
    "\x00\x1b[31mred", "\u202ecod.exe", "=?utf-8?b?QmNjOg==?=",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_write_stays_text_everywhere(composer: Composer, attack: str) -> None:
    contact = Contact(name=attack, title=attack, email="jana@customer.example", country="CZ")
    claim = replace(CLAIM, name=attack, organisation_name=attack, customer=contact, partner=contact, seller=attack)
    for exhibit in exhibits("en"):
        context = {k: _poisoned(v, attack) for k, v in exhibit.order.mail.context.items()}
        mail = replace(exhibit.order.mail, context=context)
        claims = tuple(claim for _ in exhibit.order.claims)
        out = composer.compose(replace(exhibit.order, mail=mail, claims=claims, recipient=contact))
        read = parse(out)
        listed = LISTED if mail.code in REMINDERS else []
        assert sorted(read.keys()) == sorted(ALWAYS + listed)
        html = text_of(out, "html")
        assert "<script" not in html
        assert "<img" not in html
        assert "49" not in read["Subject"]
        assert b"\x1b" not in out.raw
        hello = " ".join(clean_header(attack).split())
        assert hello[:8] in " ".join(text_of(out).split())


def _poisoned(value: object, attack: str) -> object:
    free = {"text", "answer", "case", "read", "name", "by", "how", "given_by_name"}
    if isinstance(value, list):
        return [_poisoned(v, attack) for v in value]
    if isinstance(value, dict):
        return {k: attack if k in free and isinstance(v, str) else v for k, v in value.items()}
    return value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text(max_size=80), words=st.text(max_size=300), party=st.text(max_size=80))
def test_any_text_in_a_claim_gives_a_well_formed_mail(composer: Composer, name: str, words: str, party: str) -> None:
    claim = replace(CLAIM, name=name, organisation_name=party, customer=replace(gallery.CUSTOMER, name=name))
    base = order("question_answered")
    mail = replace(base.mail, context={**base.mail.context, "answer": words, "questions": [words]})
    out = composer.compose(replace(base, mail=mail, claims=(claim,), recipient=claim.customer))
    read = parse(out)
    assert sorted(read.keys()) == sorted(ALWAYS)
    assert read["To"].addresses[0].addr_spec == "jana@customer.example"
    assert read["Subject"] == out.subject
