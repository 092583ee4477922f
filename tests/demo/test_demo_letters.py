"""What the actors write is what mail programs and mail systems write: mailbot reads it without knowing the play."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pypdfium2

from mailbot.demo.cast import CLAIM_MAIL, JANA, KLARA, PETR
from mailbot.demo.letters import absence, bounce_of, inline_reply, new_mail, reply
from mailbot.demo.outside import Letter
from mailbot.demo.pdf import pdf
from mailbot.demo.transcript import gist
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OURS = """--- Please write your reply above this line ---

Hello Petr,

* Two questions.

1) The signature — Who signed
   for the customer?

2) The work — What did you do?

--
Claims office
"""


def letter() -> Letter:
    message = EmailMessage()
    message["From"] = "Claims office <claims@mail.example>"
    message["Reply-To"] = "rabc@mail.example"
    message["Message-ID"] = "<rabc@mail.example>"
    message["Subject"] = "[CLM-7K3QF2] Questions"
    message["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    message.set_content(OURS)
    parsed = message_from_bytes(message.as_bytes(), policy=policy.default)
    return Letter("babc@mail.example", "petr@fabrikam.example", parsed, Path("01.eml"))


def read(mail: EmailMessage, mail_from: str = "petr@fabrikam.example") -> Interpretation:
    envelope = Envelope(mail_from=mail_from, rcpt="rabc@mail.example", peer="", helo="", received_at=NOW)
    return interpret(mail.as_bytes(policy=policy.SMTP), envelope, Keys(domain="mail.example"), NOW)


def test_the_claim_mail_is_a_whole_form_with_an_accepted_file() -> None:
    reading = read(new_mail(PETR, "claims@mail.example", "New claim", CLAIM_MAIL, [("a.pdf", pdf(["Done"]))]))
    [form] = reading.forms
    assert form.fields["customer.email"] == JANA.email
    assert [product.code for product in form.products] == ["Teams", "Exchange Online"]
    assert [file.verdict for file in reading.attachments] == ["accepted"]


def test_a_reply_in_czech_is_read_without_its_quote() -> None:
    reading = read(reply(JANA, letter(), "Dobrý den,\n\ns tím nesouhlasíme.\n\nJana"))
    assert reading.intent.meaning == "decline"
    assert "Two questions" not in reading.reply_text


def test_inline_answers_stand_below_their_questions() -> None:
    text = inline_reply(PETR, letter(), {1: "Jana.", 2: "We moved mailboxes."}).get_content()
    assert text.index("for the customer?") < text.index("\nJana.") < text.index("> 2)") < text.index("\nWe moved")


def test_the_report_is_a_permanent_failure_and_the_robot_decides_nothing() -> None:
    report = read(bounce_of("olga@tailspin.example", "babc@mail.example", letter().message), "")
    assert report.bounce is not None
    assert [(r.address, r.status, r.permanent) for r in report.bounce.recipients] == [
        ("olga@tailspin.example", "5.1.1", True)
    ]
    away = read(absence(KLARA, letter(), "I am out of the office."), "")
    assert (away.automatic, away.decides) == ("auto_reply", False)


def test_the_evidence_is_a_real_pdf_with_its_words() -> None:
    document = pypdfium2.PdfDocument(pdf(["Acceptance (protocol)", "by Fabrikam"]))
    words = document[0].get_textpage().get_text_range()
    assert words.splitlines() == ["Acceptance (protocol)", "by Fabrikam"]


def test_the_gist_of_a_mail_is_what_it_says() -> None:
    assert gist(OURS).splitlines()[0] == "* Two questions."
    assert "Claims office" not in gist(OURS)
