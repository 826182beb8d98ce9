"""PDF files to text: one text, a form feed between pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from statistics import median_low
from typing import Any

from svp_nlp.errors import ReadError

# pdfium puts this where a word is broken at a line's end; whether the hyphen belongs to it is left open.
_BROKEN = re.compile(r"([^\W_]*)\ufffe([^\W_]*)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text of a PDF, and the names its properties carry."""

    text: str = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...]


def pdf_text(data: bytes, name: str) -> PdfText:
    """Extract the text of a PDF, page by page.

    Raises ReadError for a file that is no PDF, needs a password, or holds only pictures of pages.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _refusal(name, str(error)) from None
    try:
        pages = [_page(document[number]) for number in range(len(document))]
        author = str(document.get_metadata_dict().get("Author", "")).strip()
    except pypdfium2.PdfiumError:
        raise _refusal(name, "damaged page") from None
    finally:
        document.close()
    empty = [str(number) for number, page in enumerate(pages, 1) if not page.strip()]
    if len(empty) == len(pages):
        raise ReadError(
            f"{name} holds page images, no text: run OCR first", hint="ocrmypdf adds a text layer to a scan"
        )
    notes = (f"no text on page {', '.join(empty)}",) if empty else ()
    return PdfText("\f".join(pages), (author,) if author else (), notes)


def _refusal(name: str, why: str) -> ReadError:
    if "password" in why.lower() or "security" in why.lower():
        return ReadError(
            f"{name} is encrypted: it needs a password",
            hint="open it, save a copy without a password, and read that",
        )
    return ReadError(f"{name} is not a PDF or is damaged", hint="open it in a PDF viewer and save it again")


def _page(page: Any) -> str:
    """Return the text of one page, lines ended by a newline, broken words mended."""
    textpage = page.get_textpage()
    try:
        raw: str = textpage.get_text_range()
        # Where characters and code points are not one to one, their boxes cannot be looked up.
        lines = _laid_out(list(_rows(textpage, raw))) if len(raw) == textpage.count_chars() else raw
    finally:
        textpage.close()
        page.close()
    return _BROKEN.sub(_mended, _CONTROLS.sub("", lines.replace("\r\n", "\n").replace("\r", "\n")))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line on the page, in points: its left and right edge, where it begins and ends above the foot."""

    words: str = field(repr=False)
    left: float
    right: float
    first: float
    last: float
    height: float


def _rows(textpage: Any, raw: str) -> Iterator[_Row]:
    at = 0
    for line in raw.split("\r\n"):
        words = line.strip()
        if words:
            start = at + line.index(words)
            left, first, _, top = textpage.get_charbox(start, loose=True)
            _, last, right, _ = textpage.get_charbox(start + len(words) - 1, loose=True)
            yield _Row(_tabbed(textpage, words, start, top - first), left, right, first, last, top - first)
        at += len(line) + 2


def _tabbed(textpage: Any, words: str, start: int, height: float) -> str:
    """Put a tab for the first gap near the line's start that is too wide for a space between words."""
    for space in re.finditer(r"(?<=\S) (?=\S)", words[:40]):
        i = start + space.start()
        gap = textpage.get_charbox(i + 1, loose=True)[0] - textpage.get_charbox(i - 1, loose=True)[2]
        if gap > 1.2 * height:
            return words[: space.start()] + "\t" + words[space.end() :]
    return words


def _laid_out(rows: Sequence[_Row]) -> str:
    """Join lines as they stand: cells of one table row by a tab, paragraphs by a blank line."""
    steps = [above.last - below.first for above, below in pairwise(rows)]
    pitch = median_low([step for step in steps if step > 0] or [0.0])
    parts = []
    for (above, below), step in zip(pairwise(rows), steps, strict=True):
        beside = below.left >= above.right and step < 0.3 * above.height
        parts += [above.words, "\t" if beside else "\n\n" if step > 1.45 * pitch else "\n"]
    return "".join([*parts, *(row.words for row in rows[-1:])])


def _mended(match: re.Match[str]) -> str:
    """Join the halves of a word broken at a line's end, with the hyphen where it belongs to the word."""
    left, right = match.groups()
    if left.islower() and not right.islower():
        return f"{left}-\n{right}"  # the last word of a page, with a number or a running title below it
    if not left or not right.islower():
        return f"{left}-{right}"
    words = _common_words()
    whole = (left + right).lower() in words
    halves = left.lower() in words and right.lower() in words
    return f"{left}-{right}" if halves and not whole else left + right


@cache
def _common_words() -> frozenset[str]:
    """Return common English words (symspellpy's frequency dictionary, MIT)."""
    listed = resources.files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt")
    return frozenset(line.split(" ", 1)[0] for line in listed.read_text("utf-8-sig").splitlines())
