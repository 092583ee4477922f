"""The first page of the gallery: mails down, languages across, and the mail that was chosen beside them.

Works from the disk and without scripts: every link opens in the one frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark }
body { margin: 0; display: flex; height: 100vh; font: 15px/1.5 system-ui, sans-serif }
nav { flex: 0 0 34rem; max-width: 100%; overflow: auto; padding: 0 1rem 1rem; box-sizing: border-box }
iframe { flex: 1 1 0; border: 0; border-left: 1px solid #8a94a0; background: Canvas }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8a94a055 }
thead th { position: sticky; top: 0; background: Canvas }
th small { display: block; font-weight: 400 }
td { white-space: nowrap }
td a { display: inline-block; min-width: 24px; line-height: 24px }
@media (max-width: 60rem) { body { display: block } nav { height: 50vh } iframe { width: 100%; height: 50vh } }
"""
_ENDINGS = {"html": "mail", "txt": "text", "eml": "file"}


def page(rows: Mapping[str, str], languages: Sequence[str]) -> str:
    """The page for the exhibits of `rows` (name → its subject), each in those languages."""
    heads = "".join(f'<th scope="col">{language}</th>' for language in languages)
    body = "\n".join(_row(name, subject, languages) for name, subject in rows.items())
    first = f"{next(iter(rows))}.{languages[0]}.html" if rows else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Every mail</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        '<nav aria-label="Mails">\n<h1>Every mail</h1>\n<table>\n'
        f'<thead><tr><th scope="col">mail</th>{heads}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>\n</nav>\n"
        f'<iframe name="chosen" title="The chosen mail" src="{escape(first)}"></iframe>\n</body>\n</html>\n'
    )


def _row(name: str, subject: str, languages: Iterable[str]) -> str:
    cells = "".join(f"<td>{_links(name, language)}</td>" for language in languages)
    return f'<tr><th scope="row">{escape(name)}<small>{escape(subject)}</small></th>{cells}</tr>'


def _links(name: str, language: str) -> str:
    files = {label: escape(f"{name}.{language}.{ending}") for ending, label in _ENDINGS.items()}
    label = escape(f"{name}, {language}")
    return "<br>".join(
        f'<a href="{file}" target="chosen" aria-label="{label}: {kind}">{kind}</a>' for kind, file in files.items()
    )
