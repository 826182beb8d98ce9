"""Lines of a text and what can stand on them besides words: times, page breaks, running titles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from svp_nlp.model import Span

TIME = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_BREAKS = re.compile(r"\r\n|[\n\r\v\f\u2028\u2029]")
_STAMP = re.compile(rf"[\[(<]\s*{TIME}\s*(?:(?:-->|-|–|to)\s*{TIME}\s*)?[\])>]")
_CLOCK = re.compile(rf"({TIME})[ \t]+(?=\S)")
_NUMBER = re.compile(r"(\d{1,4})(?![\w:.,/%])[ \t]*")
_LONE_STAMP = re.compile(rf"[\[(]?\s*{TIME}\s*(?:(?:-->|-|–|to)\s*{TIME}\s*)?[\])]?")
_PAGE_MARK = re.compile(
    r"(?:page\s*\d+(?:\s*(?:of|/)\s*\d+)?|\d+\s*\|\s*page|[-–—]\s*\d{1,4}\s*[-–—]|p\.\s*\d+)", re.IGNORECASE
)
_PAGE_TAIL = re.compile(r"\bpage\s*\d+(?:\s*(?:of|/)\s*\d+)?\W*$|^\W*page\s*\d+\b", re.IGNORECASE)
_RULE = re.compile(r"[\W_]{3,}")
_THING = (
    r"(?:recording|transcript(?:ion)?|interview|audio|tape|file|session|call|side|part|disc|track|document)"
)
_CLOSER = re.compile(
    rf"(?:(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?{_THING}\b.{{0,40}}"
    rf"|{_THING}\s+(?:ends?|ended|stops?|stopped|begins?|starts?|started|paused?|resumes?|resumed|concludes?d?)"
    r"\b.{0,40}|end|fin)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: its first to its last visible character, and how it begins.

    ``opens`` tells whether a blank line, a page break or the start of the text stands before it.
    """

    span: Span
    opens: bool


def lines_of(text: str) -> list[Line]:
    """Return the lines of *text* that are not blank, trimmed."""
    found, at, opens = [], 0, True
    for stop, after, page in _stops(text):
        body = text[at:stop]
        words = body.strip("\ufeff \t\xa0\u200b") if body.isspace() or not body else body.strip()
        if words:
            start = at + body.index(words)
            found.append(Line(Span(start, start + len(words)), opens))
        opens = page or not words
        at = after
    return found


def _stops(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each line stops, where the next begins, and whether a page break lies between."""
    for match in _BREAKS.finditer(text):
        yield match.start(), match.end(), match.group() == "\f"
    yield len(text), len(text), False


def page_starts_of(text: str) -> tuple[int, ...]:
    """Return where the pages begin that form feeds make; empty where there is no form feed."""
    feeds = [m.end() for m in re.finditer("\f", text)]
    return (0, *feeds) if feeds else ()


def seconds(stamp: str) -> float:
    """Return a time such as "01:22", "1:01:22" or "00:01:22,500" in seconds."""
    total = 0.0
    for part in stamp.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def first_time(text: str) -> float | None:
    """Return the first time of day or of recording named in *text*, in seconds."""
    match = re.search(TIME, text)
    return seconds(match.group()) if match else None


def stamps_in(text: str, span: Span) -> list[Span]:
    """Return the bracketed times inside *span*; nobody says them."""
    return [Span(m.start(), m.end()) for m in _STAMP.finditer(text, span.start, span.end)]


def leading_clock(text: str, span: Span) -> Span | None:
    """Return the time without brackets that a line begins with ("00:03 so I was"), or None."""
    match = _CLOCK.match(text, span.start, span.end)
    return None if match is None else Span(match.start(), match.end(1))


def is_stamp(line: str) -> bool:
    """Tell whether *line* holds a time and nothing else."""
    return _LONE_STAMP.fullmatch(line) is not None


def is_closer(line: str) -> bool:
    """Tell whether *line* is a note about the recording, such as "(End of recording.)" or "[END]"."""
    bare = line.strip("[](){}*-–—=_#<> .\t")
    marked = line[:1] in "[({*-–—=<#" or bare.isupper()
    return bool(bare) and marked and _CLOSER.fullmatch(bare) is not None


def is_rule(line: str) -> bool:
    """Tell whether *line* is only drawn, such as "-----" or "* * *"."""
    return _RULE.fullmatch(line) is not None


def without_numbers(text: str, lines: Sequence[Line]) -> tuple[list[Line], list[Span]]:
    """Take line numbers off the lines, where nearly every line begins with one and they count on.

    They are returned as furniture. Numbers may begin again on each page.
    """
    found = [_NUMBER.match(text, line.span.start, line.span.end) for line in lines]
    counted = [int(match[1]) for match in found if match is not None]
    steps = sum(after == before + 1 for before, after in pairwise(counted))
    if len(counted) < 5 or len(counted) * 5 < len(lines) * 4 or steps * 5 < len(counted) * 4 - 5:
        return list(lines), []
    bare, numbers = [], []
    for line, match in zip(lines, found, strict=True):
        if match is None:
            bare.append(line)
            continue
        numbers.append(Span(*match.span(1)))
        if match.end() < line.span.end:
            bare.append(Line(Span(match.end(), line.span.end), line.opens))
    return bare, numbers


def page_furniture(text: str, lines: Sequence[Line], starts: Sequence[int]) -> set[int]:
    """Return the numbers of *lines* that are running titles or page numbers.

    A line counts when it is a page mark alone, when it ends or begins with "Page N" and its like returns,
    or when it stands first or last on most pages and nowhere else, alike but for a number that counts on.
    """
    shapes = [_shape(text[line.span.start : line.span.end]) for line in lines]
    often = Counter(shapes)
    edges = _edges(lines, starts)
    at_edge = Counter(shapes[i] for i in edges)
    enough = max(2, (len(starts) + 1) // 2)
    counting = _counting([(shapes[i], text[lines[i].span.start : lines[i].span.end]) for i in sorted(edges)])
    found = set()
    for i, line in enumerate(lines):
        words = text[line.span.start : line.span.end]
        returns = often[shapes[i]] > 1 or i == 0
        marked = len(words) <= 160 and returns and _PAGE_TAIL.search(words)
        stands = (
            at_edge[shapes[i]] >= enough
            and at_edge[shapes[i]] == often[shapes[i]]
            and (_runs(words, shapes[i]) or shapes[i] in counting)
        )
        if _PAGE_MARK.fullmatch(words) or marked or stands:
            found.add(i)
    return found


def _counting(rows: Sequence[tuple[str, str]]) -> set[str]:
    """Return the shapes of lines that end with a number that grows by one each time."""
    numbers: dict[str, list[int]] = {}
    for shape, words in rows:
        match = re.search(r"(?<!\d)\d{1,4}$", words)
        if match:
            numbers.setdefault(shape, []).append(int(match.group()))
    return {shape for shape, n in numbers.items() if len(n) > 1 and all(b == a + 1 for a, b in pairwise(n))}


def _runs(words: str, shape: str) -> bool:
    """Tell whether a line could be a running title or a bare page number rather than speech."""
    return shape == "#" or (
        len(words) <= 120 and not re.match(r"[^:\n]{1,40}:\s", words) and words[-1] not in ",?!"
    )


def _shape(words: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\d+", "#", words)).casefold()


def _edges(lines: Sequence[Line], starts: Sequence[int]) -> set[int]:
    """Return the first and the last line of each page (two of each: a title may stand over a date)."""
    if len(starts) < 2:
        return set()
    pages: dict[int, list[int]] = {}
    page = 0
    for i, line in enumerate(lines):
        while page + 1 < len(starts) and line.span.start >= starts[page + 1]:
            page += 1
        pages.setdefault(page, []).append(i)
    return {i for on in pages.values() for i in (on[:2] + on[-2:])}
