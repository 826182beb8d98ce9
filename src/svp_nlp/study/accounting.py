"""The account of a study's redaction: what was replaced and lost, who stands out, what canaries tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import StudyError
from svp_nlp.files import write_whole
from svp_nlp.model import Label, Passage, Span, Suggestions, Transcript
from svp_nlp.progress import Progress, silent
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.coding import all_passages, find_codebook
from svp_nlp.study.lists import kept_lists
from svp_nlp.study.redacting import counted, known_names, load_ledger, profile_of
from svp_nlp.study.sides import Side, load_sides

if TYPE_CHECKING:
    from svp_nlp.redaction.audit import Audit
    from svp_nlp.redaction.canary import CanaryReport
    from svp_nlp.redaction.profiles import Profile


@dataclass(frozen=True, slots=True)
class CodeChange:
    """How suggestions differ between the words as said and the clean words: passages, and changed ones."""

    passages: int
    touched: int
    changed: int
    changed_touched: int

    def sentence(self) -> str:
        """Return the outcome as a sentence."""
        return (
            f"The first suggested code (or none) changed in {self.changed} of {self.passages} passages "
            f"({_share(self.changed, self.passages)}); of the {self.touched} passages with a replacement, in "
            f"{self.changed_touched} ({_share(self.changed_touched, self.touched)})."
        )


@dataclass(frozen=True)
class Account:
    """An audit with the page it was written to, and how codes changed where that was asked for."""

    audit: Audit
    codes: CodeChange | None
    paths: tuple[Path, ...]

    def _repr_html_(self) -> str:
        more = f"<p>{escape(self.codes.sentence())}</p>" if self.codes else ""
        return self.audit._repr_html_() + more


def account(
    layout: f.Layout,
    settings: Settings,
    *,
    cases: Path | None = None,
    codes: bool = False,
    progress: Progress = silent,
) -> Account:
    """Write reports/audit.md and reports/audit.html: counts, labels and letters, no value of any transcript.

    *cases* is a CSV file, one row a participant, its first column a name for the row, the others attributes
    (role, site, year ...); it is kept in private/. With *codes*, suggestions are made on both sides and
    compared. Raises StudyError as `load_sides` does, and for a table of cases that is none.
    """
    from svp_nlp.redaction.audit import audit

    sides = load_sides(layout)
    profile = profile_of(settings)
    made = audit(
        [s.source for s in sides],
        [s.findings for s in sides],
        [s.redacted for s in sides],
        profile=profile,
        cases=_cases(layout, cases),
    )
    change = code_change(layout, settings, sides, progress) if codes else None
    page = _markdown(made, profile, change)
    paths = (layout.reports / "audit.md", layout.reports / "audit.html")
    write_whole(paths[0], page)
    write_whole(paths[1], _html(page))
    return Account(made, change, paths)


def _cases(layout: f.Layout, given: Path | None) -> Sequence[Mapping[str, str]]:
    from svp_nlp.redaction.audit import load_cases

    kept = layout.private / "cases.csv"
    source = given or kept
    if not source.exists():
        if given is not None:
            raise StudyError(f"there is no file {given.name}")
        return ()
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StudyError(f"{source.name} is not a UTF-8 text", hint="save it as CSV (UTF-8)") from None
    rows = load_cases(text).rows
    if given is not None:
        write_whole(kept, text)
    return rows


def code_change(
    layout: f.Layout, settings: Settings, sides: Sequence[Side], progress: Progress = silent
) -> CodeChange:
    """Suggest codes for the same passages on both sides and count where the first one differs.

    Nothing of the private side is stored: its embeddings are made and forgotten.
    """
    clean = {s.letter: s.redacted.transcript for s in sides}
    cut = all_passages(clean, settings)
    ways = {s.letter: s.redacted for s in sides}
    home = [_at_home(p, ways[p.transcript].to_source) for p in cut]
    suggested = _suggester(layout, settings)
    progress("comparing codes", 0, 2)
    after = suggested(clean, cut)
    progress("comparing codes", 1, 2)
    before = suggested({s.letter: replace(s.source, id=s.letter) for s in sides}, home)
    progress("comparing codes", 2, 2)
    changed = [_first(a) != _first(b) for a, b in zip(before, after, strict=True)]
    touched = [
        any(e.clean.overlaps(piece) for e in ways[p.transcript].edits for piece in p.pieces) for p in cut
    ]
    both = sum(c and t for c, t in zip(changed, touched, strict=True))
    return CodeChange(len(cut), sum(touched), sum(changed), both)


def _at_home(passage: Passage, home: Callable[[Span], Span]) -> Passage:
    return replace(
        passage,
        pieces=tuple(map(home, passage.pieces)),
        question=tuple(map(home, passage.question)),
    )


Suggest = Callable[[Mapping[str, Transcript], Sequence[Passage]], Sequence[Suggestions]]


def _suggester(layout: f.Layout, settings: Settings) -> Suggest:
    from svp_nlp.coding.suggest import ThemeSuggester, suggest_passages
    from svp_nlp.engines.embedding import open_embedder
    from svp_nlp.engines.models import model_path

    book = find_codebook(layout, settings, None)
    path = model_path(settings.coding.embedding_model)
    suggester = ThemeSuggester(book, open_embedder(path, settings.coding.embedding_backend))
    return lambda transcripts, cut: suggest_passages(suggester, transcripts, cut, top=1)


def _first(made: Suggestions) -> str:
    return "" if made.abstained or not made.ranked else made.ranked[0].theme


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def canaries(
    layout: f.Layout, settings: Settings, *, each: int = 1, seed: str = "", progress: Progress = silent
) -> CanaryReport:
    """Plant *each* invented identifiers of every label into copies of the sources; report what gets through.

    Nothing of it is stored. The same *seed* plants the same.
    """
    from svp_nlp.engines.models import model_path
    from svp_nlp.redaction.canary import canaries_through
    from svp_nlp.redaction.detect import default_engine, detect

    ledger, roster = load_ledger(layout), known_names(layout)
    engine = default_engine(model_path(settings.redaction.spacy_model), kept_lists(layout))
    return canaries_through(
        [side.source for side in load_sides(layout)],
        lambda planted: detect(planted, roster=roster, engine=engine, progress=counted(progress)),
        ledger,
        each=each,
        seed=seed,
    )


def _markdown(made: Audit, profile: Profile, change: CodeChange | None) -> str:
    return "\n\n".join(_sections(made, profile, change)) + "\n"


def _sections(made: Audit, profile: Profile, change: CodeChange | None) -> Iterator[str]:
    yield "# Audit of the redaction"
    yield made.methods()
    yield "## Replaced, by transcript and kind"
    labels = [label for label in Label if any(x.labels.get(label) for x in made.files)]
    head = ["transcript", *labels, "left in the text", "to look at"]
    counts = ([str(x.labels.get(label, 0)) for label in labels] for x in made.files)
    rows = zip(made.files, counts, strict=True)
    yield _table(head, [[x.transcript, *cells, str(x.kept), str(x.review)] for x, cells in rows])
    yield "## The eighteen kinds of 45 CFR 164.514(b)(2)(i)"
    yield _table(
        ["paragraph", "kind", "what safe_harbor does", "replaced"],
        [[p, what, how, str(n)] for p, what, how, n in made.by_kind()],
    )
    yield f'## What the profile "{made.profile}" does'
    rules = profile.rules.items()
    yield _table(["label", "treatment", "answers"], [[k, r.name, r.answers] for k, r in rules])
    yield "## What was lost"
    yield _table(
        ["transcript", "words", "words changed", "share"],
        [[x.transcript, str(x.words), str(x.changed), f"{x.share_changed:.1%}"] for x in made.files],
    )
    yield change.sentence() if change else "Codes before and after were not compared (svp-nlp audit --codes)."
    yield "## Who might be told apart"
    yield from _risk(made)


def _risk(made: Audit) -> Iterator[str]:
    if not made.combinations:
        yield "No attributes of participants were given (svp-nlp audit --cases CSV), nothing is known of it."
        return
    yield (
        "k is the size of the smallest group of participants with the same attributes; with k = 1 somebody "
        "stands alone."
    )
    yield _table(
        ["attributes", "participants", "groups", "k", "alone"],
        [[" × ".join(c.columns), str(c.cases), str(c.groups), str(c.k), str(c.alone)]
         for c in made.combinations],
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in lines)


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #999;padding:.25rem .6rem;"
    "text-align:left}td{font-variant-numeric:tabular-nums}"
)


def _html(page: str) -> str:
    """Return the page of `_sections` as HTML: headings, paragraphs and tables are all it has."""
    body = "\n".join(_block(part) for part in page.strip().split("\n\n"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Audit of the redaction</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _block(part: str) -> str:
    heading = re.match(r"(#+) ", part)
    if heading:
        level = len(heading[1])
        return f"<h{level}>{escape(part[level + 1 :])}</h{level}>"
    if not part.startswith("| "):
        return f"<p>{escape(part)}</p>"
    head, _, *rows = [line.strip("| ").split(" | ") for line in part.splitlines()]
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{cells}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
