"""How far a name reaches: not over the end of a sentence, not from a house into its town.

Recognizers and models run on ("St. Anne's in Galveston. Nobody"); what they found is parted here, each part
with its own label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import is_guarded, is_plain
from svp_nlp.redaction.lexicon import cities, ordinary, regions, words, world_cities

_STOP = re.compile(r"[.!?]+[\"')\]]* +(?=\S)|\n\n")
_SHORT = words("st mt ft dr mr mrs ms prof rev hon sr jr no vs inc co corp ave blvd gen sgt lt col")
_IN = re.compile(r",? (?:in|out in|down in|up in|near|outside)(?: the)? (?=[A-Z])")


_TWO_LETTERS = re.compile(r"\b[A-Z] (?:and|&) [A-Z]$")
"""Two letters that abbreviate ("M and M", "Q and A"): the second is no initial."""


def unsaid(span: Span, idle: Sequence[Span]) -> bool:
    """Tell whether *span* lies in none of the sayings *idle* ("Hail Mary"), so that it may be a name."""
    return not any(saying.contains(span) for saying in idle)


def parts_of(text: str, span: Span, label: Label) -> Iterator[tuple[Span, Label]]:
    """Yield the parts of a name that may stand: up to the sentence's end, house and town apart.

    What follows a sentence's end stays a name only if it holds a word that is no ordinary one.
    """
    for number, piece in enumerate(_sentences(text, span)):
        if number and (is_plain(said := text[piece.start : piece.end]) or is_guarded(said)):
            continue
        for one in _one_by_one(text, piece) if label is Label.PERSON else (piece,):
            yield from _house_and_town(text, one, label)


def _one_by_one(text: str, span: Span) -> Iterator[Span]:
    """Part people that are named in one breath ("Ana Ruiz and Tom Bly"): each is an entity.

    Words that are no names ("Sun and Moon") stay together: cut, one of them might be let go.
    """
    parts = re.split(r"\s+(?:and|&)\s+", said := text[span.start : span.end])
    last = [re.findall(r"[^\W\d_]+", part)[-1:] for part in parts]
    if len(parts) == 1 or any(not word or ordinary(word[0].lower()) for word in last):
        yield span
        return
    at = 0
    for part in parts:
        at = said.index(part, at)
        yield Span(span.start + at, span.start + at + len(part))
        at += len(part)


def _sentences(text: str, span: Span) -> Iterator[Span]:
    start = span.start
    for match in _STOP.finditer(text, span.start, span.end):
        if _abbreviates(text[max(0, span.start - 8) : match.start()], match[0]):
            continue
        if match.start() > start:
            yield Span(start, match.start())
        start = match.end()
    if start < span.end:
        yield Span(start, span.end)


def _abbreviates(before: str, stop: str) -> bool:
    """Tell whether a full stop belongs to an abbreviation or an initial ("St. Anne", "J. Roe")."""
    word = re.search(r"[^\W\d_]+$", before)
    if not stop.startswith(".") or word is None or _TWO_LETTERS.search(before):
        return False
    return word[0].lower() in _SHORT or (len(word[0]) == 1 and word[0].isupper())


def _house_and_town(text: str, span: Span, label: Label) -> Iterator[tuple[Span, Label]]:
    said = text[span.start : span.end]
    match = _IN.search(said)
    if match is None or not _is_place(said[match.end() :]):
        yield span, label
        return
    yield Span(span.start, span.start + match.start()), label
    yield Span(span.start + match.end(), span.end), Label.LOCATION


def _is_place(name: str) -> bool:
    """Tell whether a name is a listed place, or no ordinary word."""
    low = name.lower().rstrip(" .,")
    if low in regions() or low in cities() or low in world_cities():
        return True
    return not any(ordinary(word) for word in re.findall(r"[^\W\d_]+", low))
