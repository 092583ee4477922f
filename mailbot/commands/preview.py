"""`mailbot preview`: every mail and page with example values, as files to look at. Needs no configuration."""

from pathlib import Path

import click

from mailbot.commands.output import progress


@click.command()
@click.option("--config", "_config_file", type=click.Path(path_type=Path, dir_okay=False), help="Not needed here.")
@click.option("--lang", "language", help="Only this language (default: all).")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("preview"), show_default=True)
def command(_config_file: Path | None, language: str | None, out: Path) -> None:
    """Write every mail in every language as files; their names start with the mail's code."""
    from mailbot.claims.catalogue import shipped_catalogue
    from mailbot.outbound import gallery
    from mailbot.templates import Templates
    from mailbot.wording.catalogues import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise click.UsageError(f"languages are {', '.join(LANGUAGES)}")
    progress("writing …")
    products = {product.code: product.name for product in shipped_catalogue().products.values()}
    written = gallery.write(out, Templates(products), (language,) if language else LANGUAGES)
    click.echo(f"{len(written)} files in {out}; begin with {written[-1]}")
