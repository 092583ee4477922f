"""Writes the styles of our own HTML mail templates into their tags, once at start: many mail programs drop `<style>`.

Only tags with a `class` are styled, by that tag and its classes; nothing else of CSS is meant to work here.
"""

import re
from functools import cache

import css_inline

_TAG = re.compile(r'<([a-z][a-z0-9]*)([^<>]*?) class="([a-z0-9 -]+)"')
_STYLE = re.compile(r'style="([^"]*)"')


class Inliner:
    """Knows one style sheet; called with a template's source it returns the source with `style` attributes."""

    def __init__(self, sheet: str) -> None:
        self._sheet = sheet
        self._styled = cache(self._compute)

    def __call__(self, source: str) -> str:
        return _TAG.sub(lambda m: f'<{m[1]}{m[2]} class="{m[3]}"{self._styled(m[1], m[3])}', source)

    def _compute(self, tag: str, classes: str) -> str:
        void = tag in {"img", "br", "hr", "meta"}
        sample = f'<{tag} class="{classes}">' + ("" if void else f"x</{tag}>")
        if tag in {"td", "th"}:
            sample = f"<table><tbody><tr>{sample}</tr></tbody></table>"
        page = css_inline.inline(f"<html><head><style>{self._sheet}</style></head><body>{sample}</body></html>")
        found = _STYLE.search(page)
        return f' style="{found[1]}"' if found else ""
