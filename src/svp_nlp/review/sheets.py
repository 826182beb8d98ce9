"""A coding sheet (XLSX) for a coder without Python: one passage a row, read back with checks.

A sheet is blind: it shows no suggestions. Every row carries a key made of the passage's id and words, so a
row whose cells were moved apart, or whose id or words were edited, is noticed and refused; whole rows may be
sorted. Cells that begin like a formula are stored as text (OWASP, "CSV Injection").
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import ReviewError
from svp_nlp.files import write_whole
from svp_nlp.model import Codebook, Flow, Passage, Span, Transcript
from svp_nlp.review.checks import Basis, Refused
from svp_nlp.review.decisions import Action, Decision, check_coder, dump
from svp_nlp.review.fold import Coding, State

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

NONE = "none"
"""What stands in the first code column where a coder read the passage and no theme applies."""
CODE_COLUMNS = 4
"""Columns for codes; further codes stand in the last column, separated by semicolons."""

_CODES = [f"code {n}" for n in range(1, CODE_COLUMNS + 1)] + ["more codes"]
_SHOWN = ["passage", "cited as", "question", "words"]
_FILLED = [*_CODES, "certainty", "quotes", "memo", "flag"]
_HEAD = [*_SHOWN, *_FILLED, "key"]
_WIDTHS = {"question": 40, "words": 80, "memo": 30, "quotes": 40, "passage": 10, "key": 22}
_ABOUT = "about"
_FORMAT = "svp-nlp coding sheet 1"
# What XML 1.0 cannot hold, and so no XLSX cell.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class SheetText:
    """The clean texts a sheet shows and is read against."""

    codebook: Codebook = field(repr=False)
    transcripts: Mapping[str, Transcript] = field(repr=False)
    passages: tuple[Passage, ...] = field(repr=False)

    def flow(self, passage: Passage) -> Flow:
        """Return the passage as running text with the way back."""
        return Flow.of(self.transcripts[passage.transcript], passage.pieces)

    def words(self, passage: Passage) -> str:
        """Return the passage's words as a cell holds them."""
        return _cell_text(self.flow(passage).text)

    def question(self, passage: Passage) -> str:
        """Return the question before the passage as a cell holds it."""
        return _cell_text(Flow.of(self.transcripts[passage.transcript], passage.question).text)


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
        before = _Said.of(state.codings.get((coder, passage.id)), passage, text)
        shown = [passage.id, passage.citation, text.question(passage), text.words(passage)]
        _put_row(sheet, number, [*shown, *before.cells(), _key(passage.id, text.words(passage))])
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
    stamp = _Stamp(about["coder"], about["sheet"], _saved(book, about), basis)
    passages = {passage.id: passage for passage in text.passages}
    made: list[Decision] = []
    refused: list[Refused] = []
    seen: set[str] = set()
    for number, cells in _rows(path, book):
        try:
            passage = _passage_of(cells, passages, text)
            if passage.id in seen:
                raise ReviewError("the passage stands in an earlier row too")
            seen.add(passage.id)
            coding = state.codings.get((stamp.coder, passage.id))
            said = _Said.read(cells, passage, text)
            made += stamp.decisions(passage.id, said, _Said.of(coding, passage, text), coding)
        except ReviewError as error:
            refused.append(Refused(f"row {number}", error.message))
    return SheetRead(stamp.coder, tuple(made), tuple(refused), len(passages) - len(seen))


@dataclass(frozen=True, slots=True)
class _Said:
    """What a coder says of one passage, as a row says it. ``themes`` is None where nothing is decided."""

    themes: tuple[str, ...] | None = None
    certainty: float | None = None
    quotes: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    memo: str = field(default="", repr=False)
    flag: bool = False
    pieces: Mapping[tuple[str, str], tuple[Span, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, coding: Coding | None, passage: Passage, text: SheetText) -> _Said:
        """Put a coding as a row would."""
        if coding is None:
            return cls()
        order = [theme.id for theme in text.codebook.themes]
        themes = tuple(sorted(coding.themes, key=lambda t: (order.index(t) if t in order else 0, t)))
        flow = text.flow(passage)
        quotes = tuple((quote.theme, _cell_text(_joined(flow, quote.pieces))) for quote in coding.quotes)
        memo = _cell_text(_BETWEEN_MEMOS.join(coding.memos))
        sure = (
            None if coding.certainty is None else round(coding.certainty, 4)
        )  # a cell holds no more for sure
        return cls(themes if coding.decided else None, sure, quotes, memo, coding.flagged)

    @classmethod
    def read(cls, cells: Mapping[str, object], passage: Passage, text: SheetText) -> _Said:
        """Read a row; raises ReviewError that names the column, never what stands in it."""
        themes = _themes(cells, text.codebook)
        quotes: dict[tuple[str, str], tuple[Span, ...]] = {}
        for line in _text(cells["quotes"]).split("\n"):
            if line.strip():
                theme, words = _quote_line(line, themes or (), text.codebook)
                quotes[theme, words] = _found(words, text.flow(passage))
        memo = _text(cells["memo"])
        return cls(
            themes,
            _certainty(cells["certainty"]),
            tuple(quotes),
            memo if memo.strip() else "",
            _flag(cells["flag"]),
            quotes,
        )

    def cells(self) -> list[object]:
        """Return the cells of a row, in the order of its columns."""
        codes = list(self.themes) if self.themes else [NONE] if self.themes is not None else []
        columns: list[object] = [*codes[:CODE_COLUMNS], *[None] * (CODE_COLUMNS - len(codes))]
        quotes = "\n".join(f"{theme}: {words}" for theme, words in self.quotes)
        more = "; ".join(codes[CODE_COLUMNS:])
        return [*columns, more, self.certainty, quotes, self.memo, "x" if self.flag else None]


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Who filled in which sheet, saved when: the parts its decisions share."""

    coder: str
    sheet: str
    saved: datetime
    basis: Basis

    def decisions(self, passage: str, now: _Said, before: _Said, coding: Coding | None) -> list[Decision]:
        """Return what a row says that was not said *before*."""
        seen = coding is not None and coding.seen
        values = list(_news(now, before, coding, seen))
        start = self.saved
        if coding is not None and coding.time is not None:
            start = max(start, coding.time)  # what came back later was decided later, whatever the clocks say
        return [
            Decision(
                study=self.basis.study,
                coder=self.coder,
                kind="coding",
                target=passage,
                action=action,
                value=value,
                id=self._id(passage, action, value),
                time=start + timedelta(microseconds=number),
                saw_suggestion=seen,
                codebook_version=self.basis.codebook_version,
                text_sha256=self.basis.texts[passage][0],
            )
            for number, (action, value) in enumerate(values, 1)
        ]

    def _id(self, passage: str, action: Action, value: Mapping[str, Any]) -> str:
        """Return an id that the same cell of the same file always gets."""
        parts = [
            self.basis.study,
            self.coder,
            self.sheet,
            self.saved.isoformat(),
            passage,
            action,
            dump(value),
        ]
        return str(uuid.uuid5(_SHEETS, "\0".join(parts)))


_SHEETS = uuid.UUID("0f2cf0a1-6c3b-5c56-9c9c-1b1a3f3f6f0e")
_BETWEEN_MEMOS = "\n\n"


def _news(
    now: _Said, before: _Said, coding: Coding | None, seen: bool
) -> Iterator[tuple[Action, dict[str, Any]]]:
    """Yield the actions that lead from what was said *before* to what a row says *now*."""
    if now.themes is None and before.themes is not None:
        raise ReviewError(f'the codes were taken out; write "{NONE}" where no theme applies')
    sure = before.certainty if now.certainty is None else now.certainty
    recoded = now.themes is not None and (before.themes is None or set(now.themes) != set(before.themes))
    if recoded or (now.themes is not None and sure != before.certainty):
        kept = {} if coding is None else {t: p for t, p in coding.pieces.items() if t in (now.themes or ())}
        value: dict[str, Any] = {"themes": list(now.themes or ())}
        value |= {"pieces": {t: [[p.start, p.end] for p in some] for t, some in kept.items()}} if kept else {}
        yield Action.CODE, value | ({} if sure is None else {"certainty": sure})
        if not seen:
            yield Action.COMMIT, {}
    for theme, words in now.quotes:
        if (theme, words) not in before.quotes:
            pieces = [[p.start, p.end] for p in now.pieces[theme, words]]
            yield Action.QUOTE, {"theme": theme, "pieces": pieces}
    if now.memo and now.memo != before.memo:
        added = now.memo.removeprefix(before.memo + _BETWEEN_MEMOS) if before.memo else now.memo
        yield Action.MEMO, {"text": added}
    if now.flag != before.flag:
        yield Action.FLAG, {"on": now.flag}


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
        found = {str(name): _text(value) for name, value in rows if name}
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
        found, here = about["codebook version"], basis.codebook_version
        raise ReviewError(
            f"{path.name} was made with codebook {found!r}, this study has {here!r}; nothing was imported",
            hint="import it into a copy of the study with that codebook",
        )
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


def _passage_of(cells: Mapping[str, object], passages: Mapping[str, Passage], text: SheetText) -> Passage:
    """Return the passage that a row is about; raises ReviewError when its cells do not belong together."""
    passage = passages.get(_text(cells["passage"]))
    if passage is None:
        raise ReviewError("there is no such passage in this study; its id was edited, or the row added")
    words, shown = text.words(passage), _text(cells["words"])
    if _spaced(shown) == _spaced(words) and _text(cells["key"]) == _key(passage.id, words):
        return passage
    if _text(cells["key"]) == _key(passage.id, shown):
        raise ReviewError("the passage's text was changed since the sheet was made")
    raise ReviewError(
        "passage, words and key do not belong together: cells were moved or edited; sort whole rows only"
    )


def _themes(cells: Mapping[str, object], codebook: Codebook) -> tuple[str, ...] | None:
    """Return the themes a row gives, none at all for "none"; None where the row is not coded."""
    known = {theme.id.casefold(): theme.id for theme in codebook.themes}
    known |= {theme.label.casefold(): theme.id for theme in codebook.themes if theme.label}
    found: list[str] = []
    for column in _CODES:
        raw = _text(cells[column])
        for code in [raw] if raw.strip().casefold() in known else raw.split(";"):
            name = code.strip().casefold()
            if name and name != NONE and name not in known:
                raise ReviewError(f'a code in column "{column}" is not in the codebook')
            found += [NONE if name == NONE else known[name]] if name else []
    if NONE in found and set(found) != {NONE}:
        raise ReviewError(f'"{NONE}" stands beside a code')
    return tuple(dict.fromkeys(code for code in found if code != NONE)) if found else None


def _certainty(value: object) -> float | None:
    """Read a number from 0 to 1 or a percentage."""
    said = _text(value).strip().replace(",", ".")
    if not said:
        return None
    try:
        number = float(said.removesuffix("%")) / (100 if said.endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ReviewError("certainty is a number from 0 to 1, or a percentage")
    return round(number, 4)


def _flag(value: object) -> bool:
    said = _text(value).strip().casefold()
    if said in ("", "no", "0", "false"):
        return False
    if said in ("x", "yes", "1", "true"):
        return True
    raise ReviewError('the flag is "x" or empty')


def _quote_line(line: str, themes: Sequence[str], codebook: Codebook) -> tuple[str, str]:
    """Return theme and words of a quote: "theme: words", or words for the row's first code."""
    first, colon, rest = line.partition(":")
    if colon and first.strip() in {theme.id for theme in codebook.themes}:
        return first.strip(), rest.strip()
    if not themes:
        raise ReviewError("a quote names no theme, and the row gives none")
    return themes[0], line.strip()


def _found(words: str, flow: Flow) -> tuple[Span, ...]:
    """Return where a quote's words stand in the passage; "…" between them stands for what was left out."""
    at = 0
    pieces: list[Span] = []
    said = _plain_quotes(_cell_text(flow.text))
    for part in words.split(_LEFT_OUT):
        pattern = r"\s+".join(re.escape(word) for word in _plain_quotes(part).split())
        match = re.compile(pattern).search(said, at) if pattern else None
        if match is None:
            raise ReviewError("a quote's words do not stand in the passage as they are written")
        at = match.end()
        pieces += flow.to_source(Span(match.start(), match.end()))
    return tuple(pieces)


_LEFT_OUT = " … "


def _joined(flow: Flow, pieces: Sequence[Span]) -> str:
    """Return the words of a quote's pieces: "…" between those that do not follow one another."""
    parts: list[str] = []
    end = None
    for span in (flow_span(flow, piece) for piece in pieces):
        if end is not None and flow.text[end : span.start].strip():
            parts.append(_LEFT_OUT)
        elif end is not None:
            parts.append(" ")
        parts.append(flow.text[span.start : span.end])
        end = span.end
    return "".join(parts)


def flow_span(flow: Flow, piece: Span) -> Span:
    """Return where a piece of the transcript stands in *flow*, cut to what the flow holds of it."""
    for whole, start in zip(flow.pieces, flow.starts, strict=True):
        if whole.overlaps(piece):
            lo, hi = max(whole.start, piece.start), min(whole.end, piece.end)
            return Span(start + lo - whole.start, start + hi - whole.start)
    return Span(0, 0)


def _key(passage: str, words: str) -> str:
    """Return what ties a row's id to its words."""
    return hashlib.sha256(f"{passage}\0{_spaced(words)}".encode()).hexdigest()[:20]


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _plain_quotes(text: str) -> str:
    """Return *text* with the quotes that spreadsheets curl made straight, one character for one."""
    return text.translate(_CURLED)


_CURLED = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})


def _text(value: object) -> str:
    """Return what a cell says as text; a formula as it was typed."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(getattr(value, "text", value)).replace("\r\n", "\n").replace("\r", "\n")


def _cell_text(text: str) -> str:
    """Return *text* as a cell can hold it: what XML cannot write replaced one for one, and not endless."""
    text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"


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
    first, last = _HEAD.index(_CODES[0]) + 1, _HEAD.index(_CODES[CODE_COLUMNS - 1]) + 1
    choice.add(f"{get_column_letter(first)}2:{get_column_letter(last)}{rows + 1}")
    sheet.add_data_validation(choice)


def _put_codebook(book: Workbook, codebook: Codebook) -> None:
    """Put the codebook on its own page, as the codes are to be written."""
    sheet = book.create_sheet("codebook")
    _put_row(sheet, 1, ["code", "label", "domain", "definition", "include", "exclude"])
    _put_row(sheet, 2, [NONE, "No theme applies"])
    for number, theme in enumerate(codebook.themes, 3):
        said = [theme.definition, "\n".join(theme.include), "\n".join(theme.exclude)]
        _put_row(sheet, number, [_cell_text(t) for t in (theme.id, theme.label, theme.domain, *said)])
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
