"""The ledger as a spreadsheet, out and back: one row a variant, four columns to answer in.

``move_to``: the id of the entity the variant belongs to, or "new" ("new 2" ...) for one of its own.
``rename_to``: another pseudonym for the entity. ``identifier``: "no" if it is none. ``on_roster``: "yes" to
look for it from now on. All other columns only tell; what is changed there is not read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from svp_nlp.errors import StudyError
from svp_nlp.redaction.decisions import Decision, Kind, decide, fold_ledger
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.roster import Roster

TOLD = ("entity", "label", "pseudonym", "surface", "count", "transcripts")
ASKED = ("move_to", "rename_to", "identifier", "on_roster")
COLUMNS = TOLD + ASKED
_YES, _NO = {"yes", "y", "1", "true", "x"}, {"no", "n", "0", "false"}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    entity: str
    surface: str = field(repr=False)
    move_to: str = ""
    rename_to: str = field(default="", repr=False)
    identifier: bool = True
    on_roster: bool = False


def ledger_rows(ledger: Ledger) -> list[list[str]]:
    """Return the ledger as a table: a header, then a row for each variant, by entity."""
    return [list(COLUMNS), *(row for entity in ledger for row in _rows_of(entity, ledger))]


def _rows_of(entity: Entity, ledger: Ledger) -> Iterator[list[str]]:
    for surface, counts in sorted(entity.variants.items(), key=lambda v: -sum(v[1].values())):
        seen = sorted(ledger.transcripts.get(t, t) for t, n in counts.items() if n)
        told = [entity.id, entity.label.value, entity.pseudonym, surface, str(sum(counts.values()))]
        yield [*told, " ".join(seen), "", "", "", ""]


def write_csv(ledger: Ledger) -> str:
    """Return the ledger as CSV. A cell that a spreadsheet would take for a formula gets a leading quote."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_guarded(cell) for cell in row] for row in ledger_rows(ledger))
    return out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "'") else cell


def write_xlsx(ledger: Ledger, path: Path) -> None:
    """Write the ledger as a workbook to *path*: all cells text, the columns to answer in marked."""
    import openpyxl
    from openpyxl.styles import Font, PatternFill

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "ledger"
    for number, row in enumerate(ledger_rows(ledger), start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column, value)
            cell.data_type = "s"  # or "=1+1" would be a formula
            if number == 1:
                cell.font = Font(bold=True)
                if value in ASKED:
                    cell.fill = PatternFill("solid", fgColor="FFF2CC")
    sheet.freeze_panes = "A2"
    book.save(path)


def read_sheet(
    path: Path, ledger: Ledger, decisions: Sequence[Decision], roster: Roster
) -> tuple[Decision, ...]:
    """Return *decisions* with the answers of an edited sheet (CSV or XLSX) at the end.

    *ledger* is the ledger as linked; the sheet shows it as *decisions* had left it. Raises StudyError with
    the line for a row that is not of this study, or an answer that cannot be; then nothing is decided.
    """
    current = fold_ledger(ledger, decisions)
    table = _from_xlsx(path) if path.suffix.lower() == ".xlsx" else _from_csv(path)
    by_entity: dict[str, list[_Row]] = {}
    for row in _parsed(table, current):
        by_entity.setdefault(row.entity, []).append(row)
    log = _Log(ledger, tuple(decisions), roster)
    for id, rows in by_entity.items():
        _take(log, current[id], rows)
    return log.decisions


@dataclass
class _Log:
    """Decisions as they are made, each checked against those before."""

    ledger: Ledger
    decisions: tuple[Decision, ...]
    roster: Roster

    def add(self, row: _Row, decision: Decision) -> Decision:
        try:
            self.decisions = decide(self.ledger, self.decisions, decision, self.roster)
        except StudyError as error:
            raise StudyError(f"line {row.line} of the sheet: {error.message}", hint=error.hint) from None
        return self.decisions[-1]


def _take(log: _Log, entity: Entity, rows: Sequence[_Row]) -> None:
    """Turn the answers about one entity into decisions."""
    none = [r for r in rows if not r.identifier]
    if none:
        surfaces = () if len(none) == len(entity.variants) else tuple(r.surface for r in none)
        log.add(none[0], Decision(Kind.KEEP, entity.id, surfaces=surfaces))
    moves: dict[str, list[_Row]] = {}
    for row in rows:
        if row.move_to and row.move_to != entity.id:
            moves.setdefault(row.move_to, []).append(row)
    for target, moved in moves.items():
        _move(log, entity, target, moved)
    renamed = [r for r in rows if r.rename_to and r.rename_to != entity.pseudonym]
    if len({r.rename_to for r in renamed}) > 1:
        raise StudyError(f"line {renamed[-1].line} of the sheet gives {entity.id} a second new pseudonym")
    if renamed:
        log.add(renamed[0], Decision(Kind.RENAME, entity.id, pseudonym=renamed[0].rename_to))
    if listed := [r for r in rows if r.on_roster]:
        log.add(listed[0], Decision(Kind.ROSTER, entity.id))


def _move(log: _Log, entity: Entity, target: str, rows: Sequence[_Row]) -> None:
    fresh = target.split()[0].casefold() == "new"
    source = entity.id
    if fresh or len(rows) < len(entity.variants):
        surfaces = tuple(r.surface for r in rows)
        source = log.add(rows[0], Decision(Kind.SPLIT, source, surfaces=surfaces)).into
    if not fresh:
        log.add(rows[0], Decision(Kind.MERGE, source, target))


def _parsed(table: Sequence[Sequence[str]], current: Ledger) -> Iterator[_Row]:
    if not table or not {"entity", "surface"} <= set(table[0]):
        raise StudyError(
            "the sheet has no header with the columns entity and surface",
            hint="edit the sheet that `svp-nlp ledger` writes, and keep its first line",
        )
    for line, cells in enumerate(table[1:], start=2):
        if any(cell.strip() for cell in cells):
            yield _row(line, dict(zip(table[0], (c.strip() for c in cells), strict=False)), current)


def _row(line: int, cell: dict[str, str], current: Ledger) -> _Row:
    id, surface = cell.get("entity", ""), cell.get("surface", "")
    if id not in current or surface not in current[id].variants:
        raise StudyError(
            f"line {line} of the sheet has an entity or a variant that the ledger does not have",
            hint="write the sheet again; the columns entity and surface stay as they are",
        )
    return _Row(
        line,
        id,
        surface,
        cell.get("move_to", ""),
        cell.get("rename_to", ""),
        _truth(line, "identifier", cell.get("identifier", ""), default=True),
        _truth(line, "on_roster", cell.get("on_roster", ""), default=False),
    )


def _truth(line: int, column: str, answer: str, *, default: bool) -> bool:
    word = answer.casefold()
    if word in _YES or word in _NO:
        return word in _YES
    if word:
        raise StudyError(f"line {line} of the sheet, column {column}: expected yes or no")
    return default


def _from_csv(path: Path) -> list[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise StudyError("the sheet cannot be read as CSV", hint="save it as CSV (UTF-8) or XLSX") from None
    return [[cell[1:] if cell.startswith("'") else cell for cell in row] for row in rows]


def _from_xlsx(path: Path) -> list[list[str]]:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, BadZipFile, InvalidFileException, KeyError):
        raise StudyError("the sheet cannot be read as a workbook", hint="save it as XLSX or CSV") from None
    rows = [
        ["" if v is None else str(v) for v in row] for row in book.worksheets[0].iter_rows(values_only=True)
    ]
    book.close()
    return rows
