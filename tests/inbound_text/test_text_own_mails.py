"""Our own mails, quoted back by common clients, are never read as the person's words: every mail, every language."""

from collections.abc import Callable, Iterator

import pytest

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.inbound.claimform import read_claim_forms
from mailbot.inbound.intent import read_intent
from mailbot.inbound.quoting import ReplyParts, split_html, split_text
from mailbot.outbound import gallery
from mailbot.templates import Rendered, Templates
from mailbot.wording.catalogues import LANGUAGES
from mailbot.wording.words import MARKERS

OWN = ("rexampleexampleexampleexampleabcd@mail.example",)
WORDS = "No, thank you."
HEADERS = "From: Claims office <claims@mail.example>\nSent: Monday, March 2, 2026 10:30\nTo: Ann\nSubject: x"


def prefixed(text: str, mark: str) -> str:
    """Every line behind a quote mark."""
    return "\n".join(f"{mark}{line}" for line in text.split("\n"))


TEXT_CLIENTS: dict[str, Callable[[str], str]] = {
    "gmail": lambda t: f"{WORDS}\n\npo 2. 3. 2026 v 10:30 Claims <claims@mail.example> napsal:\n\n{prefixed(t, '> ')}",
    "outlook": lambda t: f"{WORDS}\n\n________________\n{HEADERS}\n\n{t}",
    "without_any_sign": lambda t: f"{WORDS}\n\n{t}",
    "with_bars": lambda t: f"{WORDS}\n\n{prefixed(t, '| ')}",
    "with_initials": lambda t: f"{WORDS}\n\n{prefixed(t, 'CO> ')}",
    "answer_below": lambda t: f"On 2.3.2026 10:30, Claims wrote:\n{prefixed(t, '> ')}\n\n{WORDS}",
    "in_an_unknown_language": lambda t: f"{WORDS}\n\nKlaims <{OWN[0]}> ritta 2.3.2026 10:30:\n\n{t}",
}
HTML_CLIENTS: dict[str, Callable[[str], str]] = {
    "gmail": lambda h: f'<div>{WORDS}</div><div class="gmail_quote"><div>On Mon, X wrote:</div>{h}</div>',
    "outlook": lambda h: f'<p>{WORDS}</p><div style="border:none;border-top:solid #E1E1E1 1.0pt">Od: X</div>{h}',
    "apple": lambda h: f'{WORDS}<br><blockquote type="cite"><div>On x, y wrote:</div>{h}</blockquote>',
    "without_any_sign": lambda h: f"<p>{WORDS}</p>{h}",
    "answer_below": lambda h: f'<div class="moz-cite-prefix">X:</div><blockquote type="cite">{h}</blockquote>{WORDS}',
}


@pytest.fixture(scope="module")
def templates() -> Templates:
    products = {product.code: product.name for product in shipped_catalogue().products.values()}
    return Templates(products, ("mail",))


def rendered(templates: Templates, language: str) -> Iterator[tuple[str, Rendered]]:
    """Every mail of one language as it leaves us."""
    composer = gallery.composer(templates)
    for exhibit in gallery.exhibits(language):
        yield exhibit.name, composer.words(exhibit.order)


def assert_only_the_words(parts: ReplyParts, where: str) -> None:
    """The reply is what was typed, and decides as such; nothing of ours is read as a form."""
    assert " ".join(parts.reply.split()) == WORDS, where
    assert read_intent(parts.own_words).meaning == "decline", where
    unquoted = "\n".join(segment.text for segment in parts.segments if segment.kind not in ("quote", "attribution"))
    assert read_claim_forms(unquoted) == (), where


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", TEXT_CLIENTS)
def test_only_the_answer_is_new_in_text(templates: Templates, language: str, client: str) -> None:
    for name, mail in rendered(templates, language):
        parts = split_text(TEXT_CLIENTS[client](mail.text), markers=MARKERS, own_addresses=OWN)
        assert_only_the_words(parts, f"{name} {client}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", HTML_CLIENTS)
def test_only_the_answer_is_new_in_html(templates: Templates, language: str, client: str) -> None:
    wanted = {
        "consent_prompt-customer",
        "consent_prompt-customer-joined",
        "info_request-partner",
        "claim_received-partner",
    }
    for name, mail in rendered(templates, language):
        if name in wanted:
            parts = split_html(HTML_CLIENTS[client](mail.html), markers=MARKERS, own_addresses=OWN)
            assert_only_the_words(parts, f"{name} {client}")
