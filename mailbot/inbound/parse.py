"""One mail as its reader sees it: the text that was written, the files that came along, the reports inside.

Works on the tree of mime.parse_mail; total. Text is capped in bytes and lines (security §8).
"""

import re
from dataclasses import dataclass, field

from mailbot.inbound.charsets import decode
from mailbot.inbound.headers import Headers, decode_words, read_headers
from mailbot.inbound.mime import DEFAULTS, Part, decode_transfer
from mailbot.limits import Limits

_REPORT_TYPES = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
)
_HEADER_TYPES = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
_MESSAGE_TYPES = ("message/rfc822", "message/global")
_UU_BLOCK = re.compile(
    r"^begin [0-7]{3,4} ([^\r\n]{1,200})\n(?:[ -`][ -~]{0,90}\n){1,400000}(?:`\n| \n)?end[ \t]*$", re.MULTILINE
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_-]{2,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of the mail, undecoded name words undone, content decoded; `related` when it lies beside an HTML body."""

    name: str
    media_type: str
    content: bytes
    content_id: str
    related: bool
    attached: bool


@dataclass(frozen=True, slots=True)
class Body:
    """One stretch of text: plain, HTML or both forms of the same (multipart/alternative)."""

    plain: str
    html: str
    flowed: bool = False


@dataclass(slots=True)
class Mail:
    """Everything below the header fields, sorted by use."""

    headers: Headers
    root: Part
    limits: Limits = DEFAULTS
    bodies: list[Body] = field(default_factory=list)
    files: list[FilePart] = field(default_factory=list)
    calendar_method: str = ""
    encrypted: bool = False
    reports: list[Part] = field(default_factory=list)
    returned: Headers | None = None
    returned_text: str = ""


def read_mail(root: Part, limits: Limits = DEFAULTS) -> Mail:
    """Sorts the parts of a mail; nothing inside a delivery or feedback report counts as a file."""
    mail = Mail(root.headers, root, limits)
    _visit(root, mail, related=False, inside_report=root.media_type == "multipart/report")
    return mail


def _visit(part: Part, mail: Mail, *, related: bool, inside_report: bool) -> None:
    if part.media_type in _REPORT_TYPES:
        mail.reports.append(part)
    elif part.media_type in _HEADER_TYPES:
        _returned(mail, part.content())
    elif part.media_type in _MESSAGE_TYPES:
        _visit_message(part, mail, inside_report=inside_report)
    elif part.media_type == "multipart/alternative" and part.children:
        _visit_alternative(part, mail, related=related, inside_report=inside_report)
    elif part.children:
        inner = related or part.media_type == "multipart/related"
        mail.encrypted = mail.encrypted or part.media_type == "multipart/encrypted"
        for child in part.children:
            _visit(child, mail, related=inner, inside_report=inside_report)
    else:
        _visit_leaf(part, mail, related=related, inside_report=inside_report)


def _visit_message(part: Part, mail: Mail, *, inside_report: bool) -> None:
    if mail.returned is None and part.children:
        mail.returned = part.children[0].headers
        mail.returned_text = text_of(part.children[0], mail.limits) if not part.children[0].children else ""
    elif mail.returned is None:
        _returned(mail, part.content())
    if not inside_report and part.children:
        subject = part.children[0].headers.text("subject")
        name = file_name(part) or (f"{subject[:100]}.eml" if subject else "message.eml")
        mail.files.append(FilePart(name, "message/rfc822", part.content(), "", False, True))
        for inner in part.children[0].walk():
            if not inner.children and (inner.attached or inner.file_name) and inner.media_type not in _MESSAGE_TYPES:
                mail.files.append(_file(inner, related=bool(inner.headers.get("content-id"))))


def _returned(mail: Mail, block: bytes) -> None:
    if mail.returned is None:
        mail.returned = read_headers(block[: 64 * 1024])[0]


def _visit_alternative(part: Part, mail: Mail, *, related: bool, inside_report: bool) -> None:
    """The forms of one text become one body; other things that clients put there are visited as usual."""
    start = len(mail.bodies)
    for child in part.children:
        _visit(child, mail, related=related, inside_report=inside_report)
    forms = mail.bodies[start:]
    del mail.bodies[start:]
    plain = next((form for form in forms if form.plain), None)
    html = next((form.html for form in forms if form.html), "")
    if forms:
        mail.bodies.append(Body(plain.plain if plain else "", html, plain.flowed if plain else False))


def _visit_leaf(part: Part, mail: Mail, *, related: bool, inside_report: bool) -> None:
    if part.media_type == "text/calendar" and not mail.calendar_method:
        mail.calendar_method = (part.parameters.get("method") or _method_in(text_of(part, mail.limits))).upper()
    if _is_body(part, mail):
        _add_body(part, mail)
    elif not inside_report and not (part.media_type == "text/calendar" and not part.attached):
        mail.files.append(_file(part, related=related))


def _is_body(part: Part, mail: Mail) -> bool:
    if part.main_type == "multipart":
        return True  # its boundaries cannot be found: what is there is shown as text
    if part.attached or part.media_type not in ("text/plain", "text/html", "text/enriched", "text/markdown"):
        return part.depth == 0 and part.main_type == "text" and not part.attached and part.media_type != "text/calendar"
    return not part.file_name or not mail.bodies


def _add_body(part: Part, mail: Mail) -> None:
    text = text_of(part, mail.limits)
    if part.media_type == "text/html" or text[:200].lstrip().lower().startswith(("<html", "<!doctype html")):
        mail.bodies.append(Body("", text))
        return
    if "\nbegin " in text or text.startswith("begin "):
        text = _without_uuencoded(text, mail)
    flowed = part.parameters.get("format", "").lower() == "flowed"
    if flowed and part.parameters.get("delsp", "").lower() == "yes":
        text, flowed = _joined_delsp(text), False
    mail.bodies.append(Body(text, "", flowed))


def text_of(part: Part, limits: Limits = DEFAULTS) -> str:
    """The decoded text of a part, line ends as LF, within the caps."""
    data = part.content()[: limits.text_bytes]
    label = part.parameters.get("charset", "")
    if part.media_type == "text/html" and not label:
        meta = _META_CHARSET.search(data[:2048])
        label = meta.group(1).decode("ascii") if meta else ""
    return capped(decode(data, label), limits)


def capped(text: str, limits: Limits = DEFAULTS) -> str:
    """Text with LF line ends, no NUL, within the limits of what is examined."""
    text = text[: limits.text_bytes].replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if text.count("\n") > limits.text_lines:
        text = "\n".join(text.split("\n", limits.text_lines)[: limits.text_lines])
    return text


def _method_in(calendar: str) -> str:
    match = re.search(r"^METHOD:([A-Za-z]{1,20})", calendar[:4096], re.MULTILINE)
    return match.group(1) if match else ""


def file_name(part: Part) -> str:
    """The file name with encoded words undone (clients write them inside parameters against RFC 2231)."""
    return decode_words(part.file_name)


def _file(part: Part, *, related: bool) -> FilePart:
    content_id = part.headers.get("content-id").strip("<> ")
    return FilePart(file_name(part), part.media_type, part.content(), content_id, related, part.attached)


def _without_uuencoded(text: str, mail: Mail) -> str:
    """Files of the old days, written into the text itself, become files."""
    for match in _UU_BLOCK.finditer(text):
        content = decode_transfer(match.group(0).encode("latin-1", "replace"), "x-uuencode")
        mail.files.append(FilePart(match.group(1), "application/octet-stream", content, "", False, True))
    return _UU_BLOCK.sub("", text)


def _joined_delsp(text: str) -> str:
    """RFC 3676 with DelSp=yes (East Asian text): the space before a soft line break is not part of the text."""
    out: list[str] = []
    joining = False
    for line in text.split("\n"):
        soft = line.endswith(" ") and line != "-- "
        content = line[:-1] if soft else line
        if joining and out and line.startswith(">") == out[-1].startswith(">"):
            out[-1] += content.lstrip("> ") if line.startswith(">") else content
        else:
            out.append(content)
        joining = soft
    return "\n".join(out)
