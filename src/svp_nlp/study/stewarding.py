"""What a data steward does: look at the ledger, decide, put names back, turn misses into rules."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import StudyError, SvpError
from svp_nlp.files import write_whole
from svp_nlp.model import Finding, Label, Status, Transcript
from svp_nlp.study import folder as f
from svp_nlp.study.coding import load_transcripts
from svp_nlp.study.locking import require_key
from svp_nlp.study.redacting import kept_roster, load_ledger, raw_ledger
from svp_nlp.study.reviewed import all_rulings
from svp_nlp.study.sides import Side, load_sides
from svp_nlp.study.steward_log import append_decisions, load_decisions
from svp_nlp.wording import plural

if TYPE_CHECKING:
    from svp_nlp.redaction.decisions import Decision, Question
    from svp_nlp.redaction.ledger import Ledger

AGAIN = "svp-nlp redact --study DIR"
_COLUMNS = ("entity", "label", "pseudonym", "count", "files", "variants", "confidence", "review")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An entity: how often it occurs and where, how sure the witnesses are, how much waits for a person."""

    entity: str
    label: Label
    pseudonym: str
    count: int
    files: tuple[str, ...]
    confidence: float
    review: int
    names: tuple[str, ...] = field(repr=False)

    def cells(self) -> list[str]:
        """Return the row as text without any name."""
        told = [self.entity, self.label.value, self.pseudonym, str(self.count), " ".join(self.files)]
        return [*told, str(len(self.names)), f"{self.confidence:.2f}", str(self.review)]


@dataclass(frozen=True)
class LedgerView(Sequence[LedgerRow]):
    """The ledger as a table: pseudonyms and counts; real names only where asked for with ``show``.

    A slice of it is a page of it.
    """

    rows: tuple[LedgerRow, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        return LedgerView(self.rows[at]) if isinstance(at, slice) else self.rows[at]

    def _table(self, show: bool) -> list[list[str]]:
        head = [*_COLUMNS, *(["names"] if show else [])]
        rows = [[*row.cells(), *([" | ".join(row.names)] if show else [])] for row in self.rows]
        return [head, *rows]

    def table(self, *, show: bool = False) -> str:
        """Return lines of text, cells separated by tabs; *show* adds the real names."""
        return "\n".join("\t".join(cells) for cells in self._table(show))

    def to_frame(self, *, show: bool = False) -> Any:
        """Return a pandas DataFrame, one row an entity; *show* adds the real names."""
        import pandas as pd

        head, *rows = self._table(show)
        frame = pd.DataFrame(rows, columns=head)
        kinds = {"count": int, "variants": int, "confidence": float, "review": int}
        return frame.astype(kinds)

    def to_html(self, *, show: bool = False) -> str:
        """Return an HTML table; *show* adds the real names."""
        head, *rows = self._table(show)
        lines = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in rows
        )
        return f"<table><tr>{''.join(f'<th>{c}</th>' for c in head)}</tr>{lines}</table>"

    def _repr_html_(self) -> str:
        return self.to_html()


def ledger_view(layout: f.Layout) -> LedgerView:
    """Return the ledger as decisions leave it, most frequent entities first."""
    ledger = load_ledger(layout)
    scores, waiting = _confidence(layout)
    rows = [
        LedgerRow(
            e.id,
            e.label,
            e.pseudonym,
            e.count,
            tuple(sorted(ledger.transcripts.get(t, t) for t in e.transcripts)),
            scores.get(e.id, 0.0),
            waiting[e.id],
            e.surfaces,
        )
        for e in ledger
        if e.count
    ]
    return LedgerView(tuple(sorted(rows, key=lambda r: (-r.count, r.entity))))


def _confidence(layout: f.Layout) -> tuple[dict[str, float], Counter[str]]:
    """Return the highest confidence in a mention of each entity, and how many mentions wait for a person."""
    scores: dict[str, float] = defaultdict(float)
    waiting: Counter[str] = Counter()
    for finding in _findings(layout):
        scores[finding.entity] = max(scores[finding.entity], finding.score)
        waiting[finding.entity] += finding.status is Status.REVIEW
    return scores, waiting


def _findings(layout: f.Layout) -> Iterator[Finding]:
    require_key(layout)
    path = layout.private / "findings.jsonl"
    if not path.exists():
        raise StudyError("nothing was redacted yet", hint="svp-nlp redact SOURCES... --study DIR")
    return map(f.as_finding, f.read_lines(path))


def queue(layout: f.Layout) -> tuple[Question, ...]:
    """Return the entities that wait for a person, those that would leak most first."""
    from svp_nlp.redaction.decisions import questions

    return questions([list(_findings(layout))])


@dataclass(frozen=True)
class Decided:
    """What was recorded: the numbers of the new decisions, and what was left out and why."""

    numbers: tuple[int, ...]
    problems: tuple[SvpError, ...] = ()

    def __str__(self) -> str:
        if not self.numbers:
            return "nothing new was recorded"
        first, last = self.numbers[0], self.numbers[-1]
        made = f"decision {first}" if first == last else f"decisions {first} to {last}"
        return f"recorded as {made}. In force from the next run on: {AGAIN}"


def decision(kind: str, entity: str = "", **told: Any) -> Decision:
    """Return a decision from plain words; StudyError for a kind or a label that there is not."""
    from svp_nlp.redaction.decisions import Decision, Kind

    if kind not in list(Kind):
        raise StudyError(f'"{kind}" cannot be decided; what can: {", ".join(Kind)}')
    if told.get("label") is not None and told["label"] not in list(Label):
        raise StudyError(f"an identifier has one of the labels {', '.join(Label)}")
    if told.get("label") is not None:
        told["label"] = Label(told["label"])
    told["surfaces"] = tuple(told.get("surfaces", ()))
    return Decision(Kind(kind), entity, **told)


def decide(layout: f.Layout, new: Decision, *, by: str = "") -> Decided:
    """Record *new*, checked against the ledger, the roster and all decisions before it.

    Raises StudyError for what cannot be and for what contradicts an earlier decision; nothing is recorded
    then.
    """
    before = load_decisions(layout)
    after = _checked(layout, before, new)
    append_decisions(layout, after[len(before) :], by=by)
    return Decided((len(after),))


def _checked(layout: f.Layout, before: Sequence[Decision], new: Decision) -> tuple[Decision, ...]:
    from svp_nlp.redaction.decisions import Kind, with_decisions
    from svp_nlp.redaction.decisions import decide as add

    ledger = raw_ledger(layout)
    reviewed = all_rulings(layout)[len(load_decisions(layout)) :]
    roster = with_decisions(kept_roster(layout), ledger, before)
    after = add(ledger, before, new, roster)
    if new.kind is not Kind.UNDO:  # the review page's decisions have no numbers to undo
        add(ledger, (*before, *reviewed), new, with_decisions(roster, ledger, reviewed))
    if new.kind is Kind.RENAME:
        _check_label(layout, new)
    if new.kind is Kind.ADD:
        _check_kept(ledger, before, new)
    return after


def _check_kept(ledger: Ledger, before: Sequence[Decision], new: Decision) -> None:
    """Refuse to put a name on the roster that a decision in force leaves in the text."""
    from svp_nlp.redaction.decisions import Kind
    from svp_nlp.redaction.words import fold

    gone = {d.number for d in before if d.kind is Kind.UNDO}
    names = {fold(surface) for surface in new.surfaces}
    for number, d in enumerate(before, 1):
        if d.kind is not Kind.KEEP or number in gone or d.entity.partition(" ")[0] != new.label:
            continue
        entity = _variants_after(ledger, before[: number - 1], d.entity)
        if names & {fold(surface) for surface in d.surfaces or entity}:
            raise StudyError(
                f"{d.entity} has this name and was said to be no identifier by decision {number}",
                hint=f"undo decision {number}",
            )


def _variants_after(ledger: Ledger, before: Sequence[Decision], entity: str) -> tuple[str, ...]:
    """Return the variants that *entity* had after the decisions *before*."""
    from svp_nlp.redaction.decisions import fold_ledger

    folded = fold_ledger(ledger, before)
    return tuple(folded[entity].variants) if entity in folded else ()


def _check_label(layout: f.Layout, new: Decision) -> None:
    """Refuse a pseudonym that would no longer be read as one where it stands for a speaker."""
    from svp_nlp.reading.labels import is_pseudonym

    old = load_ledger(layout)[new.entity].pseudonym
    speakers = {turn.speaker for t in load_transcripts(layout).values() for turn in t.turns if turn.speaker}
    if not is_pseudonym(new.pseudonym) and any(old in speaker for speaker in speakers):
        raise StudyError(
            f"{new.entity} speaks in an interview; the pseudonym of a speaker is written in brackets, "
            "capitals and at most five letters or figures after a space",
            hint='such as "[NURSE 1]" or "[CHIEF]"',
        )


def write_sheet(layout: f.Layout, path: Path, *, force: bool = False) -> None:
    """Write the ledger with all names as a sheet to answer in, CSV or XLSX by the file's ending.

    Raises StudyError for another ending, a file that is there (unless *force*) and a place on the clean side.
    """
    from svp_nlp.redaction import sheet

    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise StudyError("a sheet is a .csv or an .xlsx file", hint="name the file so")
    refuse_place(layout, path, force=force)
    ledger = load_ledger(layout)
    if kind == ".csv":
        write_whole(path, "\ufeff" + sheet.write_csv(ledger))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".writing-{path.name}")
    try:
        sheet.write_xlsx(ledger, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def refuse_place(layout: f.Layout, path: Path, *, force: bool = False) -> None:
    """Raise StudyError for a file with names on the clean side, or over another one unless *force*."""
    home = path.resolve()
    for folder in (layout.clean, layout.coding, layout.reports):
        if home.is_relative_to(folder.resolve()):
            raise StudyError(
                f"{folder.name}/ may leave; what holds names must not lie there", hint="choose another place"
            )
    if path.exists() and not force:
        raise StudyError(f"{path.name} exists already", hint="--force overwrites it")


def read_sheet(layout: f.Layout, path: Path, *, by: str = "") -> Decided:
    """Record the answers of an edited sheet; all of them or, where one cannot be, none (StudyError)."""
    from svp_nlp.redaction import sheet
    from svp_nlp.redaction.decisions import Kind

    if not path.exists():
        raise StudyError(f"there is no file {path.name}")
    before = load_decisions(layout)
    after = sheet.read_sheet(path, raw_ledger(layout), before, kept_roster(layout))
    new = after[len(before) :]
    for decision in new:
        if decision.kind is Kind.RENAME:
            _check_label(layout, decision)
    append_decisions(layout, new, by=by)
    return Decided(tuple(range(len(before) + 1, len(after) + 1)))


def decision_table(layout: f.Layout) -> str:
    """Return all decisions by number, with who and when, without a name or a chosen pseudonym."""
    from svp_nlp.redaction.decisions import Kind

    rows = ["number\tdecision\tentity\tinto\tundone\tby\tat"]
    decisions = load_decisions(layout)
    gone = {d.number for d in decisions if d.kind is Kind.UNDO}
    for number, d in enumerate(decisions, 1):
        what = f"{d.kind.value} {d.number}" if d.kind is Kind.UNDO else d.kind.value
        undone = "undone" if number in gone else ""
        rows.append("\t".join([str(number), what, d.entity, d.into, undone, d.by, d.at]))
    return "\n".join(rows)


def restore(layout: f.Layout, what: str | Path) -> str:
    """Return *what* with the names put back: a clean transcript, or any text with quotes and pseudonyms.

    A clean transcript (a path, or its letter) comes back as its source's text. In other texts words quoted
    verbatim from a clean transcript come back as they were said; other pseudonyms become the fullest name of
    their entity. For the private side only.
    """
    from svp_nlp.reading.references import as_written
    from svp_nlp.redaction.redact import named_again, restored

    sides = load_sides(layout)
    whole = _transcript(sides, what)
    if whole is not None:
        text = restored(whole.redacted, whole.source)
        return as_written(text, whole.source.source.references)
    text = _text_of(what)
    ledger = load_ledger(layout)
    parts = re.split(r'([“”"\n])', text)
    return "".join(_said(sides, part) or named_again(part, ledger) for part in parts)


def _transcript(sides: Sequence[Side], what: str | Path) -> Side | None:
    """Return the transcript that *what* is the clean file or the letter of, if it is one unedited."""
    if isinstance(what, str):
        return next((s for s in sides if s.letter == what.strip()), None)
    from svp_nlp.reading import read

    side = next((s for s in sides if s.record.clean == what.name), None)
    if side is None or not what.exists():
        return None
    return side if read(what).text == side.redacted.transcript.text else None


def _text_of(what: str | Path) -> str:
    if isinstance(what, str):
        return what
    from svp_nlp.reading import read

    if what.suffix.lower() in (".docx", ".pdf"):
        return read(what).text
    try:
        return what.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"there is no file {what.name}") from None
    except UnicodeDecodeError:
        raise StudyError(f"{what.name} is not a UTF-8 text", hint="save it as UTF-8") from None


FEWEST_WORDS = 4
"""Fewer words than this may stand anywhere; they are not taken for a quote."""


def _said(sides: Sequence[Side], quote: str) -> str | None:
    """Return the source's own words for a quote from a clean transcript; None if it is none."""
    words = quote.split()
    if len(words) < FEWEST_WORDS:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    for side in sides:
        match = pattern.search(side.redacted.transcript.text)
        if match:
            from svp_nlp.model import Span

            home = side.source[side.redacted.to_source(Span(*match.span()))]
            lead = quote[: len(quote) - len(quote.lstrip())]
            return lead + " ".join(home.split()) + quote[len(quote.rstrip()) :]
    return None


@dataclass(frozen=True)
class Missed:
    """What people marked by hand and redaction did not find: by transcript letter and label, no text."""

    counts: dict[str, Counter[Label]]
    marks: int
    decisions: tuple[Decision, ...] = field(repr=False)

    def table(self) -> str:
        """Return the names missed, by transcript and label, as lines of text."""
        rows = [f"{id}\t{label.value}\t{n}" for id, c in self.counts.items() for label, n in c.items()]
        return "\n".join(["transcript\tlabel\tnames missed", *rows])

    def _repr_html_(self) -> str:
        names = sum(sum(c.values()) for c in self.counts.values())
        return (
            f"<p>{plural(names, 'name')} missed among {plural(self.marks, 'mark')} in "
            f"{plural(len(self.counts), 'transcript')}</p>"
        )


Marked = tuple[str, Transcript, Sequence[Finding]]
"""A transcript marked by hand: the name of its file, its text without the marks, and the marks."""


def missed(layout: f.Layout, marked: Iterable[Marked]) -> Missed:
    """Compare what people *marked* in transcripts of this study with what redaction found.

    Raises StudyError for a transcript whose words are none of the study's sources, and where nothing at all
    is marked.
    """
    from svp_nlp.redaction.decisions import names_missed

    sides = {side.source.sha256: side for side in load_sides(layout)}
    counts: dict[str, Counter[Label]] = {}
    found: dict[tuple[Label | None, tuple[str, ...]], Decision] = {}
    marks_seen = 0
    for name, transcript, marks in marked:
        side = sides.get(transcript.sha256)
        if side is None:
            raise StudyError(
                f"{name} without its marks is none of this study's sources",
                hint="mark a copy of a text, vtt or srt source, and change nothing else in it",
            )
        fresh = names_missed(side.source, marks, side.findings)
        counts[side.letter] = Counter(d.label for d in fresh if d.label is not None)
        marks_seen += len(marks)
        found.update({(d.label, tuple(s.casefold() for s in d.surfaces)): d for d in fresh})
    if not marks_seen:
        raise StudyError(
            f"nothing is marked in {plural(len(counts), 'transcript')}, so nothing can be told of misses",
            hint="mark every identifier in the copies: [[PERSON:p1|the name as it stands]]",
        )
    return Missed(counts, marks_seen, tuple(found.values()))


def add_missed(layout: f.Layout, found: Missed, *, by: str = "") -> Decided:
    """Put the names missed on the roster; a name that contradicts the ledger is left out and told."""
    before = load_decisions(layout)
    after, problems = before, []
    for decision in found.decisions:
        try:
            after = _checked(layout, after, decision)
        except StudyError as problem:
            problems.append(problem)
    append_decisions(layout, after[len(before) :], by=by)
    return Decided(tuple(range(len(before) + 1, len(after) + 1)), tuple(problems))
