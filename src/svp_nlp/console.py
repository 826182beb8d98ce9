"""What the commands share: words to stderr, data to stdout, bars while a run takes long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from svp_nlp.progress import Progress, bars, silent

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The study folder.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


def say(words: str) -> None:
    """Say something to the person, on stderr."""
    typer.echo(words, err=True)


def put(data: str) -> None:
    """Put data out, on stdout."""
    typer.echo(data)


def put_json(value: object) -> None:
    """Put a value out as JSON, on stdout."""
    put(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress_unless(quiet: bool) -> Iterator[Progress]:
    """Show progress bars for the time of a block, unless *quiet*."""
    if quiet:
        yield silent
        return
    with bars() as progress:
        yield progress
