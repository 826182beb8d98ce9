"""The commands around coding: a look at the codebook, more passages like a theme's, alike but coded apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svp_nlp.console import Folder, Json, put, put_json, say
from svp_nlp.errors import CodebookError

if TYPE_CHECKING:
    from svp_nlp.coding.codebook_check import CodebookCheck
    from svp_nlp.model import Codebook

codebook_app = typer.Typer(help="The codebook: what may go wrong with it before anybody codes.")


def register(app: typer.Typer) -> None:
    """Add the commands around coding to the command line."""
    app.add_typer(codebook_app, name="codebook", no_args_is_help=True)
    for command in (find, consistency):
        app.command()(command)


@codebook_app.command("check")
def codebook_check(
    where: Annotated[
        Path, typer.Argument(metavar="DIR|YAML", help="A study folder or a codebook.", show_default=False)
    ],
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="SVG", help="Draw the overlap of the themes there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the picture.")] = False,
    json_: Json = False,
) -> None:
    """Name themes that may be mixed up, pieces that stray, and what a theme lacks. Decides nothing.

    Of a study the themes' support by passages is counted too, and the picture is DIR/coding/codebook_map.svg.
    """
    if map_ is not None and map_.exists() and not force:
        raise CodebookError(f"{map_.name} is there already", hint="--force overwrites it")
    book, found = _of_study(where) if where.is_dir() else _of_file(where)
    if map_ is not None:
        from svp_nlp.coding.codebook_check import overlap_map
        from svp_nlp.files import write_whole

        write_whole(map_, overlap_map(found, book))
    if json_:
        put_json(found.as_dict())
    else:
        put(found.table())
    say("a hint for the team: what is alike on paper may be told apart by people, and the other way round")


def _of_study(folder: Path) -> tuple[Codebook, CodebookCheck]:
    from svp_nlp.study import Study

    study = Study(folder)
    return study.codebook(), study.check_codebook()


def _of_file(file: Path) -> tuple[Codebook, CodebookCheck]:
    from svp_nlp.coding.codebook import load_codebook
    from svp_nlp.coding.codebook_check import check_codebook
    from svp_nlp.engines.models import model_path
    from svp_nlp.engines.sentence_transformers import SentenceEmbedder

    book = load_codebook(file)
    return book, check_codebook(book, SentenceEmbedder(model_path("all-MiniLM-L6-v2")))


def find(
    folder: Folder,
    theme: Annotated[str, typer.Argument(metavar="THEME", help="The id of a theme.", show_default=False)],
    most: Annotated[int, typer.Option(min=1, help="How many passages.")] = 20,
    json_: Json = False,
) -> None:
    """List the passages likeliest to belong to a theme, those that people gave it already left out."""
    from svp_nlp.study import Study

    rows = Study(folder).find_more_like(theme, most=most)
    if json_:
        put_json(rows)
        return
    for row in rows:
        put(f"{row['score']:.2f}  {row['citation']}\t{row['text']}")
    say("suggestions have no effect until a person accepts them")


def consistency(folder: Folder, json_: Json = False) -> None:
    """List passages nearly alike that people coded differently. Exit 1 when there are any."""
    from svp_nlp.study import Study

    rows = Study(folder).inconsistencies()
    if json_:
        put_json(rows)
    for row in () if json_ else rows:
        put(f"{row['likeness']:.2f}")
        for passage in row["passages"]:
            put(f"  {passage['citation']}: {', '.join(passage['themes']) or 'none'}")
    if rows:
        raise typer.Exit(1)
    say("no two passages nearly alike are coded differently")
