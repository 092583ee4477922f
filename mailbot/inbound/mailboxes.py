"""Mail addresses in header fields: a small linear reader that says when a field is not plain and unambiguous.

Total. `strict` is False for anything that two readers could understand differently (security item 2): comments,
groups, route and angle tricks, nested quotes, an address in the display name, stray characters.
"""

import re
from dataclasses import dataclass

from mailbot.inbound.headers import decode_words, visible

_FIELD_CAP = 998
_MAX_MAILBOXES = 200
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
_ADDRESS = re.compile(rf"(?:{_ATOM}|\.){{1,128}}@[A-Za-z0-9.\-\u0080-\U0010ffff]{{1,255}}")
_LOCAL = re.compile(rf"(?:{_ATOM}|\.){{1,128}}")
_DOMAIN = re.compile(r"[A-Za-z0-9.\-\u0080-\U0010ffff]{1,255}")
# The everyday form, read without the slow path: optional name, then one <address>.
_SIMPLE = re.compile(
    r'(?:"([^"\\<>@,;:()]*)"|([^"\\<>@,;:()\[\]]*))<\s*'
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,128}@[A-Za-z0-9.\-]{1,255})\s*>"
)
# A script without spaces runs on beside an address: "到ann@customer.example的邮件" names an address of Latin letters.
_CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_BEFORE_CJK = re.compile(rf"[A-Za-z0-9][^{_CJK}]*")
_AFTER_CJK = re.compile(rf"[^{_CJK}]*[A-Za-z0-9_+.\-]$")
_BARE = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,128}@[A-Za-z0-9.\-]{1,255})")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name (cleaned) and an addr-spec as written."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class AddressList:
    """What a field names; `strict` when every reader would find the same mailboxes."""

    mailboxes: tuple[Mailbox, ...]
    strict: bool


def read_addresses(value: str, *, cap: int = _FIELD_CAP) -> AddressList:
    """The mailboxes of one unfolded address field; only its first `cap` characters are looked at."""
    value = value.strip()
    simple = _SIMPLE.fullmatch(value) if len(value) <= cap else None
    if simple:
        return _checked([Mailbox(_name(simple.group(1) or simple.group(2) or ""), simple.group(3))], strict=True)
    bare = _BARE.fullmatch(value) if len(value) <= cap else None
    if bare:
        return _checked([Mailbox("", bare.group(1))], strict=True)
    return _slow(value[:cap], whole=len(value) <= cap)


def ascii_lower(text: str) -> str:
    """Lower case for ASCII text only: folding others makes strangers equal (Kelvin sign, dotless i; item 9)."""
    return text.lower() if text.isascii() else text


def find_addresses(text: str) -> tuple[str, ...]:
    """Every addr-spec that stands in free text, in order, once; trailing dots dropped."""
    found = dict.fromkeys(_cut_out(match.group(0)).rstrip(".").lstrip(".'") for match in _ADDRESS.finditer(text))
    return tuple(address for address in found if not address.endswith("@") and not address.startswith("@"))


def _cut_out(run: str) -> str:
    """The address in a run of characters that an address could have, without the CJK words around it."""
    if run.isascii():
        return run
    local, _, domain = run.rpartition("@")
    before, after = _AFTER_CJK.search(local), _BEFORE_CJK.match(domain)
    return f"{before.group(0)}@{after.group(0)}" if before and after else run


def _slow(value: str, *, whole: bool) -> AddressList:
    mailboxes: list[Mailbox] = []
    strict = whole
    for piece, clean in _pieces(value):
        mailbox, plain = _mailbox(piece)
        if mailbox is not None and len(mailboxes) < _MAX_MAILBOXES:
            mailboxes.append(mailbox)
        strict = strict and clean and plain
    return _checked(mailboxes, strict=strict)


def _pieces(value: str) -> list[tuple[str, bool]]:
    """Splits at top-level commas and semicolons; comments are taken out and make a piece unclean."""
    pieces: list[tuple[str, bool]] = []
    current: list[str] = []
    quoted = escaped = False
    angle = depth = 0
    clean = True
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = sign != '"'
        elif sign == "(":
            depth += 1
            clean = False
        elif depth:
            depth -= sign == ")"
            continue
        elif sign == '"':
            quoted = True
        elif sign in "<>":
            angle += 1 if sign == "<" else -1
        elif sign in ",;" and angle <= 0:
            pieces.append(("".join(current), clean and sign == ","))
            current, clean, angle = [], True, 0
            continue
        if not depth:
            current.append(sign)
    pieces.append(("".join(current), clean and not (quoted or depth or angle)))
    return [(piece, ok) for piece, ok in pieces if piece.strip() or not ok]


def _mailbox(piece: str) -> tuple[Mailbox | None, bool]:
    opened, closed = piece.rfind("<"), piece.rfind(">")
    if opened < 0 or closed < opened:
        bare = piece.strip()
        found = _ADDRESS.search(bare)
        if found is None:
            return None, not bare
        return Mailbox("", found.group(0)), found.group(0) == bare
    address = piece[opened + 1 : closed].strip()
    name = piece[:opened].strip()
    tricky = piece.count("<") != 1 or piece.count(">") != 1 or piece[closed + 1 :].strip() or _unquoted_at(name)
    return (Mailbox(_name(name), address) if "@" in address else None), not tricky and "@" in address


def _unquoted_at(name: str) -> bool:
    """An unquoted @ or colon before the angle bracket is another address or a group."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", name)
    return "@" in outside or ":" in outside


def _name(raw: str) -> str:
    text = raw.strip()
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return visible(decode_words(text))[:200]


def _checked(mailboxes: list[Mailbox], *, strict: bool) -> AddressList:
    return AddressList(tuple(mailboxes), strict and all(plain_address(box.address) for box in mailboxes))


def plain_address(address: str) -> bool:
    """True for a dot-atom address of lawful length; quoted local parts and address literals are not plain."""
    local, at, domain = address.rpartition("@")
    if not at or len(address) > 254 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return False
    return ".." not in local + "@" + domain and (local + domain)[0] != "." and not local.endswith(".")
