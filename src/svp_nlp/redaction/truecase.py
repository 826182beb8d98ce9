"""Gives capitals back to text without them, so that capital-minded witnesses can read it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from svp_nlp.redaction.lexicon import (
    cities,
    first_names,
    in_dictionary,
    institutions,
    ordinary,
    read_list,
    regions,
    surnames,
    word_ranks,
    world_cities,
)
from svp_nlp.redaction.recognizers.base import any_of

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
ONE = r"[^\W\d_]+(?:[-'][^\W\d_]+)*"
TITLE = re.compile(
    rf"\b(?P<title>dr|doctor|mr|mrs|ms|miss|mister|professor|prof|nurse|pastor|reverend|father|sister|senator|judge|"
    rf"minister|chaplain) ?\.? (?P<name>{ONE}(?: {ONE})?)"
)
CUE = re.compile(
    rf"\b(?:my name is|my name's|i'm|i am|this is|call me|calls me|named|nicknamed|his name is|her name is|his name was|"
    rf"her name was|name is|name's|patient|thank you|thanks|hi|hello|hey|bye|speaking with|a guy called|psychologist|"
    rf"analyst|assistant|paralegal|colleague|boss|daughter|son|wife|husband|brother|interview with) (?P<name>{ONE}(?: {ONE})?)"
)
SURE_CUE = re.compile(r"(?:name is|name's|name was|named|nicknamed|call me|calls me|called) $")
HEAD = re.compile(
    r"\b(?:medical center|health system|health center|hospital|university|college|clinic|foundation|pavilion|tower|"
    r"health care|healthcare|institute|memorial|regional|children's|mutual|insurance|high school)\b"
)
STREET = re.compile(r"\b(?P<name>[a-z]+) (?:street|avenue|boulevard|parkway|lane)\b")
SMALL = frozenset("of and the for at de la".split())
DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
MONTHS = frozenset(
    "january february april june july august september october november december".split()
)
_NEVER = frozenset(
    "and or the a an in on at to of for from with is was are were he she it they we you i who that this said says has "
    "had have do does did not no so but if my our his her their your be been will would can could may might just like "
    "really here there now then when where what how why because about up out over all one two back off well good s very "
    "too also as by okay yes yeah um uh right please sir doing going to being getting".split()
)
"""Words that follow an introduction without being a name ("i'm really", "this is good")."""


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
    """Match listed places of two words or more, and listed institutions that are no ordinary words."""
    names = {n for n in (*cities(), *world_cities()) if " " in n and len(n) > 6 and not all(map(ordinary, n.split()))}
    names |= {n.removeprefix("the ") for n in regions() if " " in n.removeprefix("the ")}
    names |= {n.lower().removeprefix("the ") for n in institutions() if not all(map(ordinary, n.split())) or " " in n}
    return re.compile(rf"(?<!\w){any_of(names)}(?!\w)")


@cache
def _jargon() -> frozenset[str]:
    """Return words of care and speech that are in no dictionary and still name nobody."""
    return frozenset(word.lower() for line in read_list("jargon.txt") for word in line.split())


def unknown(word: str) -> bool:
    """Tell whether a lower-case word is in no dictionary and no list of jargon: often a name."""
    return len(word) > 3 and not in_dictionary(word) and not any(p in _jargon() for p in (word, *word.split("-")))


def _alone(word: str, known: Collection[str]) -> bool:
    """Tell whether a word is given a capital wherever it stands."""
    bare = word.removesuffix("'s")
    if bare in known or bare in MONTHS or bare in DAYS:
        return True
    if ordinary(bare) or bare in _jargon():
        return False
    if first_names().get(bare, 0.0) >= 0.002 or (bare in first_names() and bare not in word_ranks()):
        return len(bare) > 2
    if bare in regions() or cities().get(bare, 0) >= 3 or bare in world_cities():
        return len(bare) > 3
    if bare in surnames() and bare not in word_ranks():
        return len(bare) > 3
    return unknown(bare) and "'" not in bare


def truecased(text: str, known: Collection[str] = ()) -> str:
    """Return *text* with capitals where names must be, each code point in its place.

    ``known`` are words (lower case) that are names in this transcript, such as the speakers'.
    """
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    out = list(low)
    for start, end in _raised(low, known):
        for word in WORD.finditer(low, start, end):
            if word[0] not in SMALL:
                out[word.start() : word.end()] = _capital(word[0])
    _institutions(low, out)
    return "".join(out)


def _capital(word: str) -> str:
    raised = "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
    return raised if len(raised) == len(word) else word


def _raised(low: str, known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of lower-cased text that get capitals."""
    for match in WORD.finditer(low):
        if match[0] in ("i", "i'm", "i'd", "i've", "i'll") or _alone(match[0], known):
            yield match.span()
    for match in _phrases().finditer(low):
        yield match.span()
    for match in TITLE.finditer(low):
        yield match.span("title")
        yield from _after(match, sure=True)
    for match in CUE.finditer(low):
        yield from _after(match, sure=bool(SURE_CUE.search(low[: match.start("name")][-14:])))
    for match in STREET.finditer(low):
        if match["name"] not in _NEVER and not match["name"].endswith("s"):
            yield match.span()


def _after(match: re.Match[str], *, sure: bool) -> Iterator[tuple[int, int]]:
    """Yield the words after a title or an introduction as far as they can be names."""
    start = match.start("name")
    first = ""
    for number, word in enumerate(WORD.finditer(match["name"])):
        said = word[0]
        if said in _NEVER:
            return
        listed = said in surnames() or said in first_names()
        if number == 0:
            first = said
            if ordinary(said) and not (sure and listed):
                return
            if not sure and not listed and said in word_ranks():
                return
        elif ordinary(said) and not (said in surnames() and first in first_names() and not ordinary(first)):
            return
        elif not listed and said in word_ranks():
            return
        yield start + word.start(), start + word.end()


def _institutions(low: str, out: list[str]) -> None:
    """Raise "crest medical center" where a raised word stands up to three words before the head noun."""
    for match in HEAD.finditer(low):
        before = list(WORD.finditer(low, max(0, match.start() - 45), match.start()))[-3:]
        raised = [w.start() for w in before if out[w.start()].isupper() and w[0] not in DAYS and w[0] != "i"]
        if not raised or "\n" in low[raised[0] : match.start()]:
            continue
        between = [w for w in before if w.start() > raised[0]]
        if any(w[0] in _NEVER and w[0] not in SMALL for w in between):
            continue
        for word in WORD.finditer(low, raised[0], match.end()):
            if word[0] not in SMALL:
                out[word.start() : word.end()] = _capital(word[0])
