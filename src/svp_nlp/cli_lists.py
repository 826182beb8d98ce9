"""The commands for public lists of hospitals, universities, towns and people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from svp_nlp.cli_steward import PassphraseFile, key_of
from svp_nlp.console import Folder, Json, put, put_json, say
from svp_nlp.wording import plural

lists_app = typer.Typer(help="Public lists of names (hospitals, universities ...) as a further witness.")

AGAIN = "In force from the next run on: svp-nlp redact --study DIR"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(lists_app, name="lists", no_args_is_help=True)


@lists_app.command("add")
def lists_add(
    folder: Folder,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, or a text with one name a line.", show_default=False)
    ],
    kind: Annotated[str, typer.Option(help="institution, location or person.")] = "institution",
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column with the names: its header, or its number.")
    ] = "",
    name: Annotated[str, typer.Option(help="What to call the list; default: the file's name.")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Keep a list with the study (made if new). CMS, College Scorecard, IPEDS and NHS headers are known."""
    from svp_nlp.study import Study

    Study.create(folder)
    with key_of(folder, passphrase_file) as study:
        kept = study.add_list(file, kind=kind, column=column, name=name)
    towns = f" and {plural(len(kept.towns), 'town')}" if kept.towns else ""
    out = f", {kept.left_out} left out as ordinary words" if kept.left_out else ""
    say(f"{kept.name}: {plural(len(kept), 'name')}{towns}{out}. {AGAIN}")


@lists_app.command("show")
def lists_show(folder: Folder, json_: Json = False, passphrase_file: PassphraseFile = None) -> None:
    """List the study's lists: name, what they hold, how many names, the SHA-256 of the file."""
    with key_of(folder, passphrase_file) as study:
        rows = [
            {
                "list": one.name,
                "label": one.label.value,
                "names": len(one),
                "towns": len(one.towns),
                "left out": one.left_out,
                "sha256": one.sha256,
            }
            for one in study.lists
        ]
    if json_:
        put_json(rows)
        return
    head = ["list", "label", "names", "towns", "left out", "sha256"]
    put("\n".join("\t".join(cells) for cells in (head, *([str(row[c]) for c in head] for row in rows))))


@lists_app.command("remove")
def lists_remove(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `lists show` has it.", show_default=False)],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take a list out of the study."""
    with key_of(folder, passphrase_file) as study:
        study.remove_list(name)
    say(f"{name} is taken out. {AGAIN}")
