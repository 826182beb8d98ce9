"""A coding sheet (XLSX) for a coder without Python: one passage a row, read back with checks.

A sheet is blind: it shows no suggestions. Every row carries a key made of the passage's id and words, so a
row whose cells were moved apart, or whose id or words were edited, is noticed and refused; whole rows may be
sorted. Cells that begin like a formula are stored as text (OWASP, "CSV Injection").
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import ReviewError
from svp_nlp.files import write_whole
from svp_nlp.model import Codebook
from svp_nlp.review.checks import Basis, Refused, other_codebook
from svp_nlp.review.decisions import Decision, check_coder
from svp_nlp.review.fold import State
from svp_nlp.review.sheet_rows import (
    CODE_COLUMNS,
    CODES,
    NONE,
    RowSaid,
    SheetText,
    Stamp,
    cell_text,
    passage_of,
    row_key,
    text_of,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_SHOWN = ["passage", "cited as", "question", "words"]
_FILLED = [*CODES, "certainty", "quotes", "memo", "flag"]
_HEAD = [*_SHOWN, *_FILLED, "key"]
_WIDTHS = {"question": 40, "words": 80, "memo": 30, "quotes": 40, "passage": 10, "key": 22}
_ABOUT = "about"
_FORMAT = "svp-nlp coding sheet 1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class SheetRead:
    """What a returned sheet says: decisions, the rows refused, and how many passages it no longer has."""

    coder: str
    decisions: tuple[Decision, ...]
    refused: tuple[Refused, ...] = ()
    missing: int = 0


def write_sheet(path: Path, coder: str, text: SheetText, basis: Basis, state: State) -> int:
    """Write *coder*'s sheet, filled in with what the coder decided before; return the number of rows.

    Whole or not at all. Raises ReviewError for a name that is not one of the study's coders.
    """
    from openpyxl import Workbook

    _require_coder(coder, basis)
    book = Workbook()
    sheet = book.active
    sheet.title = "coding"
    _put_row(sheet, 1, _HEAD)
    for number, passage in enumerate(text.passages, 2):
        before = RowSaid.of(state.codings.get((coder, passage.id)), passage, text)
        shown = [passage.id, passage.citation, text.question(passage), text.words(passage)]
        _put_row(sheet, number, [*shown, *before.cells(), row_key(passage.id, text.words(passage))])
    _dress(sheet, text.codebook, len(text.passages))
    _put_codebook(book, text.codebook)
    _put_about(book, coder, basis, len(text.passages))
    out = BytesIO()
    book.save(out)
    write_whole(path, out.getvalue())
    return len(text.passages)


def read_sheet(path: Path, text: SheetText, basis: Basis, state: State) -> SheetRead:
    """Read a sheet that came back; decisions are made of the rows that say something new.

    Reading the same file again, after its decisions were recorded and folded into *state*, gives none. Raises
    ReviewError for a file that is no sheet, or a sheet of another study or codebook.
    """
    book = _opened(path)
    about = _about(path, book)
    _require_ours(path, about, basis)
    stamp = Stamp(about["coder"], about["sheet"], _saved(book, about), basis)
    passages = {passage.id: passage for passage in text.passages}
    made: list[Decision] = []
    refused: list[Refused] = []
    seen: set[str] = set()
    for number, cells in _rows(path, book):
        try:
            passage = passage_of(cells, passages, text)
            if passage.id in seen:
                raise ReviewError("the passage stands in an earlier row too")
            seen.add(passage.id)
            coding = state.codings.get((stamp.coder, passage.id))
            said = RowSaid.read(cells, passage, text)
            made += stamp.decisions(passage.id, said, RowSaid.of(coding, passage, text), coding)
        except ReviewError as error:
            refused.append(Refused(f"row {number}", error.message))
    return SheetRead(stamp.coder, tuple(made), tuple(refused), len(passages) - len(seen))


def sheet_version(path: Path) -> str:
    """Return the version of the codebook a sheet was made with; ReviewError for a file that is no sheet."""
    return _about(path, _opened(path))["codebook version"]


def _require_coder(coder: str, basis: Basis) -> None:
    check_coder(coder)
    if basis.coders and coder not in basis.coders:
        known = ", ".join(sorted(basis.coders))
        raise ReviewError(f"{coder!r} is not one of the study's coders: {known}", hint="svp.toml names them")


def _opened(path: Path) -> Workbook:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return load_workbook(path)
    except OSError as error:
        raise ReviewError(f"{path.name} cannot be read: {error.strerror}") from None
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError):
        raise ReviewError(f"{path.name} is not an XLSX workbook", hint="save it as XLSX again") from None


def _about(path: Path, book: Workbook) -> dict[str, str]:
    """Return the facts on the sheet "about"."""
    found = {}
    if _ABOUT in book.sheetnames:
        rows = book[_ABOUT].iter_rows(min_row=1, max_row=30, max_col=2, values_only=True)
        found = {str(name): text_of(value) for name, value in rows if name}
    missing = {"format", "study", "codebook version", "coder", "sheet", "made"} - set(found)
    if found.get("format") != _FORMAT or missing:
        raise ReviewError(
            f"{path.name} is no coding sheet: its page {_ABOUT!r} is gone or says something else",
            hint="the pages of a sheet stay as they are; only the coding page is filled in",
        )
    return found


def _require_ours(path: Path, about: Mapping[str, str], basis: Basis) -> None:
    if about["study"] != basis.study:
        raise ReviewError(
            f"{path.name} is a sheet of another study; nothing was imported",
            hint="import it into the study it was made in",
        )
    if about["codebook version"] != basis.codebook_version:
        raise other_codebook(path.name, [about["codebook version"]], basis)
    _require_coder(about["coder"], basis)


def _saved(book: Workbook, about: Mapping[str, str]) -> datetime:
    """Return when the workbook was last saved (UTC), or made where it does not say."""
    when = book.properties.modified or datetime.fromisoformat(about["made"])
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def _rows(path: Path, book: Workbook) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows that hold anything: their number and their cells by column, wherever the column is."""
    sheet = book["coding"] if "coding" in book.sheetnames else book.worksheets[0]
    rows = sheet.iter_rows()
    head = [str(cell.value or "").strip() for cell in next(rows, ())]
    missing = [name for name in _HEAD if name not in head]
    if missing:
        raise ReviewError(
            f"{path.name} has no column {', '.join(repr(name) for name in missing)}",
            hint="columns may be moved, but not renamed or removed",
        )
    at = {name: head.index(name) for name in _HEAD}
    for number, row in enumerate(rows, 2):
        cells = {name: row[column].value for name, column in at.items()}
        if any(value is not None for value in cells.values()):
            yield number, cells


def _put_row(sheet: Worksheet, number: int, values: Iterable[object]) -> None:
    for column, value in enumerate(values, 1):
        if value is not None and value != "":
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # or "=…" is a formula and "#N/A" an error
                if value.lstrip(" ").startswith(_FORMULA):
                    cell.quotePrefix = True


def _dress(sheet: Worksheet, codebook: Codebook, rows: int) -> None:
    """Make the page readable: widths, wrapped words, a fixed head, lists to choose codes from."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    wrapped = Alignment(wrap_text=True, vertical="top")
    for column, name in enumerate(_HEAD, 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 16)
        if name in ("question", "words", "memo", "quotes"):
            for number in range(2, rows + 2):
                sheet.cell(number, column).alignment = wrapped
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(_HEAD))}{rows + 1}"
    choice = DataValidation(
        "list", formula1=f"=codebook!$A$2:$A${len(codebook.themes) + 2}", allow_blank=True
    )
    choice.error = "Choose a code of the codebook, or none."
    first, last = _HEAD.index(CODES[0]) + 1, _HEAD.index(CODES[CODE_COLUMNS - 1]) + 1
    choice.add(f"{get_column_letter(first)}2:{get_column_letter(last)}{rows + 1}")
    sheet.add_data_validation(choice)


def _put_codebook(book: Workbook, codebook: Codebook) -> None:
    """Put the codebook on its own page, as the codes are to be written."""
    sheet = book.create_sheet("codebook")
    _put_row(sheet, 1, ["code", "label", "domain", "definition", "include", "exclude"])
    _put_row(sheet, 2, [NONE, "No theme applies"])
    for number, theme in enumerate(codebook.themes, 3):
        said = [theme.definition, "\n".join(theme.include), "\n".join(theme.exclude)]
        _put_row(sheet, number, [cell_text(t) for t in (theme.id, theme.label, theme.domain, *said)])
    for letter, width in zip("ABCDEF", (36, 36, 16, 70, 50, 50), strict=True):
        sheet.column_dimensions[letter].width = width


def _put_about(book: Workbook, coder: str, basis: Basis, rows: int) -> None:
    """Put down what the sheet belongs to, and how it is filled in."""
    sheet = book.create_sheet(_ABOUT)
    facts = {
        "format": _FORMAT,
        "study": basis.study,
        "codebook version": basis.codebook_version,
        "coder": coder,
        "sheet": str(uuid.uuid4()),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": str(rows),
    }
    for number, (name, value) in enumerate(facts.items(), 1):
        _put_row(sheet, number, [name, value])
    for number, line in enumerate(_HOW, len(facts) + 2):
        _put_row(sheet, number, ["", "", line])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 44


_HOW = (
    f'Code on the page "coding": choose codes, or "{NONE}" where you read the passage and no theme applies.',
    "A row without a code counts as not yet coded.",
    'More than four codes: write the rest into "more codes" with semicolons between them.',
    "certainty: 0 to 100 %. flag: x to discuss the passage.",
    'quotes: one a line, copied word for word; "…" with spaces around it for words left out;',
    'begin the line with "code:" where the quote is not for the first code.',
    "Rows may be sorted and filtered. Do not edit passage, words or key: such a row is refused.",
)
