"""Turn the HTML of a mail into plain lines in which every client's quote container is marked as quoted.

Containers of Gmail, Outlook, Apple Mail, Thunderbird, Proton, Yahoo, Zimbra, Notes and others become `>` lines, so
that the rules for text finish the work; unknown HTML is simply text. At most 256 KiB are parsed, by lxml with its depth
limit; whatever the parser refuses is stripped of its tags. Total over any string, never raises, never runs or fetches.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import VerticalAlignment
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement as StyledElement
from lxml import etree
from lxml import html as lxml_html

from mailbot.inbound.lexicon.load import lexicon

MAX_HTML = 256 * 1024

SIGNED = "\ue004"
"""The first character of a line that a client marked as signature."""

_OPEN, _CLOSE, _REST, _SOFT, _SIGN, _SIGN_END, _LAST = (
    "\ue000",
    "\ue001",
    "\ue002",
    "\ue003",
    "\ue005",
    "\ue006",
    "\ue007",
)
_PRIVATE = str.maketrans(dict.fromkeys([*map(chr, range(0xE000, 0xE010)), "\x00"]))
_MARKS = str.maketrans(dict.fromkeys(_OPEN + _CLOSE + _REST + _SOFT + _SIGN + _SIGN_END + _LAST))

_OUTLOOK_RULE = re.compile(
    r"border-top:\s?solid\s?#(?:e1e1e1|b5c4df)|border:none;\s?border-top:\s?solid", re.IGNORECASE
)
_MARK = re.compile("[" + _OPEN + _CLOSE + _REST + _SOFT + _SIGN + _SIGN_END + _LAST + "]")
_FORWARD_START = re.compile(r"-{4,}")


def quoted_lines(source: str) -> str:
    """The text of an HTML body; quoted lines start with `>`, lines a client marked as signature with `SIGNED`."""
    tree = _parsed(source)
    if tree is None:
        return _stripped(source[:MAX_HTML])
    try:
        last = _last_quote(tree)
        for element in list(filter(_telling, tree.iter())):
            _mark(element, last=element is last)
        return "\n".join(_resolved(_rendered(tree)))
    except (RecursionError, ValueError, KeyError, IndexError, AttributeError, TypeError, etree.LxmlError):
        return _stripped(source[:MAX_HTML])


def plain_text(source: str) -> str:
    """The text of an HTML body without any reading of quotes; table cells are parted by tabs."""
    tree = _parsed(source)
    if tree is None:
        return _stripped(source[:MAX_HTML])
    try:
        return _rendered(tree)
    except (RecursionError, ValueError, KeyError, IndexError, AttributeError, TypeError, etree.LxmlError):
        return _stripped(source[:MAX_HTML])


def _parsed(source: str) -> lxml_html.HtmlElement | None:
    text = source[:MAX_HTML].translate(_PRIVATE)
    if not text.strip():
        return None
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        return lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _last_quote(tree: lxml_html.HtmlElement) -> lxml_html.HtmlElement | None:
    """The bare blockquote with which the mail ends, as old clients quote, or None."""
    last = next((one for one in tree.iter("blockquote") if not one.attrib), None)
    place = last
    while place is not None:
        if (place.tail or "").strip() or any(
            "".join(map(str, after.itertext())).strip() for after in place.itersiblings()
        ):
            return None
        place = place.getparent()
    return last


def _telling(element: lxml_html.HtmlElement) -> bool:
    """Whether this may be a client's container: all others have neither name nor style to tell by."""
    return isinstance(element.tag, str) and (element.tag == "blockquote" or bool(element.attrib))


def _mark(element: lxml_html.HtmlElement, *, last: bool) -> None:
    """Put invisible marks around (or before) `element` when it is a client's quote or signature."""
    names = frozenset((element.get("class") or "").split())
    ident = element.get("id") or ""
    style = element.get("style") or ""
    known = _containers()
    divided = ident in known["rest_ids"] or names & known["rest_classes"]
    if divided or element.get("data-marker") == "__DIVIDER__" or _outlook_header(element, style):
        _before(element, _REST)
    elif element.tag == "blockquote":
        sure = element.get("type") == "cite" or element.get("cite") or "border-left" in style.replace(" ", "")
        sure = sure or bool(names & {"protonmail_quote", "tutanota_quote"})
        _around(element, _OPEN if sure else (_LAST if last else _SOFT), _CLOSE)
    elif (
        names & known["quote_classes"]
        or ident.startswith(tuple(known["quote_ids"]))
        or element.get("name") in known["quote_names"]
    ):
        if not _FORWARD_START.match(_start_of(element)):
            _around(element, _OPEN, _CLOSE)
    elif element.get("data-marker") == "__QUOTED_TEXT__":
        _around(element, _OPEN, _CLOSE)
    elif names & known["signature_classes"] or ident in known["signature_ids"]:
        _around(element, _SIGN, _SIGN_END)


def _outlook_header(element: lxml_html.HtmlElement, style: str) -> bool:
    """Whether this is Outlook's ruled block with sender and date, whatever its language."""
    return element.tag == "div" and _OUTLOOK_RULE.search(style[:500]) is not None and ":" in _start_of(element)


def _start_of(element: lxml_html.HtmlElement) -> str:
    """The first words inside `element`; reads only as much of it as is needed."""
    start = ""
    for piece in element.itertext():
        start += str(piece)
        if len(start.strip()) > 80:
            break
    return " ".join(start.translate(_MARKS).split())[:120]


def _around(element: lxml_html.HtmlElement, opening: str, closing: str) -> None:
    element.text = f"{opening}{element.text or ''}"
    end = _line(closing)
    element.append(end)


def _before(element: lxml_html.HtmlElement, mark: str) -> None:
    if element.tag in ("hr", "br"):
        parent = element.getparent()
        if parent is not None:
            parent.insert(parent.index(element), _line(mark))
        return
    element.text = f"{mark}{element.text or ''}"


def _line(mark: str) -> lxml_html.HtmlElement:
    line = lxml_html.Element("div")
    line.text = mark
    return line


@cache
def _containers() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in lexicon("quotes")["containers"].items()}


@cache
def _config() -> ParserConfig:
    # A label in the middle of several values would stand beside the second of them.
    cell = StyledElement(valign=VerticalAlignment.top)
    return ParserConfig(css=STRICT_CSS_PROFILE | {"td": cell, "th": cell}, table_cell_separator="\t")


def _rendered(tree: lxml_html.HtmlElement) -> str:
    text: str = Inscriptis(tree, _config()).get_text()
    return text


def _resolved(text: str) -> Iterator[str]:
    """Lines with their marks turned into `>` and `SIGNED`; what follows a rest mark is quoted to the end."""
    depth, signed, rest = 0, False, False
    soft: list[bool] = []
    last = ""
    for line in text.split("\n"):
        quoted = depth > 0 or rest
        in_signature = signed
        for sign in _MARK.findall(line):
            if sign in (_OPEN, _SOFT, _LAST):
                sure = sign == _OPEN or _introduced(last) or (sign == _LAST and _ends(last))
                soft.append(sure)
                depth += sure
                quoted = quoted or (sure and not line.partition(sign)[0].strip())
            elif sign == _CLOSE and soft:
                depth -= soft.pop()
            elif sign == _REST:
                quoted = rest = True
            elif sign in (_SIGN, _SIGN_END):
                signed = sign == _SIGN
                in_signature = True
        bare = _MARK.sub("", line).rstrip()
        if bare.strip() and not quoted:
            last = bare
        yield f"> {bare}" if quoted else (f"{SIGNED}{bare}" if in_signature and bare else bare)


def _introduced(line: str) -> bool:
    """Whether the line before a plain blockquote presents it as somebody's words."""
    bare = line.rstrip(" \xa0*_")
    return bare.endswith((":", "：")) and any(sign.isdigit() or sign == "@" for sign in bare)


def _ends(line: str) -> bool:
    """Whether something was written, and it does not lead up to a citation of the writer's own."""
    return bool(line.strip()) and not line.rstrip().endswith((":", "："))


def _stripped(source: str) -> str:
    """Text between tags; one pass, for HTML that no parser takes."""
    first, *tagged = source.translate(_PRIVATE).split("<")
    text = " ".join([first, *(piece.partition(">")[2] for piece in tagged)])
    return "\n".join(line.strip() for line in text.split("\n"))
