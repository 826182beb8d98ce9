"""A row of a coding sheet: what a coder says of one passage, and the decisions that follow from it."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from svp_nlp.errors import ReviewError
from svp_nlp.model import Codebook, Flow, Passage, Span, Transcript
from svp_nlp.review.checks import Basis
from svp_nlp.review.decisions import Action, Decision, dump
from svp_nlp.review.fold import Coding

NONE = "none"
"""What stands in the first code column where a coder read the passage and no theme applies."""
CODE_COLUMNS = 4
"""Columns for codes; further codes stand in the last column, separated by semicolons."""

CODES = [f"code {n}" for n in range(1, CODE_COLUMNS + 1)] + ["more codes"]
"""The columns that hold codes."""

# What XML 1.0 cannot hold, and so no XLSX cell.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_000


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
        return cell_text(self.flow(passage).text)

    def question(self, passage: Passage) -> str:
        """Return the question before the passage as a cell holds it."""
        return cell_text(Flow.of(self.transcripts[passage.transcript], passage.question).text)


@dataclass(frozen=True, slots=True)
class RowSaid:
    """What a coder says of one passage, as a row says it. ``themes`` is None where nothing is decided."""

    themes: tuple[str, ...] | None = None
    certainty: float | None = None
    quotes: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    memo: str = field(default="", repr=False)
    flag: bool = False
    pieces: Mapping[tuple[str, str], tuple[Span, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, coding: Coding | None, passage: Passage, text: SheetText) -> RowSaid:
        """Put a coding as a row would."""
        if coding is None:
            return cls()
        order = [theme.id for theme in text.codebook.themes]
        themes = tuple(sorted(coding.themes, key=lambda t: (order.index(t) if t in order else 0, t)))
        flow = text.flow(passage)
        quotes = tuple(
            (quote.theme, _spaced(cell_text(_joined(flow, quote.pieces)))) for quote in coding.quotes
        )
        memo = cell_text(_BETWEEN_MEMOS.join(coding.memos))
        sure = (
            None if coding.certainty is None else round(coding.certainty, 4)
        )  # a cell holds no more for sure
        return cls(themes if coding.decided else None, sure, quotes, memo, coding.flagged)

    @classmethod
    def read(cls, cells: Mapping[str, object], passage: Passage, text: SheetText) -> RowSaid:
        """Read a row; raises ReviewError that names the column, never what stands in it."""
        themes = _themes(cells, text.codebook)
        quotes: dict[tuple[str, str], tuple[Span, ...]] = {}
        for line in text_of(cells["quotes"]).split("\n"):
            if line.strip():
                theme, words = _quote_line(line, themes or (), text.codebook)
                quotes[theme, words] = _found(words, text.flow(passage))
        memo = text_of(cells["memo"])
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
class Stamp:
    """Who filled in which sheet, saved when: the parts its decisions share."""

    coder: str
    sheet: str
    saved: datetime
    basis: Basis

    def decisions(self, passage: str, now: RowSaid, before: RowSaid, coding: Coding | None) -> list[Decision]:
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
    now: RowSaid, before: RowSaid, coding: Coding | None, seen: bool
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
        # A row that was filled in says all: what is left out of a split theme's parts does not apply.
        if not seen or (coding is not None and coding.split):
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


def passage_of(cells: Mapping[str, object], passages: Mapping[str, Passage], text: SheetText) -> Passage:
    """Return the passage that a row is about; raises ReviewError when its cells do not belong together."""
    passage = passages.get(text_of(cells["passage"]))
    if passage is None:
        raise ReviewError("there is no such passage in this study; its id was edited, or the row added")
    words, shown = text.words(passage), text_of(cells["words"])
    if _spaced(shown) == _spaced(words) and text_of(cells["key"]) == row_key(passage.id, words):
        return passage
    if text_of(cells["key"]) == row_key(passage.id, shown):
        raise ReviewError("the passage's text was changed since the sheet was made")
    raise ReviewError(
        "passage, words and key do not belong together: cells were moved or edited; sort whole rows only"
    )


def _themes(cells: Mapping[str, object], codebook: Codebook) -> tuple[str, ...] | None:
    """Return the themes a row gives, none at all for "none"; None where the row is not coded."""
    known = {theme.id.casefold(): theme.id for theme in codebook.themes}
    known |= {theme.label.casefold(): theme.id for theme in codebook.themes if theme.label}
    found: list[str] = []
    for column in CODES:
        raw = text_of(cells[column])
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
    said = text_of(value).strip().replace(",", ".")
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
    said = text_of(value).strip().casefold()
    if said in ("", "no", "0", "false"):
        return False
    if said in ("x", "yes", "1", "true"):
        return True
    raise ReviewError('the flag is "x" or empty')


def _quote_line(line: str, themes: Sequence[str], codebook: Codebook) -> tuple[str, str]:
    """Return theme and words of a quote: "theme: words", or words for the row's first code."""
    first, colon, rest = line.partition(":")
    if colon and first.strip() in {theme.id for theme in codebook.themes}:
        return first.strip(), _spaced(rest)
    if not themes:
        raise ReviewError("a quote names no theme, and the row gives none")
    return themes[0], _spaced(line)


def _found(words: str, flow: Flow) -> tuple[Span, ...]:
    """Return where a quote's words stand in the passage; "…" between them stands for what was left out."""
    at = 0
    pieces: list[Span] = []
    said = _plain_quotes(cell_text(flow.text))
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


def row_key(passage: str, words: str) -> str:
    """Return what ties a row's id to its words."""
    return hashlib.sha256(f"{passage}\0{_spaced(words)}".encode()).hexdigest()[:20]


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _plain_quotes(text: str) -> str:
    """Return *text* with the quotes that spreadsheets curl made straight, one character for one."""
    return text.translate(_CURLED)


_CURLED = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})


def text_of(value: object) -> str:
    """Return what a cell says as text; a formula as it was typed."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(getattr(value, "text", value)).replace("\r\n", "\n").replace("\r", "\n")


def cell_text(text: str) -> str:
    """Return *text* as a cell can hold it: what XML cannot write replaced one for one, and not endless."""
    text = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"
