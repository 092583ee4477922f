"""Turns a mail's or page's name, a language and values into words; the only place where templates are compiled.

All templates and catalogues are read and compiled when `Templates` is made, so a broken one stops the start and not a
claim. Rendering is pure. A value the template needs and does not get raises jinja2.UndefinedError (StrictUndefined);
values are data and never read as template text (security item 27).

A mail is one file, `mail/<code>.j2`, compiled twice: with the text kit and with the HTML kit (`kit.txt.j2`,
`kit.html.j2`), so that both parts always say the same. `extends`, `import` and `include` of a bare name inside `mail/`
mean the file for the format at hand.
"""

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from babel.lists import format_list
from babel.support import NullTranslations
from jinja2 import BaseLoader, BytecodeCache, Environment, StrictUndefined, Template, TemplateNotFound, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from mailbot.claims.model import Product
from mailbot.wording import catalogues, dates, filling, styles, words

_FOLDER = Path(__file__).parent
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_FORMATS = ("txt", "html")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail in words. `text` has LF line ends and lines of at most 72 columns, links apart."""

    subject: str
    text: str
    html: str


class Complaint(Protocol):
    """What a form has against a field: a code of `WORDS["form"]`, `"defect"` or `"refusal"`, and its English text."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def number(self) -> int: ...


class Templates:
    """Every template in every language. `products` names the catalogue's product codes as people know them.

    `folders` are those to load: a process without pages needs no `web`.
    """

    def __init__(self, products: Mapping[str, str], folders: Sequence[str] = ("mail", "web")) -> None:
        sources = _read(_FOLDER, folders)
        translations = catalogues.load(_FOLDER / "locale")
        self._tongues = {n: _environment(n, sources, translations[n], products) for n in catalogues.LANGUAGES}
        self.mails = tuple(sorted(_code(n) for n in sources if n.startswith("mail/") and _is_mail(sources[n])))
        for environment in self._tongues.values():
            for name in environment.list_templates():
                environment.get_template(name)

    def render(self, name: str, language: str, context: Mapping[str, object]) -> Rendered:
        """The mail `name` (a code of domain §7). Raises TemplateNotFound, and UndefinedError for a missing value."""
        environment = self._tongues[catalogues.language(language)]
        text = environment.get_template(f"mail/{name}.txt.j2")
        values = text.new_context(dict(context))
        body = "".join(text.root_render_func(values))
        subject = "".join(text.blocks["subject"](values))
        html = environment.get_template(f"mail/{name}.html.j2").render(context)
        return Rendered(" ".join(subject.split()), _tidy(body), html.strip() + "\n")

    def render_page(self, name: str, language: str, context: Mapping[str, object]) -> str:
        """The page `web/<name>.html.j2`. Raises like `render`."""
        environment = self._tongues[catalogues.language(language)]
        return environment.get_template(f"web/{name}.html.j2").render(context)

    def translate(self, message: str, language: str) -> str:
        """A message marked for translation, in the language; as it stands when the catalogue does not have it."""
        gettext: Callable[[str], str] = self._tongues[catalogues.language(language)].globals["translate"]  # type: ignore[assignment]
        return gettext(message)


class _Compiled(BytecodeCache):
    """Code compiled once serves all languages, and whoever makes `Templates` next: it follows from the source alone."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class _Loader(BaseLoader):
    """Serves sources from memory; a mail's `<name>.<format>.j2` falls back to the format-free `<name>.j2`."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        stem, _, form = template.removesuffix(".j2").rpartition(".")
        source = self._sources.get(template) or self._sources.get(f"{stem}.j2")
        if source is None or form not in _FORMATS:
            raise TemplateNotFound(template)
        return source, template, lambda: True

    def list_templates(self) -> list[str]:
        names = {n for n in self._sources if n.removesuffix(".j2").endswith(tuple(f".{f}" for f in _FORMATS))}
        bare = [n.removesuffix(".j2") for n in self._sources if n.startswith("mail/") and n not in names]
        return sorted(names | {f"{name}.{form}.j2" for name in bare for form in _FORMATS})


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A function of templates that translates: `say` gives the message in the language, of a number where it has one.

    Jinja's own does the same in four calls, each of which the sandbox is asked about.
    """

    say: Callable[..., str]

    def filled(self, context: Context, texts: Sequence[Any], values: Mapping[str, Any]) -> str:
        """The translation with its values, which are escaped where the format asks for it."""
        said = self.say(*texts)
        if not context.eval_ctx.autoescape:
            return said % values
        escaped = {name: escape(value) for name, value in values.items()}
        return Markup(said % escaped)  # noqa: S704 -- the sentence is ours, what is put into it is escaped


class _Environment(SandboxedEnvironment):
    def call(self, context: Context, called: Any, /, *args: Any, **values: Any) -> Any:
        # Macros and sentences are ours and most of what a mail calls: neither needs the sandbox, nor names of loops.
        if type(called) not in (Macro, _Sentence):
            return super().call(context, called, *args, **values)
        values.pop("_block_vars", None)
        values.pop("_loop_vars", None)
        if type(called) is Macro:
            return called(context.eval_ctx, *args, **values)
        return called.filled(context, args, {"num": args[-1], **values})

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # A plain dict in place of a chain of maps: nothing changes after the start, and imports cost half.
        return {**self.globals, **(d or {})}

    def join_path(self, template: str, parent: str) -> str:
        if not parent.startswith("mail/") or "." in template:
            return template
        return f"mail/{template}.{parent.removesuffix('.j2').rpartition('.')[2]}.j2"


def _environment(
    name: str,
    sources: Mapping[str, str],
    translations: NullTranslations,
    products: Mapping[str, str],
) -> Environment:
    environment = _Environment(
        loader=_Loader(sources),
        bytecode_cache=_COMPILED,
        autoescape=lambda template: template is None or ".html." in template,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        _=_Sentence(translations.gettext),
        gettext=_Sentence(translations.gettext),
        ngettext=_Sentence(translations.ngettext),
        language=name.replace("_", "-"),
        translate=translations.gettext,
        marker=translations.gettext(words.MARKER),
        codes=words.WORDS,
    )
    environment.filters.update(_filters(name, translations, products))
    return environment


def _filters(name: str, translations: NullTranslations, products: Mapping[str, str]) -> dict[str, Callable[..., str]]:
    """Filters that speak one language. All take the context: that keeps them out of the code the languages share."""

    def zone(context: Context) -> str:
        return str(context.get("time_zone") or "UTC")

    @pass_context
    def day(context: Context, value: date | datetime) -> str:
        return dates.day(value, name, zone(context))

    @pass_context
    def instant(context: Context, value: datetime) -> str:
        return dates.instant(value, name, zone(context))

    @pass_context
    def deadline(context: Context, value: date | datetime, exact: bool = False) -> str:
        return dates.deadline(value, name, zone(context), exact)

    @pass_context
    def word(_: Context, code: str, kind: str) -> str:
        return translations.gettext(words.word(kind, str(code)))

    @pass_context
    def sentence(_: Context, text: str, kind: str, code: str) -> str:
        """A sentence that came with a code: as it stands in English, the code's own in another language."""
        known = words.WORDS[kind].get(code, "")
        translated = translations.gettext(known) if known else ""
        return text if name == "en" or translated in ("", known) else translated

    @pass_context
    def complaint(context: Context, error: Complaint) -> str:
        """What is wrong with a field of a form: the sentence of its code, with the limit that was passed."""
        if error.code in words.WORDS["form"]:
            return translations.gettext(words.WORDS["form"][error.code]).replace("%(number)s", str(error.number))
        return sentence(context, error.text, "complaint", error.code)

    @pass_context
    def product(_: Context, code: str) -> str:
        return products.get(code, code)

    @pass_context
    def product_names(context: Context, claimed: Sequence[Product]) -> str:
        return listing(context, [products.get(p.code, p.code) for p in claimed])

    @pass_context
    def products_in_full(context: Context, claimed: Sequence[Product]) -> str:
        named = [(products.get(p.code, p.code), p.subscription_id) for p in claimed]
        return listing(context, [f"{product} ({sub})" if sub else product for product, sub in named])

    @pass_context
    def listing(_: Context, items: Sequence[str]) -> str:
        return format_list([str(item) for item in items], locale=catalogues.locale(name)) if items else ""

    spoken = (day, instant, deadline, word, sentence, complaint, product, product_names, listing)
    own: dict[str, Callable[..., str]] = {f.__name__: f for f in spoken}
    own["products"] = products_in_full
    return own | {
        "fill": filling.fill,
        "quoted": filling.quote,
        "plain": filling.plain,
        "underline": _underline,
        "capital": _capital,
    }


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _underline(heading: str) -> str:
    return f"{heading}\n{'-' * filling.columns(heading)}"


def _read(folder: Path, kinds: Sequence[str]) -> dict[str, str]:
    """The template sources by their path below the folder; HTML of mails with its styles written into the tags."""
    paths = (path for kind in kinds for path in (folder / kind).rglob("*.j2"))
    found = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    inliner = styles.Inliner((folder / "mail" / "style.css").read_text(encoding="utf-8"))
    return {n: inliner(s) if n.startswith("mail/") and ".html." in n else s for n, s in found.items()}


def _is_mail(source: str) -> bool:
    return "{% block subject %}" in source


def _code(name: str) -> str:
    return name.removeprefix("mail/").removesuffix(".j2")


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", text).strip("\n") + "\n"


__all__ = ["Rendered", "Template", "Templates"]
