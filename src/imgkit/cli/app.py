"""The `imgkit` application: every command registers itself here."""

from typing import Annotated

import typer

from imgkit.version import __version__

app = typer.Typer(
    name="imgkit",
    help="Custom images of Alibaba Cloud ECS: exported, downloaded, proven, converted and inspected.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imgkit {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # the callback does the work
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Custom images of Alibaba Cloud ECS: exported, downloaded, proven, converted and inspected."""
