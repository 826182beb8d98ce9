"""The commands of a data steward: ledger, key, restore, audit, canaries, exports, misses, the queue.

No command prints an identifier unless ``--show`` asks for it. Whatever needs the key asks for its passphrase
where it is locked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svp_nlp.console import Folder, Json, Quiet, progress_unless, put, put_json, say
from svp_nlp.errors import StudyError
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.study import Study
    from svp_nlp.study.stewarding import Decided

ledger_app = typer.Typer(help="Who and what the study knows: look at it, decide about it.")
key_app = typer.Typer(help="Lock the key (all that holds names, except the sources) under a passphrase.")

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Read the passphrase from here.")
]
Show = Annotated[bool, typer.Option("--show", help="Print real names. They are then on your screen.")]
Entity = Annotated[str, typer.Argument(metavar="ENTITY", help='Such as "PERSON 3".', show_default=False)]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; default: your account.")]
Surfaces = Annotated[
    list[str] | None,
    typer.Option("--surface", metavar="WORDS", help="One variant, as written; give it once for each."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]


def register(app: typer.Typer, export_app: typer.Typer) -> None:
    """Add the steward's commands to the command line."""
    app.add_typer(ledger_app, name="ledger", no_args_is_help=True)
    app.add_typer(key_app, name="key", no_args_is_help=True)
    for command in (queue, restore, audit, canary, missed, remove):
        app.command()(command)
    export_app.command("transcripts")(export_transcripts)


@contextmanager
def key_of(folder: Path, passphrase_file: Path | None = None) -> Iterator[Study]:
    """Open the study with its key, asking for the passphrase where it is locked."""
    from svp_nlp.study import Study
    from svp_nlp.study.locking import is_locked, lies_open

    study = Study(folder)
    if not is_locked(study.layout):
        if lies_open(study.layout):
            say("note: the key lies open since a run that was cut off; svp-nlp key lock DIR locks it again")
        yield study
        return
    with study.unlocked(passphrase(passphrase_file)):
        yield study


def passphrase(file: Path | None = None, *, new: bool = False) -> str:
    """Return the passphrase: from *file*, else SVP_NLP_PASSPHRASE, else asked for (twice when *new*)."""
    if file is not None:
        try:
            return file.read_bytes().decode("utf-8-sig").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise StudyError(f"the passphrase cannot be read from {file.name}") from None
    given = os.environ.get("SVP_NLP_PASSPHRASE", "")
    if given:
        return given
    if not sys.stdin.isatty():
        raise StudyError(
            "the key needs its passphrase, and there is no terminal to ask on",
            hint="set SVP_NLP_PASSPHRASE, or give --passphrase-file",
        )
    try:
        return str(typer.prompt("Passphrase of the key", hide_input=True, confirmation_prompt=new, err=True))
    except typer.Abort:
        raise KeyboardInterrupt from None


def _tell(outcome: Decided) -> None:
    say(str(outcome))
    for problem in outcome.problems:
        say(f"left out: {problem}")
    if outcome.problems:
        raise typer.Exit(1)


@ledger_app.command("list")
def ledger_list(
    folder: Folder,
    label: Annotated[str, typer.Option(help="Only this label, such as PERSON.")] = "",
    page: Annotated[int | None, typer.Option(min=1, help="Which page of 40 entities; default: all.")] = None,
    decisions: Annotated[bool, typer.Option("--decisions", help="List the decisions instead.")] = False,
    show: Show = False,
    json_: Json = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """List entities by pseudonym with counts, files, confidence and how many variants they have."""
    from svp_nlp.study.stewarding import LedgerView, decision_table

    with key_of(folder, passphrase_file) as study:
        if decisions:
            put(decision_table(study.layout))
            return
        view = study.ledger
    if label:
        view = LedgerView(tuple(row for row in view if row.label == label.upper()))
    if page:
        view = view[40 * (page - 1) : 40 * page]
    if json_:
        put_json(view.to_frame(show=show).to_dict("records"))
    else:
        put(view.table(show=show))


@ledger_app.command("merge")
def ledger_merge(
    folder: Folder,
    entity: Entity,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The entity that stays.", show_default=False)],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say that two entities are one: the first gets the pseudonym of the second."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("merge", entity, into=into, by=by))


@ledger_app.command("split")
def ledger_split(
    folder: Folder,
    entity: Entity,
    surface: Surfaces = None,
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say that some variants of an entity are another one; it gets a pseudonym of its own."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("split", entity, surfaces=surface or (), by=by))


@ledger_app.command("rename")
def ledger_rename(
    folder: Folder,
    entity: Entity,
    pseudonym: Annotated[
        str, typer.Argument(metavar="PSEUDONYM", help='Such as "[CHIEF 1]".', show_default=False)
    ],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Give an entity another pseudonym."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("rename", entity, pseudonym=pseudonym, by=by))


@ledger_app.command("keep")
def ledger_keep(
    folder: Folder,
    entity: Entity,
    surface: Surfaces = None,
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say that an entity, or only some variants of it, is no identifier: it stays in the text."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("keep", entity, surfaces=surface or (), by=by))


@ledger_app.command("trim")
def ledger_trim(
    folder: Folder,
    entity: Entity,
    surface: Annotated[str, typer.Option("--surface", metavar="WORDS", help="The variant, as it was found.")],
    to: Annotated[list[str], typer.Option("--to", metavar="WORDS", help="What of it identifies somebody.")],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say that a variant was found too wide: the rest of its words stays in the text."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("trim", entity, surfaces=(surface, *to), by=by))


@ledger_app.command("relabel")
def ledger_relabel(
    folder: Folder,
    entity: Entity,
    label: Annotated[str, typer.Option("--label", help="PERSON, INSTITUTION, LOCATION ...")],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say that an entity is an identifier of another kind: it gets a pseudonym of that kind."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("relabel", entity, label=label.upper(), by=by))


@ledger_app.command("confirm")
def ledger_confirm(
    folder: Folder, entity: Entity, by: By = "", passphrase_file: PassphraseFile = None
) -> None:
    """Say that an entity is an identifier: nobody needs to look at it again."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("confirm", entity, by=by))


@ledger_app.command("roster")
def ledger_roster(
    folder: Folder,
    entity: Annotated[str, typer.Argument(metavar="[ENTITY]", help="Put this entity on it.")] = "",
    add: Annotated[
        str, typer.Option("--add", metavar="NAME", help="Put a name on it that is no entity yet.")
    ] = "",
    label: Annotated[str, typer.Option(help="With --add: PERSON, INSTITUTION, LOCATION ...")] = "PERSON",
    alias: Annotated[list[str] | None, typer.Option("--alias", help="With --add: another name.")] = None,
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put an entity, or a name, on the roster: it is looked for everywhere from now on."""
    if bool(entity) == bool(add):
        raise StudyError("name either an entity or, with --add, a new name")
    with key_of(folder, passphrase_file) as study:
        if entity:
            _tell(study.decide("roster", entity, by=by))
        else:
            _tell(study.decide("add", surfaces=(add, *(alias or ())), label=label.upper(), by=by))


@ledger_app.command("undo")
def ledger_undo(
    folder: Folder,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `ledger list --decisions` has it.")],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take back a decision; the record keeps both."""
    with key_of(folder, passphrase_file) as study:
        _tell(study.decide("undo", number=number, by=by))


@ledger_app.command("export")
def ledger_export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .xlsx or .csv file.", show_default=False)],
    force: Force = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the ledger WITH its names as a sheet to answer in; keep it apart from the clean side."""
    from svp_nlp.study.stewarding import write_sheet

    with key_of(folder, passphrase_file) as study:
        write_sheet(study.layout, file, force=force)
    say(
        f"{file.name} holds the names of the study. Answer in the marked columns, then: "
        "svp-nlp ledger import DIR FILE"
    )


@ledger_app.command("import")
def ledger_import(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sheet, answered.", show_default=False)],
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Record the answers of a sheet: all of them or, where one cannot be, none."""
    from svp_nlp.study.stewarding import read_sheet

    with key_of(folder, passphrase_file) as study:
        _tell(read_sheet(study.layout, file, by=by))


@key_app.command("lock")
def key_lock(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """Seal all that holds names, except the sources, into DIR/private/key (scrypt, AES-256-GCM)."""
    from svp_nlp.study import Study

    Study(folder).lock(passphrase(passphrase_file, new=True))
    say(
        "the key is locked; suggest, report and review work without it. There is no way back without the "
        "passphrase, except redacting the sources again.\n"
        "note: sources/ is not sealed; keep it where nobody else reads"
    )


@key_app.command("unlock")
def key_unlock(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """Open DIR/private/key for good."""
    from svp_nlp.study import Study

    Study(folder).unlock(passphrase(passphrase_file))
    say("the key is open")


def queue(
    folder: Folder, show: Show = False, json_: Json = False, passphrase_file: PassphraseFile = None
) -> None:
    """List the entities a person should look at, those that would leak most first."""
    from svp_nlp.study.stewarding import queue as waiting

    with key_of(folder, passphrase_file) as study:
        found = waiting(study.layout)
        names = {row.entity: " | ".join(row.names) for row in study.ledger} if show else {}
    head = ["entity", "label", "mentions", "risk", *(["names"] if show else [])]
    rows = [
        dict(
            zip(head, [q.entity, q.label.value, q.count, round(q.risk, 2), names.get(q.entity)], strict=False)
        )
        for q in found
    ]
    if json_:
        put_json(rows)
        return
    put("\n".join("\t".join(map(str, cells)) for cells in (head, *(row.values() for row in rows))))
    say(
        f"{plural(len(found), 'entity')} to look at; "
        "svp-nlp review DIR --redaction shows them in their contexts, "
        "svp-nlp ledger confirm|keep DIR ENTITY answers"
    )


def restore(
    folder: Folder,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A clean transcript or any text; default: stdin.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it here.")] = None,
    show: Show = False,
    force: Force = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put the names back into a quote or a file; needs the key. It goes to --out or, with --show, out."""
    from svp_nlp.files import write_whole
    from svp_nlp.study.stewarding import refuse_place

    if out is None and not show:
        raise StudyError("the result holds names", hint="--out FILE writes it, --show prints it")
    with key_of(folder, passphrase_file) as study:
        if out is not None:
            refuse_place(study.layout, out, force=force)
        text = study.restore(sys.stdin.read() if file is None else file)
    if out is not None:
        write_whole(out, text)
        say(f"{out.name} holds names; keep it apart from the clean side")
    if show:
        typer.echo(text, nl=not text.endswith("\n"))


def audit(
    folder: Folder,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Attributes of participants (role, site, year ...), for k."),
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="Compare suggested codes before and after.")] = False,
    json_: Json = False,
    quiet: Quiet = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Account for the redaction: DIR/reports/audit.md and audit.html, without any value of a transcript."""
    with key_of(folder, passphrase_file) as study, progress_unless(quiet) as progress:
        made = study.audit(cases=cases, codes=codes, progress=progress)
    if json_:
        put_json(made.audit.to_row())
        return
    put(made.audit.table())
    if made.codes:
        say(made.codes.sentence())
    for path in made.paths:
        say(str(path))


def canary(
    folder: Folder,
    each: Annotated[int, typer.Option(min=1, max=20, help="How many of each label a transcript.")] = 1,
    seed: Annotated[str, typer.Option(help="Another word plants others.")] = "",
    quiet: Quiet = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Plant invented identifiers into copies of the sources and count how many are found."""
    with key_of(folder, passphrase_file) as study, progress_unless(quiet) as progress:
        found = study.canaries(each=each, seed=seed, progress=progress)
    put(found.table())
    planted, through = sum(found.planted.values()), len(found.through)
    were = plural(planted, "canary was", "canaries were")
    say(f"{planted - through} of {were} found ({found.recall:.1%}); nothing was stored")


def export_transcripts(
    folder: Folder,
    to: Annotated[Path, typer.Option("--to", metavar="OUT", help="The folder to write.")],
    profile: Annotated[
        str, typer.Option("--profile", help="strict, safe_harbor, team or public.")
    ] = "public",
    operator: Annotated[
        list[str] | None,
        typer.Option("--operator", metavar="LABEL=NAME", help="Treat a label so: PERSON=surrogate."),
    ] = None,
    force: Force = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the transcripts under another profile, verified before they appear; else nothing."""
    with key_of(folder, passphrase_file) as study:
        operators = dict(_pair(word) for word in operator or ())
        done = study.export(profile, to, operators=operators, force=force)
    say(
        f"{plural(done.transcripts, 'transcript')} under {done.profile}; no known identifier is left in "
        f"{plural(done.places, 'place')} searched"
    )


def _pair(words: str) -> tuple[str, str]:
    label, equals, name = words.partition("=")
    if not equals:
        raise StudyError("--operator takes a label and an operator", hint="--operator PERSON=surrogate")
    return label.strip().upper(), name.strip()


def remove(
    folder: Folder,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Its letter, or its source file.", show_default=False)
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without, it is only said what would go.")
    ] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take a transcript out of the study, for good: source, clean file, findings, edits, passages."""
    with key_of(folder, passphrase_file) as study:
        told = study.remove(source) if yes else study.removal(source)
    say(str(told))
    if told.reports:
        say(f"reports/ was made with it and stays: {', '.join(told.reports)}; make it anew or take it away")
    if not yes:
        say("nothing was removed; --yes does it, and there is no way back")
        return
    say("removed. Decisions about it stay in the record and no longer count. Now: svp-nlp redact --study DIR")


def missed(
    folder: Folder,
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD_DIR", help="Transcripts of the study, marked by hand.")
    ],
    add: Annotated[bool, typer.Option("--add", help="Put the names missed on the roster.")] = False,
    by: By = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Compare transcripts marked by hand with what was found; --add turns each miss into a roster entry."""
    from svp_nlp.evaluation.gold import marked_by_hand

    with key_of(folder, passphrase_file) as study:
        found = study.missed(marked_by_hand(gold))
        put(found.table())
        if add:
            _tell(study.add_missed(found, by=by))
        elif found.decisions:
            missing = plural(len(found.decisions), "name was", "names were")
            say(f"{missing} missed; --add puts them on the roster")
        else:
            say("nothing that was marked was missed")
