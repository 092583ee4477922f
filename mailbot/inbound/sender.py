"""Who wrote, and how far that may be believed: a verdict on the From field.

Total. From is a hint (security items 1, 2): only exactly one From with one plain mailbox can be `aligned`, and only by
the configured trust; an Authentication-Results field counts solely from an upstream peer and under our own name.
"""

from mailbot.addresses import canonical
from mailbot.inbound.headers import Headers
from mailbot.inbound.interpretation import Authentication, Envelope, Keys, Sender, SenderVerdict
from mailbot.inbound.mailboxes import AddressList, ascii_lower, read_addresses
from mailbot.inbound.results_field import read_results

_UPSTREAM_NAMES = "authserv-id:"


def read_sender(
    headers: Headers, envelope: Envelope, keys: Keys, authentication: Authentication | None = None
) -> tuple[Sender, str]:
    """The sender with its verdict, and in words why."""
    found = read_addresses(headers.get("from"))
    mailboxes = tuple(canonical(box.address) for box in found.mailboxes)
    if not found.mailboxes:
        return Sender(address=None, name="", verdict="ambiguous" if headers.has("from") else None), "no From mailbox"
    first = found.mailboxes[0]
    verdict: SenderVerdict = "ambiguous"
    why = _ambiguity(headers, found)
    if not why:
        verdict, why = _verdict(_domain(first.address), headers, envelope, keys, authentication)
    return Sender(address=mailboxes[0], name=first.name, verdict=verdict, mailboxes=mailboxes), why


def _ambiguity(headers: Headers, found: AddressList) -> str:
    if headers.count("from") != 1:
        return "more than one From field"
    if len(found.mailboxes) != 1:
        return "several mailboxes in From"
    if not found.strict:
        return "From can be read in two ways"
    raw = headers.get("from")
    if "=?" in raw.rpartition("<")[2]:
        return "encoded words in the address"
    if not _domain(found.mailboxes[0].address).isascii() or not found.mailboxes[0].address.isascii():
        return "address is not ASCII"
    return ""


def _domain(address: str) -> str:
    return ascii_lower(address.rpartition("@")[2]).rstrip(".")


def _verdict(
    domain: str, headers: Headers, envelope: Envelope, keys: Keys, authentication: Authentication | None
) -> tuple[SenderVerdict, str]:
    if keys.trust == "none":
        return "aligned", "trust none: one unambiguous From"
    if keys.trust.startswith(_UPSTREAM_NAMES):
        return _upstream(domain, headers, envelope, keys.trust.removeprefix(_UPSTREAM_NAMES).strip().lower())
    if authentication is None:
        return "unverified", "not checked, taken for granted here" if keys.trust == "assumed" else "not checked"
    if ascii_lower(authentication.domain).rstrip(".") != domain:
        return "unverified", f"the check was made for {authentication.domain}"
    if authentication.result == "pass":
        return "aligned", f"DMARC pass {authentication.detail}".strip()
    verdict: SenderVerdict = "failed" if authentication.result == "fail" else "unverified"
    return verdict, f"DMARC {authentication.result} {authentication.detail}".strip()


def _upstream(domain: str, headers: Headers, envelope: Envelope, name: str) -> tuple[SenderVerdict, str]:
    """RFC 8601 §5: a field under our name is believed only when our own upstream can have written it."""
    if not envelope.upstream:
        return "unverified", f"peer {envelope.peer} is no upstream: its results do not count"
    fields = [read_results(value) for value in headers.all("authentication-results")]
    own = [field for field in fields if field.written_by == name]
    if not own:
        return "unverified", f"no result of {name}"
    verdicts = [one.result for field in own for one in field.dmarc if one.domain in (None, domain)]
    if not verdicts:
        return "unverified", f"{name} says nothing about DMARC for {domain}"
    if all(verdict == "pass" for verdict in verdicts):
        return "aligned", f"{name}: dmarc=pass"
    return ("failed" if "fail" in verdicts else "unverified"), f"{name}: dmarc={', '.join(verdicts)}"
