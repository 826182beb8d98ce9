"""Finds names said letter by letter or by sound: "O-K-O-N-K-W-O", "h s u", "see-OH-nay", "B as in boy".

Why it identifies: speakers spell exactly the names that nobody would know otherwise.
Misses: a spelling of one or two letters, letters split over two turns, spelled words that are a known
abbreviation ("i c u").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Label
from svp_nlp.redaction.guards import ACRONYMS
from svp_nlp.redaction.lexicon import commonness, word_ranks
from svp_nlp.redaction.recognizers.base import Found, Rules, each, span_of

LETTER = r"(?:double[- ])?[A-Za-z]"
DASHED = re.compile(
    rf"(?<![\w-])(?P<word>{LETTER}(?:-{LETTER}){{2,25}}|{LETTER}(?:[.,]? ?- ?{LETTER}){{3,25}}|"
    rf"[A-Z](?:, [A-Z]){{2,25}}|"
    rf"[A-Z](?:\. ?[A-Z]){{3,25}}|[A-Z](?: [A-Z]){{2,25}})(?![\w-])"
)
SPACED = re.compile(r"(?<![\w'-])(?P<word>[a-z](?: (?:double )?[a-z]){2,25})(?![\w'-])", re.IGNORECASE)
AS_IN = re.compile(
    r"\b(?P<word>[A-Za-z],? as in \w+(?:[,.;]?(?: and)? [A-Za-z],? (?:as in|like|for) \w+)+"
    r"|[A-Za-z],? (?:like|for) \w+(?:[,.;]?(?: and)? [A-Za-z],? (?:as in|like|for) \w+){2,}"
    r"|[A-Za-z](?:[- ,]+[A-Za-z]\b)* as in \w+(?:[,;]? [A-Za-z]\b(?:[- ,]+[A-Za-z]\b)*(?: as in \w+)?)*)"
)
WITH_LETTER = re.compile(
    r"\b(?:spelled with|[A-Z][a-z]+,? (?:but )?with(?:out)?|starts with) (?:an? |no )?"
    r"(?P<word>[A-Z](?:-[A-Z])?)"
    r"(?=[.,;:?!)]|$|\n| (?:and|not|instead|at|in)\b)"
)
"""One letter said of a name before it: "Zara with a Z-H", "Jon without an H"."""

SOUNDED = re.compile(
    r"(?<![\w-])(?P<word>(?:[A-Za-z']+-){0,4}(?:[A-Z]{2,}-[A-Za-z]+|"
    r"[A-Za-z]+-[A-Z]{2,})(?:-[A-Za-z']+){0,4})(?![\w-])"
)
CUE = re.compile(r"(?:spell\w*|that's|it's|is|letters?|name|as|,)\W+$", re.IGNORECASE)


def _word(said: str) -> str:
    """Return the word that letters spell."""
    letters = re.sub(r"double[- ](\w)", r"\1\1", said, flags=re.IGNORECASE)
    return re.sub(r"[^a-z]", "", letters.lower())


def _is_name(word: str, before: str, *, deliberate: bool) -> bool:
    """Tell whether spelled letters make a name rather than an abbreviation or a stammer."""
    if word.upper() in ACRONYMS or len(set(word)) == 1:
        return False
    if len(word) <= 3 and not deliberate:
        return bool(CUE.search(before[-15:])) and word not in word_ranks()
    return True


PAIR_OF_LETTERS = re.compile(
    r"(?<![\w'.-])(?<!\b[a-z] )(?P<word>[b-hj-z](?: [a-z])?(?: [b-hj-z]))(?![\w'-]| [a-z](?![\w']))"
)
"""Two or three letters said apart in text without capitals: "p j", "u h g"."""


def _initials(text: str) -> Iterator[Found]:
    """Yield letters said apart, no known abbreviation: behind a preposition a house, else a person."""
    for match in PAIR_OF_LETTERS.finditer(text):
        if _word(match["word"]).upper() in ACRONYMS or len(set(match["word"])) == 2:
            continue
        before = text[max(0, match.start() - 10) : match.start()]
        house = re.search(r"\b(?:to|at|from|in|the|over) $", before) and len(_word(match["word"])) > 2
        yield span_of(match, "word"), Label.INSTITUTION if house else Label.PERSON, 0.55


def find(text: str) -> Iterator[Found]:
    """Yield spelled and sounded names (PERSON; linking may make them an institution)."""
    for pattern, score in ((DASHED, 0.85), (SPACED, 0.75)):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 30) : match.start()]
            deliberate = bool(re.search(r"[A-Z][-,] ?[A-Z]", match["word"]))
            if _is_name(_word(match["word"]), before, deliberate=deliberate):
                yield span_of(match, "word"), Label.PERSON, score
    yield from _initials(text)
    yield from each(AS_IN, text, Label.PERSON, 0.7, "word")
    yield from each(WITH_LETTER, text, Label.PERSON, 0.6, "word")
    for match in SOUNDED.finditer(text):
        if _sounded(match["word"]):
            yield span_of(match, "word"), Label.PERSON, 0.75


def _sounded(said: str) -> bool:
    """Tell whether a hyphenated word shows a sound ("Tau-fa-HAY-ma") and is no term ("non-ICU", "X-RAY")."""
    parts = said.split("-")
    loud = [p for p in parts if len(p) > 1 and p.isupper()]
    quiet = [p for p in parts if not p.isupper()]
    if len(loud) != 1 or not quiet or loud[0] in ACRONYMS:
        return False
    if len(parts) >= 3:
        return True
    return all(commonness(p) < 0.5 for p in quiet) and any(c in "AEIOUY" for c in loud[0])


SPELLED = Rules("spelled", find)
"""The spelling rules as a recognizer."""
