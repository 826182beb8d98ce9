"""The review of a study: where its decisions are kept, what they must fit, and what follows from them."""

from __future__ import annotations

import csv
import hmac
import io
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import ReviewError, StudyError
from svp_nlp.files import write_json, write_whole
from svp_nlp.model import Codebook, Flow, Passage, Role, Transcript
from svp_nlp.review.adjudication import FinalCoding, Stage, coded_units, final_codings
from svp_nlp.review.checks import Basis, Imported, themes_of
from svp_nlp.review.decisions import Decision, check_coder
from svp_nlp.review.fold import State, fold
from svp_nlp.review.migration import Migrations, as_of
from svp_nlp.review.sheet_rows import SheetText
from svp_nlp.review.sheets import SheetRead, read_sheet, sheet_version, write_sheet
from svp_nlp.review.store import DecisionLog
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.coding import Proposals

if TYPE_CHECKING:
    from svp_nlp.review.agreement import Agreement
    from svp_nlp.review.saturation import Saturation


def study_id(layout: f.Layout) -> str:
    """Return the id that decisions carry: the same in every copy of the study, telling nothing about it.

    It follows from the ledger's secret seed and is kept in coding/study.json, so that a copy without the
    private side has it too.
    """
    kept = layout.coding / "study.json"
    if kept.exists():
        return str(f.read_json(kept)["id"])
    ledger = layout.private / "ledger.json"
    if ledger.exists():
        seed = str(f.read_json(ledger)["seed"])
        made = hmac.digest(seed.encode(), b"study id", "sha256").hex()[:32]
    else:
        made = uuid.uuid4().hex
    write_json(kept, {"id": made})
    return made


def coding_log(layout: f.Layout, settings: Settings) -> DecisionLog:
    """Return the record of coding decisions: coding/decisions.sqlite, or the database the study names."""
    where: Path | str = settings.review.database or layout.coding / "decisions.sqlite"
    return DecisionLog(where, study_id(layout))


def redaction_log(layout: f.Layout) -> DecisionLog:
    """Return the record of redaction decisions; always a file on the private side."""
    return DecisionLog(layout.private / "review.sqlite", study_id(layout))


def basis(layout: f.Layout, settings: Settings, proposals: Proposals) -> Basis:
    """Return what coding decisions must fit: this study, its codebook, its passages, its coders."""
    book = proposals.codebook
    return Basis(
        study=study_id(layout),
        codebook_version=book.version,
        themes=frozenset(theme.id for theme in book.themes),
        texts=text_pins(proposals.transcripts, proposals.passages),
        coders=frozenset(settings.review.coders),
    )


def text_pins(
    transcripts: Mapping[str, Transcript], passages: Sequence[Passage]
) -> dict[str, tuple[str, int]]:
    """Return for each passage the SHA-256 and the length of the clean text it lies in."""
    pins = {id: (transcript.sha256, len(transcript)) for id, transcript in transcripts.items()}
    return {passage.id: pins[passage.transcript] for passage in passages}


@dataclass(frozen=True)
class Reliability:
    """Agreement on blind codings, which is the reliability to report, and on assisted ones beside it.

    ``assisted`` is None where no passage was coded by two coders after suggestions were seen. It is no
    reliability: coders who read the same suggestions agree for that reason too. ``notes`` say what migrations
    of the codebook have to do with the figures.
    """

    blind: Agreement = field(repr=False)
    assisted: Agreement | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def table(self) -> str:
        """Return both as text, each with its frame."""
        notes = "".join(f"\n\nnote: {note}" for note in self.notes)
        if self.assisted is None:
            return f"{self.blind.table()}\n\n{_NO_ASSISTED}{notes}"
        return f"{self.blind.table()}\n\n{_ASSISTED}\n{self.assisted.table()}{notes}"

    def as_dict(self) -> dict[str, object]:
        """Return both as plain values for JSON."""
        return {
            "blind": self.blind.as_dict(),
            "assisted": None if self.assisted is None else self.assisted.as_dict(),
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        beside = _NO_ASSISTED if self.assisted is None else f"{_ASSISTED}{self.assisted._repr_html_()}"
        notes = "".join(f"<p>note: {escape(note)}</p>" for note in self.notes)
        return f"{self.blind._repr_html_()}<p>{beside}</p>{notes}"


_ASSISTED = "Beside it, not a reliability: codings made after suggestions were seen."
_NO_ASSISTED = "No passage was coded by two coders after suggestions were seen."


@dataclass(frozen=True)
class Confirmed:
    """What people decided, as `ThemeSuggester.fit` takes it: texts, their themes, questions, citations."""

    texts: tuple[str, ...] = field(repr=False)
    codings: tuple[tuple[str, ...], ...]
    questions: tuple[str, ...] = field(repr=False)
    citations: tuple[str, ...]


def coding_state(layout: f.Layout, settings: Settings) -> State:
    """Return what coders' decisions come to; nothing where nobody decided anything."""
    if not settings.review.database and not (layout.coding / "decisions.sqlite").exists():
        return State()
    log = coding_log(layout, settings)
    try:
        gone = f.removed_letters(layout)
        return fold([d for d in log.read() if d.kind != "coding" or f.transcript_of(d.target) not in gone])
    finally:
        log.close()


def answers(passages: Sequence[Passage]) -> dict[str, str]:
    """Return respondents' passages with their transcript; all of a transcript that names no respondent."""
    told = {p.transcript for p in passages if p.role is Role.RESPONDENT}
    return {
        p.id: p.transcript for p in passages if p.transcript not in told or p.role is not Role.INTERVIEWER
    }


def reliability(state: State, proposals: Proposals) -> Reliability:
    """Compute agreement on respondents' passages, blind and assisted.

    Raises ReviewError when no two coders coded the same passage blind.
    """
    from svp_nlp.review.agreement import agreement

    documents = answers(proposals.passages)
    domain_of = {theme.id: theme.domain for theme in proposals.codebook.themes}

    def of(stage: Stage, words: str) -> Agreement:
        units = coded_units(state, documents, stage)
        return agreement(units, domain_of, stage=words, passages="respondents' passages")

    blind = of("blind", "blind codings")
    assisted = coded_units(state, documents, "assisted")
    notes = migration_notes(state)
    if not any(len(unit.codes) > 1 for unit in assisted):
        return Reliability(blind, notes=notes)
    return Reliability(blind, of("assisted", "codings after suggestions were seen"), notes)


def migration_notes(state: State) -> tuple[str, ...]:
    """Say how migrations of the codebook bear on figures of *state*; nothing where there were none."""
    notes = [
        f"the codebook was migrated from version {', '.join(m.before)} to {m.after}; codings made before are "
        "counted as the themes they became"
        for m in state.migrations.standing
    ]
    waiting = sum(bool(coding.split) for coding in state.codings.values())
    if waiting:
        notes.append(f"codings with a theme that was split do not count until decided again: {waiting}")
    hidden = sum(coding.unblinded and not coding.split for coding in state.codings.values())
    if hidden:
        notes.append(
            "blind codings left out because a theme of theirs was split and decided again after suggestions "
            f"were seen: {hidden}"
        )
    return tuple(notes)


def saturation_of(state: State, proposals: Proposals) -> Saturation:
    """Return the saturation curve of the final codings, interviews in the study's order.

    Raises ReviewError where nothing is decided yet.
    """
    from svp_nlp.review.saturation import saturation

    final = final_codings(state)
    found: dict[str, frozenset[str]] = {}
    for passage, document in answers(proposals.passages).items():
        if passage in final:
            found[document] = found.get(document, frozenset()) | final[passage].themes
    if not found:
        raise ReviewError("no coding is decided yet, so no theme is found", hint="svp-nlp review STUDY")
    return saturation(found, len(proposals.codebook.themes))


def confirmed(final: Mapping[str, FinalCoding], proposals: Proposals) -> Confirmed:
    """Return the final codings with their texts, in the order of the passages; never mere suggestions."""
    decided = [p for p in proposals.passages if p.id in final]
    of = proposals.transcripts
    return Confirmed(
        tuple(Flow.of(of[p.transcript], p.pieces).text for p in decided),
        tuple(tuple(sorted(final[p.id].themes)) for p in decided),
        tuple(Flow.of(of[p.transcript], p.question).text for p in decided),
        tuple(p.citation for p in decided),
    )


def codings_of(state: State, coder: str) -> dict[str, FinalCoding]:
    """Return what one coder decided, by passage; ReviewError where that is nothing."""
    found = {
        c.passage: FinalCoding(c.passage, c.themes, "one coder", (coder,))
        for c in state.codings.values()
        if c.coder == coder and c.decided
    }
    if not found:
        known = ", ".join(state.coders) or "nobody yet"
        raise ReviewError(f"coder {coder!r} has decided nothing; who has: {known}")
    return found


def export_sheet(path: Path, coder: str, layout: f.Layout, settings: Settings, proposals: Proposals) -> int:
    """Write *coder*'s coding sheet of the respondents' passages; return its number of rows."""
    check_coder(coder)
    if path.suffix.lower() != ".xlsx":
        raise ReviewError(
            f"a coding sheet is an .xlsx file, {path.name} is not", hint="end its name in .xlsx"
        )
    state = coding_state(layout, settings)
    return write_sheet(path, coder, sheet_text(proposals), basis(layout, settings, proposals), state)


def import_decisions(path: Path, layout: f.Layout, settings: Settings, proposals: Proposals) -> Imported:
    """Take in a file of decisions (JSONL) or a coding sheet (XLSX); what does not fit is listed.

    Raises ReviewError for a file that is neither, or of another study or codebook.
    """
    fits = basis(layout, settings, proposals)
    log = coding_log(layout, settings)
    try:
        if path.suffix.lower() != ".xlsx":
            return log.import_jsonl(path, fits)
        read = _read_sheet(path, fits, sheet_text(proposals), log.read())
        return Imported(log.append(*read.decisions), 0, read.refused, read.missing)
    finally:
        log.close()


def _read_sheet(path: Path, fits: Basis, text: SheetText, decisions: Sequence[Decision]) -> SheetRead:
    """Read a coding sheet; one made with an older codebook of the study is read by that codebook."""
    version, migrations = sheet_version(path), Migrations.of(decisions)
    book = older_codebook(migrations, version)
    if book is None or version not in themes_of(fits, migrations):
        return read_sheet(path, text, fits, fold(decisions))
    older = replace(fits, codebook_version=version, themes=frozenset(theme.id for theme in book.themes))
    return read_sheet(path, replace(text, codebook=book), older, fold(as_of(decisions, version)))


def older_codebook(migrations: Migrations, version: str) -> Codebook | None:
    """Return the codebook that an older *version* was, where the record of a migration holds it."""
    from svp_nlp.coding.codebook import parse_codebook

    step = migrations.next.get(version)
    if step is None or not step.old:
        return None
    book = parse_codebook(step.old, f"codebook {version}")
    return book if book.version == version else None


def sheet_text(proposals: Proposals) -> SheetText:
    """Return the texts that a coding sheet shows: respondents' passages with the question before."""
    asked = answers(proposals.passages)
    passages = tuple(p for p in proposals.passages if p.id in asked)
    return SheetText(proposals.codebook, proposals.transcripts, passages)


def write_figures(layout: f.Layout, settings: Settings, proposals: Proposals) -> list[Path]:
    """Write what the record allows to figure into reports/review/: agreement, saturation, and the pictures.

    What there are no decisions for yet is left out; files of an earlier state are removed. Returns the paths.
    """
    state = coding_state(layout, settings)
    written = dict(_figures(state, proposals))
    written |= _errors(state, proposals, case_attributes(layout, proposals))
    folder = layout.reports / "review"
    for old in folder.glob("*") if folder.exists() else ():
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        write_whole(folder / name, text)
    if written:
        facts = {
            "files": sorted(written),
            "blind": settings.review.blind,
            "coders": list(state.coders),
            "codebook": proposals.codebook.version,
            "notes": list(migration_notes(state)),
        }
        f.write_receipt(layout.reports, "review", facts)
    return [folder / name for name in written]


def _figures(state: State, proposals: Proposals) -> Iterator[tuple[str, str]]:
    """Yield name and contents of every figure there are decisions for."""
    from svp_nlp.review import drift, figures

    documents = answers(proposals.passages)
    yield from _agreement_files(state, proposals)
    if final_codings(state).keys() & documents.keys():
        yield "saturation.svg", figures.saturation_figure(saturation_of(state, proposals))
    kinds: tuple[drift.By, ...] = ("rank", "coder", "hour")
    for by in kinds:
        rates = drift.acceptance(state, by)
        if rates:
            yield f"acceptance_by_{by}.svg", figures.acceptance_figure(rates, by)
    days = drift.pace(state)
    if days:
        yield "pace.svg", figures.pace_figure(days)
    moved = drift.drift(state, documents)
    if moved:
        yield "drift.svg", figures.drift_figure(moved)


def case_attributes(layout: f.Layout, proposals: Proposals) -> dict[str, dict[str, str]]:
    """Return the attributes of each transcript from coding/attributes.csv; empty where there is none.

    Its header names the attributes; the first column holds transcripts' letters. Raises StudyError, naming
    the line, for a row that does not fit the header or names no transcript of the study.
    """
    path = layout.coding / "attributes.csv"
    if not path.exists():
        return {}
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    header = [cell.strip() for cell in lines[0]] if lines else []
    found: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(lines[1:], start=2):
        letter = cells[0].strip() if cells else ""
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header) or letter not in proposals.transcripts:
            raise StudyError(
                f"coding/attributes.csv, line {number}: expected a transcript's letter and "
                f"{max(0, len(header) - 1)} attributes",
                hint=f"transcripts: {', '.join(proposals.transcripts)}",
            )
        found[letter] = {k: v.strip() for k, v in zip(header[1:], cells[1:], strict=True)}
    return found


def _errors(
    state: State, proposals: Proposals, attributes: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the table of coding errors by case attribute, where there are attributes and adjudications."""
    from svp_nlp.review.drift import error_by_attribute

    rates = error_by_attribute(state, answers(proposals.passages), attributes)
    if not rates:
        return {}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["attribute", "value", "stage", "transcripts", "wrong", "low", "high", "missed", "extra"])
    for r in rates:
        figures = (r.wrong.value, r.wrong.low, r.wrong.high, r.missed, r.extra)
        table.writerow([r.attribute, r.value, r.stage, r.documents, *(f"{x:.3f}" for x in figures)])
    return {"errors_by_attribute.csv": out.getvalue()}


def _agreement_files(state: State, proposals: Proposals) -> Iterator[tuple[str, str]]:
    from svp_nlp.review.figures import agreement_figure

    try:
        found = reliability(state, proposals)
    except ReviewError:  # no two coders yet
        return
    yield "agreement.txt", found.table() + "\n"
    yield "agreement.json", json.dumps(found.as_dict(), ensure_ascii=False, indent=2) + "\n"
    yield "agreement.svg", agreement_figure(found.blind)
