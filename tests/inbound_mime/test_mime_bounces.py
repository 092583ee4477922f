"""Reports of mail that did not arrive: who, why, for good or for now; in the words of many servers."""

import pytest
from mime_letters import letter, read

from mailbot.inbound.interpretation import Bounce, Interpretation

ANN = "ann@customer.example"
DAEMON = "Mail Delivery System <MAILER-DAEMON@relay.example>"


def report(body: str, *, subject: str = "Undelivered Mail Returned to Sender", sender: str = DAEMON) -> Interpretation:
    raw = letter(body, From=sender, Subject=subject, Content_Type="text/plain; charset=utf-8")
    return read(raw, mail_from="")


def bounce_of(got: Interpretation) -> Bounce:
    assert got.bounce is not None
    return got.bounce


def status_report(*groups: str, text: str = "A report.") -> Interpretation:
    body = (
        f"--d\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--d\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.example\r\n\r\n" + "\r\n".join(groups) + "\r\n--d--\r\n"
    )
    fields = {
        "From": DAEMON,
        "Subject": "Report",
        "Content_Type": "multipart/report; report-type=delivery-status; boundary=d",
    }
    return read(letter(body, **fields), mail_from="")


def group(action: str, status: str, diagnostic: str, address: str = ANN, original: str = "") -> str:
    first = f"Original-Recipient: rfc822;{original}\r\n" if original else ""
    return (
        f"{first}Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n"
    )


REASONS = [
    ("5.1.1", "550 5.1.1 User unknown", True),
    ("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist", True),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", True),
    ("5.1.2", "Host or domain name not found", True),
    (
        "5.4.4",
        "Host or domain name not found. Name service error for name=customer.example type=A: Host not found",
        True,
    ),
    ("5.4.310", "550 5.4.310 DNS domain customer.example does not exist", True),
    ("5.1.6", "551 5.1.6 User has moved; please try <new@customer.example>", True),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", True),
    ("5.1.1", "550 5.1.1 Neplatný příjemce: adresa neexistuje", True),
    ("5.1.1", "550 5.1.1 Taki adres nie istnieje", True),
    ("5.1.1", "550 5.1.1 A címzett nem létezik", True),
    ("5.1.1", "550 5.1.1 查無此人", True),
    ("5.2.2", "552 5.2.2 Mailbox full", False),
    ("5.2.2", "550 5.2.2 user is over quota", False),
    ("5.7.1", "554 5.7.1 Message rejected as spam", False),
    ("5.7.1", "550 5.7.1 Client host [192.0.2.1] blocked using zen.dnsbl.example", False),
    ("5.7.26", "550 5.7.26 This mail has been blocked because the sender is unauthenticated (SPF, DKIM)", False),
    ("5.3.4", "552 5.3.4 Message size exceeds fixed limit", False),
    ("5.7.1", "550 5.7.1 Relaying denied", False),
    ("5.1.8", "550 5.1.8 Sender address rejected: Domain not found", False),
    ("5.4.7", "Delivery time expired", False),
    ("4.4.7", "452 4.2.2 mailbox over quota, giving up", False),
    ("5.0.0", "554 Transaction failed", False),
    ("5.0.0", "550 User unknown (in reply to end of DATA command)", False),
    ("5.0.0", "550 User unknown", False),
    ("5.0.0", "553 User unknown", True),
    ("5.0.0", "550 User unknown: the server has rejected address", True),
    ("5.7.1", "550 5.7.1 User unknown: the server has rejected address", False),
    ("5.7.1", "554 5.7.1 User unknown (in reply to RCPT TO command)", True),
    ("5.0.0", "Your message wasn't delivered because the address couldn't be found", True),
]


@pytest.mark.parametrize(("status", "diagnostic", "permanent"), REASONS)
def test_permanent_means_that_the_address_cannot_receive(status: str, diagnostic: str, permanent: bool) -> None:
    bounce = bounce_of(status_report(group("failed", status, diagnostic)))
    assert [(one.address, one.permanent) for one in bounce.recipients] == [(ANN, permanent)]


def test_a_specific_code_of_the_remote_server_beats_a_general_one() -> None:
    bounce = bounce_of(status_report(group("failed", "5.0.0", "550 5.1.1 No such user")))
    assert bounce.recipients[0].status == "5.1.1"


def test_a_host_address_is_no_status_code() -> None:
    bounce = bounce_of(status_report(group("failed", "5.0.0", "host 5.4.12.7 said: 550 refused")))
    assert bounce.recipients[0].status == "5.0.0"


def test_the_address_we_wrote_to_is_kept_beside_the_final_one() -> None:
    bounce = bounce_of(status_report(group("failed", "5.1.1", "550 5.1.1 gone", "x@inner.example", ANN)))
    assert (bounce.recipients[0].address, bounce.recipients[0].original) == ("x@inner.example", ANN)


def test_a_name_inside_the_strangers_house_gives_way_to_the_address_we_wrote_to() -> None:
    bounce = bounce_of(status_report(group("failed", "5.2.2", "over quota", "ann@store", ANN)))
    assert bounce.recipients[0].address == ANN


def test_a_delay_is_no_failure() -> None:
    got = status_report(group("delayed", "4.4.1", "connection timed out"))
    assert (bounce_of(got).delayed, bounce_of(got).recipients[0].permanent, got.reason) == (True, False, "delayed")


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_success_report_is_good_news(action: str) -> None:
    got = status_report(group(action, "2.0.0", "250 ok"))
    assert (got.bounce, got.delivered, got.reason) == (None, (ANN,), "delivered")


def test_one_failure_among_deliveries_is_a_failure() -> None:
    got = status_report(
        group("delivered", "2.0.0", "250 ok", "bob@customer.example"), group("failed", "5.1.1", "550 5.1.1 no")
    )
    assert [one.address for one in bounce_of(got).recipients] == [ANN]
    assert got.delivered == ("bob@customer.example",)


def test_the_returned_mail_is_named() -> None:
    body = (
        "--d\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        + group("failed", "5.1.1", "no")
        + "\r\n--d\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@mail.claims.example>\r\n"
        "\r\nText\r\n--d--\r\n"
    )
    got = read(letter(body, From=DAEMON, Content_Type="multipart/report; boundary=d"), mail_from="")
    assert got.returned_message_id == "ours@mail.claims.example"


WORDS = [
    (
        "Sorry, we were unable to deliver your message to the following address.\n\n<ann@customer.example>:\n"
        "Remote host said: 550 5.1.1 <ann@customer.example>: Recipient address rejected: customer.example\n",
        "failure delivery",
        True,
    ),
    (
        "   ----- The following addresses had permanent fatal errors -----\n<ann@customer.example>\n"
        "    (reason: 550 <ann@customer.example>... User unknown)\n\n   ----- Transcript of session follows -----\n"
        ">>> DATA\n<<< 550 <ann@customer.example>... User unknown\n<<< 503 5.0.0 Need RCPT (recipient)\n",
        "Returned mail: see transcript for details",
        True,
    ),
    (
        "Hi. This is the qmail-send program at relay.example.\n<ann@customer.example>:\n"
        "192.0.2.9 does not like recipient.\n"
        "Remote host said: 550 no such user\nGiving up on 192.0.2.9.\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Return-Path: <office@claims.example>\nTo: bob@other.example\n",
        "failure notice",
        True,
    ),
    (
        "This is the Postfix program at host relay.example.\n\n"
        "I'm sorry to have to inform you that the message returned\n"
        "below could not be delivered to one or more destinations.\n\n"
        "For further assistance, please contact <postmaster@relay.example>\n\n"
        "<ann@customer.example>: host mx.customer.example[192.0.2.9] said: 550 5.1.1\n"
        "    <ann@customer.example>: User unknown\n",
        "Undelivered Mail Returned to Sender",
        True,
    ),
    (
        "   ----- Transcript of session follows -----\nWhile talking to mx.customer.example:\n"
        ">>> RCPT To:<ann@customer.example>\n"
        "<<< 550 <ann@customer.example>... User unknown\n550 <ann@customer.example>... User unknown\n\n"
        "   ----- Unsent message follows -----\nReceived: by relay.example\nTo: bob@other.example\n",
        "Returned mail: User unknown",
        True,
    ),
    (
        "Delivery to the following recipient failed permanently:\n\n     ann@customer.example\n\n"
        "Technical details of permanent failure:\nThe error that the other server returned was:\n"
        "552 5.2.2 The email account is over quota.\n\n----- Original message -----\n",
        "Delivery Status Notification (Failure)",
        False,
    ),
    (
        "Nepodařilo se doručit vaši zprávu příjemci:\n\nann@customer.example\n\n550 5.1.1 uživatel neexistuje\n",
        "Nedoručitelné: Association",
        True,
    ),
    (
        "Twoja wiadomość nie mogła zostać dostarczona:\n\n<ann@customer.example>: 552 5.2.2 skrzynka przepełniona\n",
        "Nie można dostarczyć: Association",
        False,
    ),
    (
        "Az üzenet kézbesítése sikertelen a következő címzettnek:\n\nann@customer.example\n\n"
        "550 5.1.1 ismeretlen címzett\n",
        "Kézbesíthetetlen: Association",
        True,
    ),
    ("無法傳遞您的郵件給以下收件者：\n\nann@customer.example\n\n550 5.1.1 查無此人\n", "無法傳遞: Association", True),
    (
        "Die folgende Nachricht konnte nicht zugestellt werden:\n\nann@customer.example\n\n"
        "550 5.1.1 Unbekannter Empfänger\n",
        "Unzustellbar: Association",
        True,
    ),
    (
        "Votre message n'a pas pu être remis au destinataire suivant :\n\nann@customer.example\n\n"
        "550 5.1.1 adresse inconnue\n",
        "Non remis : Association",
        True,
    ),
]


@pytest.mark.parametrize(("body", "subject", "permanent"), WORDS)
def test_a_report_in_words_names_the_address_and_the_reason(body: str, subject: str, permanent: bool) -> None:
    got = report(body, subject=subject)
    assert [(one.address, one.permanent) for one in bounce_of(got).recipients] == [(ANN, permanent)]
    assert (got.automatic, got.decides) == ("delivery_report", False)


def test_a_warning_in_words_is_a_delay() -> None:
    got = report(
        "This message was created automatically by mail delivery software.\n"
        "A message that you sent has not yet been delivered to\n"
        "one or more of its recipients after more than 24 hours on the queue.\n\n"
        "  ann@customer.example\n\nNo action is required.\n",
        subject="Warning: message delayed 24 hours",
    )
    assert bounce_of(got).delayed
    assert [one.permanent for one in bounce_of(got).recipients] == [False]


def test_report_fields_in_plain_text_are_read_as_such() -> None:
    got = report(
        "An error occurred.\n\nAction: failed\nFinal-Recipient: rfc822; ann@customer.example\n"
        "Status: 5.2.2\nDiagnostic-Code: smtp; 552 full\n"
    )
    assert [(one.address, one.status, one.permanent) for one in bounce_of(got).recipients] == [(ANN, "5.2.2", False)]


def test_a_report_without_from_is_read() -> None:
    got = read(letter("Unable to deliver to the address.\r\n", From="", Subject="failure notice"), mail_from="")
    assert got.bounce is not None


@pytest.mark.parametrize(
    "text",
    [
        'My mail came back with "User unknown", please use this address. We decline.',
        "I was unable to deliver the signed page in time, sorry. Here it is.",
        "The message could not be delivered to our colleague, he has left. Please write to me.",
        "Delivery to the customer failed last week, the goods were returned to sender.",
    ],
)
@pytest.mark.parametrize(
    "subject", ["Re: Delivery problem", "Re: Your claim", "Undeliverable goods", "Delivery failure"]
)
def test_a_person_who_writes_about_failures_is_no_report(text: str, subject: str) -> None:
    got = read(letter(text + "\r\n", Subject=subject))
    assert (got.bounce, got.automatic) == (None, None)
