"""The commands around coding: a look at the codebook, more passages like a theme's, alike but coded apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svp_nlp.console import Folder, Json, Quiet, progress_unless, put, put_json, say
from svp_nlp.errors import CodebookError

if TYPE_CHECKING:
    from svp_nlp.coding.codebook_check import CodebookCheck
    from svp_nlp.coding.theme_map import ThemeMap, What
    from svp_nlp.model import Codebook

codebook_app = typer.Typer(
    help="The codebook: what may go wrong with it, and what became of it after coding began."
)


def register(app: typer.Typer) -> None:
    """Add the commands around coding to the command line."""
    app.add_typer(codebook_app, name="codebook", no_args_is_help=True)
    for command in (find, consistency, learning):
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


@codebook_app.command("diff")
def codebook_diff(
    old: Annotated[
        Path, typer.Argument(metavar="DIR|OLD", help="A study folder or a codebook.", show_default=False)
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The edited codebook.", show_default=False)],
    json_: Json = False,
) -> None:
    """Say which themes are gone, new or edited in another codebook; guesses nothing. Exit 1 if any is."""
    from svp_nlp.coding import codebook_diff as comparing
    from svp_nlp.coding.codebook import load_codebook
    from svp_nlp.study import Study

    before = Study(old).codebook() if old.is_dir() else load_codebook(old)
    found = comparing.codebook_diff(before, load_codebook(new))
    if json_:
        put_json(found.as_dict())
    else:
        put(found.table())
    if found:
        raise typer.Exit(1)


@codebook_app.command("migrate")
def codebook_migrate(
    folder: Folder,
    new: Annotated[
        Path | None,
        typer.Argument(metavar="NEW", help="The codebook to go on with; default: the study's own, edited."),
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="What became of the themes, YAML or CSV.")
    ] = None,
    rename: Annotated[list[str] | None, typer.Option(metavar="OLD=NEW", help="A theme has a new id.")] = None,
    merge: Annotated[list[str] | None, typer.Option(metavar="OLD,OLD=NEW", help="Themes became one.")] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW,NEW", help="A theme became several; coders choose again."),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="OLD", help="A theme is given up.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides, as coders are named.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without, it is only said what would happen.")
    ] = False,
    json_: Json = False,
) -> None:
    """Go on with an edited codebook: say what became of each theme, and what that does to all codings.

    Renamed and merged themes carry over, codings with a split theme come back to their coders. Decisions are
    never rewritten; svp-nlp codebook undo takes it back.
    """
    from svp_nlp.study import Study

    study = Study(folder)
    told: Mapping[What, list[str] | None] = {"rename": rename, "merge": merge, "split": split, "drop": drop}
    plan = study.plan_migration(new, _themes_told(map_, told))
    if yes and not by:
        raise CodebookError("a migration is on record with who decided it", hint="--by NAME; initials do")
    if yes:
        study.migrate(plan, by=by)
    if json_:
        put_json({**plan.as_dict(), "done": yes})
    else:
        put(plan.table())
    say("recorded; svp-nlp codebook undo takes it back" if yes else "nothing was written; --yes does it")


def _themes_told(file: Path | None, told: Mapping[What, list[str] | None]) -> ThemeMap:
    """Join what a file and the options say became of the themes."""
    from svp_nlp.coding.theme_map import ThemeMap, read_theme_map, told_move

    moves = read_theme_map(file).moves if file is not None else ()
    more = [told_move(what, one) for what, some in told.items() for one in some or ()]
    return ThemeMap((*moves, *more))


@codebook_app.command("migrations")
def codebook_migrations(folder: Folder, json_: Json = False) -> None:
    """List what became of the codebook since coding began: when, by whom, from and to which version."""
    from svp_nlp.study import Study

    made = Study(folder).migrations
    if json_:
        put_json([one.as_dict() for one in made])
        return
    for one in made:
        put(str(one))
    if not made:
        say("the codebook was never migrated")


@codebook_app.command("undo")
def codebook_undo(
    folder: Folder,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides, as coders are named.")],
) -> None:
    """Take back the last migration: codings are read as before, and the codebook before is in use again."""
    from svp_nlp.study import Study

    gone = Study(folder).undo_migration(by=by)
    say(f"the migration from {', '.join(gone.before)} to {gone.after} is taken back")
    if not gone.old:
        say("note: the codebook before it was not kept; put it in the place of coding/codebook.yaml")


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


def learning(
    folder: Folder,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="SVG", help="Draw the curve there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the picture.")] = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how much each further coded transcript helps the suggestions, judged on those left out."""
    from svp_nlp.files import write_whole
    from svp_nlp.study import Study

    if picture is not None and picture.exists() and not force:
        raise CodebookError(f"{picture.name} is there already", hint="--force overwrites it")
    with progress_unless(quiet) as progress:
        curve = Study(folder).learning_curve(progress=progress)
    if picture is not None:
        write_whole(picture, curve.figure())
    if json_:
        put_json(curve.as_dict())
    else:
        put(curve.table())
