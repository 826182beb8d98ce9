"""Gives capitals back to text without them, so that capital-minded witnesses can read it."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from svp_nlp.redaction.lexicon import (
    cities,
    first_names,
    institutions,
    ordinary,
    regions,
    surnames,
    word_ranks,
    world_cities,
)
from svp_nlp.redaction.recognizers.base import any_of

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
TITLE = re.compile(
    r"\b(?:dr|doctor|mr|mrs|ms|miss|professor|prof|nurse|pastor|reverend|father|sister|senator|judge|minister) ?\.? "
    r"(?P<name>[^\W\d_]+(?:[-'][^\W\d_]+)?(?: [^\W\d_]+(?:[-'][^\W\d_]+)?)?)",
    re.IGNORECASE,
)
CUE = re.compile(
    r"\b(?:my name is|my name's|i'm|i am|this is|call me|calls me|named|his name is|her name is|his name was|"
    r"her name was|name is|patient|thank you|thanks|hi|hello|bye) (?P<name>[^\W\d_]+(?:-[^\W\d_]+)?(?: [^\W\d_]+(?:-[^\W\d_]+)?)?)",
    re.IGNORECASE,
)
MONTHS_DAYS = frozenset(
    "january february april june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)


def without_case(text: str) -> bool:
    """Tell whether *text* carries no usable capitals: nearly none, or nearly nothing else."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    if len(words) < 20:
        return False
    capital = sum(w[0].isupper() for w in words) / len(words)
    shouted = sum(w.isupper() for w in words) / len(words)
    return capital < 0.015 or shouted > 0.6


@cache
def _phrases() -> re.Pattern[str]:
    """Match listed places and institutions of two words or more."""
    names = {n for n in (*cities(), *world_cities(), *regions()) if " " in n and len(n) > 6 and not all(map(ordinary, n.split()))}
    names |= {n.lower() for n in institutions() if " " in n}
    return re.compile(rf"(?<!\w){any_of(names)}(?!\w)")


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def _alone(word: str, known: Collection[str]) -> bool:
    """Tell whether a word is given a capital wherever it stands."""
    bare = word.removesuffix("'s")
    if bare in known or bare in MONTHS_DAYS:
        return True
    if ordinary(bare):
        return False
    if bare in first_names() and (first_names()[bare] >= 0.002 or bare not in word_ranks()):
        return len(bare) > 2
    if bare in regions() or cities().get(bare, 0) >= 3 or bare in world_cities():
        return len(bare) > 3
    return bare in surnames() and bare not in word_ranks() and len(bare) > 3


def truecased(text: str, known: Collection[str] = ()) -> str:
    """Return *text* with capitals where names must be, each code point in its place.

    ``known`` are words (lower case) that are names in this transcript, such as the speakers'.
    """
    low = text.lower()
    if len(low) != len(text):  # a few letters change length when lowered; those stay as they are
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    out = list(low)

    def raise_at(start: int, end: int) -> None:
        for word in WORD.finditer(low, start, end):
            if word[0] not in ("of", "and", "the", "for", "at"):
                out[word.start() : word.end()] = _same_length(word[0])

    for match in WORD.finditer(low):
        if match[0] in ("i", "i'm", "i'd", "i've", "i'll") or _alone(match[0], known):
            out[match.start() : match.end()] = _same_length(match[0])
    for match in _phrases().finditer(low):
        raise_at(match.start(), match.end())
    for pattern, sure in ((TITLE, True), (CUE, False)):
        for match in pattern.finditer(low):
            _raise_name(match, sure, raise_at)
    for match in re.finditer(r"(?:^|\n\n|[.?!] )([a-z])", low):
        out[match.start(1)] = match[1].upper()
    return "".join(out)


def _same_length(word: str) -> str:
    capital = _capital(word)
    return capital if len(capital) == len(word) else word


def _raise_name(match: re.Match[str], sure: bool, raise_at: object) -> None:
    """Raise the words after a title or an introduction as far as they can be names."""
    words = list(WORD.finditer(match["name"]))
    start = match.start("name")
    for number, word in enumerate(words):
        first = number == 0
        title_name = sure and first and (word[0] in surnames() or not ordinary(word[0])) and word[0] not in _NEVER
        if title_name or not ordinary(word[0]) and (word[0] in surnames() or word[0] in first_names() or word[0] not in word_ranks()):
            raise_at(start + word.start(), start + word.end())  # type: ignore[operator]
        elif not first and word[0] in surnames() and words[0][0] in first_names() and not ordinary(words[0][0]) and word[0] not in _NEVER:
            raise_at(start + word.start(), start + word.end())  # type: ignore[operator]
        else:
            return


_NEVER = frozenset(
    "and or the a an in on at to of for from with is was are were he she it they we you i who that this said says has "
    "had have do does did not no so but if my our his her their your be been will would can could may might just like "
    "really here there now then when where what how why because about up out over all one two back off well good s".split()
)
