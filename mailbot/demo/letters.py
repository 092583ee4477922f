"""The mails that people and machines outside write: new ones, replies in several manners, reports, absences."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formataddr, localtime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.demo.cast import Person
    from mailbot.demo.outside import Letter

File = tuple[str, bytes]


def new_mail(writer: "Person", to: str, subject: str, text: str, files: Sequence[File] = ()) -> EmailMessage:
    """A plain mail with PDF files."""
    message = EmailMessage()
    message["From"] = formataddr((writer.name, writer.email))
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = localtime()
    message.set_content(text)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message


def reply(writer: "Person", letter: "Letter", text: str, files: Sequence[File] = ()) -> EmailMessage:
    """New words above the quoted original, as most mail programs write them."""
    quoted = "\n".join(f"> {line}".rstrip() for line in letter.text.splitlines())
    return _answering(writer, letter, f"{text}\n\n{_attribution(writer, letter)}\n{quoted}\n", files)


def inline_reply(
    writer: "Person", letter: "Letter", answers: Mapping[int, str], files: Sequence[File] = ()
) -> EmailMessage:
    """Each answer below its quoted question."""
    lines, open_answer = [_attribution(writer, letter)], ""
    for line in letter.text.splitlines():
        number = line.partition(")")[0]
        if number.isdigit() and int(number) in answers:
            open_answer = answers[int(number)]
        if not line.strip() and open_answer:
            lines += ["", open_answer, ""]
            open_answer = ""
        lines.append(f"> {line}".rstrip())
    return _answering(writer, letter, "\n".join(lines) + "\n", files)


def absence(writer: "Person", letter: "Letter", text: str) -> EmailMessage:
    """What a vacation robot answers (RFC 3834): to the envelope sender, marked as automatic."""
    message = new_mail(writer, letter.mail_from, f"Automatic reply: {letter.subject}", text)
    message["Auto-Submitted"] = "auto-replied"
    message["In-Reply-To"] = f"<{letter.id}>"
    return message


def bounce_of(rcpt: str, mail_from: str, original: EmailMessage) -> EmailMessage:
    """A delivery report: the address does not exist (RFC 3464)."""
    message = EmailMessage()
    message["From"] = "Mail Delivery System <MAILER-DAEMON@outside.example>"
    message["To"] = mail_from
    message["Subject"] = "Undelivered Mail Returned to Sender"
    message["Date"] = localtime()
    message["Auto-Submitted"] = "auto-replied"
    message.set_content(f"<{rcpt}>: host outside.example said: 550 5.1.1 User unknown\n")
    message.make_mixed()
    message.attach(_delivery_status(rcpt))
    returned = EmailMessage()
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        if original[name]:
            returned[name] = str(original[name])
    returned.set_content("")
    message.add_attachment(returned)
    message.set_type("multipart/report")
    message.set_param("report-type", "delivery-status")
    return message


def _delivery_status(rcpt: str) -> EmailMessage:
    part, host, fate = EmailMessage(), EmailMessage(), EmailMessage()
    host["Reporting-MTA"] = "dns; outside.example"
    fate["Final-Recipient"] = f"rfc822; {rcpt}"
    fate["Action"] = "failed"
    fate["Status"] = "5.1.1"
    fate["Diagnostic-Code"] = "smtp; 550 5.1.1 User unknown"
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([host, fate])
    return part


def _answering(writer: "Person", letter: "Letter", text: str, files: Sequence[File]) -> EmailMessage:
    message = new_mail(writer, letter.reply_to, f"Re: {letter.subject}", text, files)
    message["In-Reply-To"] = f"<{letter.id}>"
    message["References"] = f"<{letter.id}>"
    return message


def _attribution(writer: "Person", letter: "Letter") -> str:
    sent, who = letter.message["Date"], letter.message["From"]
    return f"Dne {sent} {who} napsal(a):" if writer.language == "cs" else f"On {sent}, {who} wrote:"
