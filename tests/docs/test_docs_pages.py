"""What the pages name is there: files, links, headings, pictures."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from docs_pages import PAGES, ROOT, anchors, codes, links, name, read

_PATH = re.compile(
    r"(?:mailbot|tests|docs|deploy)/[\w./-]+|(?:Makefile|pyproject\.toml|requirements(?:-dev|-extras)?\.lock)"
)
_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_TEST = re.compile(r"(test_\w+): (\w+)")
_OURS = (".example", ".test", "mail.example.com", "example.com")

pages = pytest.mark.parametrize("page", PAGES, ids=name)


@pages
def test_every_file_a_page_names_is_there(page: Path) -> None:
    named = {found[0] for code in codes(read(page)) if (found := _PATH.fullmatch(code)) is not None}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pages
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(read(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(read(target))):
            broken.append(link)
    assert broken == []


@pages
def test_people_in_examples_live_nowhere(page: Path) -> None:
    assert [domain for domain in _ADDRESS.findall(read(page)) if not domain.endswith(_OURS)] == []


def test_every_test_that_is_to_prove_a_defence_is_there() -> None:
    named = [found for code in codes(read(ROOT / "docs" / "security.md")) if (found := _TEST.fullmatch(code))]
    sources = {path.stem: read(path) for path in (ROOT / "tests").glob("*/test_*.py")}
    assert len(named) > 60
    assert [found[0] for found in named if f"def test_{found[2]}(" not in sources.get(found[1], "")] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        paths = (link.partition("#")[0] for link in links(read(page)) if not re.match(r"[a-z]+:", link))
        waiting += [(page.parent / path).resolve() for path in paths if path]
    assert sorted(set(PAGES) - reached) == []


def test_pictures_are_whole_and_say_what_they_show() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        tree = ElementTree.parse(picture)
        assert tree.find("{*}title") is not None
        assert tree.find("{*}desc") is not None


def test_decisions_are_short_numbered_and_have_a_price() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in found] == list(range(1, len(found) + 1))
    for page in found:
        text = read(page)
        assert text.startswith(f"# {page.name[:4]} ")
        assert len(text.splitlines()) <= 60
        assert [part for part in ("## Context", "## Decision", "## Price") if part not in text] == []


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["version"]
    assert f"## [{version}]" in read(ROOT / "CHANGELOG.md")
