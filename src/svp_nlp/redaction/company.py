"""What the token classifier's word is worth: it knows a word by the company it keeps, capital or not.

In text without case it is a full witness. In cased text, where capitals and lists see nearly all, its word
counts beside another witness's; alone it only asks a person to look, and only at words with capitals.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from svp_nlp.engines.protocols import Hit
from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, ROLES, is_guarded, is_plain, is_role
from svp_nlp.redaction.lexicon import first_names, surnames, word_pairs, word_ranks, words
from svp_nlp.redaction.propagate import HEAD_WORDS
from svp_nlp.redaction.recognizers.base import any_of
from svp_nlp.redaction.truecase import DAYS, GENERIC, jargon
from svp_nlp.redaction.words import TITLES

NAMES = frozenset({Label.PERSON, Label.INSTITUTION, Label.LOCATION})

MOST = 0.5
"""A surface that the classifier names twice, and in this share of its places, is named in all of them."""

FEW = 0.34
"""Where it names less than this share of three places or more, it must be as sure as of ordinary words."""

BESIDE = 0.45
"""What its word is worth where it must not decide: too little alone, enough with any other witness."""

LOOK = 0.55
"""What it is worth in cased text where capitals stand and it is sure: taken, and a person looks."""

SURE = 0.9
"""From this probability on it is sure of a name in cased text, of a date, an age or a number in any."""

PLAIN = 0.6
"""From this probability on a name of ordinary words only is taken."""

ONCE = 0.97
"""From this probability on a single ordinary word is taken that it names once."""

HOUSE = 0.01
"""Share of a surname, in percent, from which on institutions and places are likely called by it."""

NEVER = 2.0
"""More than any probability."""

RARE = 20_000
"""Words from this place by frequency on are seldom said, though dictionaries have them ("cairn")."""

COMMON = 800
"""Words up to this place by frequency ("first", "unit", "new") name nothing alone."""


def by_company(text: str, hits: Iterable[Hit], *, cased: bool) -> Iterator[Hit]:
    """Yield *hits*, the classifier's guarded, weighed and carried to further places of the same words."""
    groups: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if not hit.witness.startswith("classifier"):
            yield hit
            continue
        if hit.label not in NAMES:
            score = hit.score if _exact(text[hit.span.start : hit.span.end], hit) and not cased else BESIDE
            yield replace(hit, score=score, witness=f"company:{hit.label}")
            continue
        for span in _bare(text, hit):
            groups[text[span.start : span.end].lower()].append(replace(hit, span=span))
    for said, group in groups.items():
        for hit in _heard(said, group, _places(text, said)):
            score = _beside_capitals(text, hit) if cased else hit.score
            yield replace(hit, score=score, witness=f"company:{hit.label}")


def _beside_capitals(text: str, hit: Hit) -> float:
    """Return what a hit counts in cased text: where it is sure and the words are raised, a look."""
    said = _letters(text[hit.span.start : hit.span.end])
    long = [word for word in said if len(word) > 3] or said
    return LOOK if hit.score >= SURE and all(word[0].isupper() for word in long) else BESIDE


_NO_DATE = {
    Label.DATE: re.compile(rf"(?:\w+ )?{any_of(DAYS)}s?|\d+:\d+"),
    Label.DATE_YEAR: re.compile(r".*ies|[a-z]+|(?!two|nineteen|twenty).*(?:hundred|thousand).*"),
    Label.CONTACT: re.compile(r"[a-z]+"),
    Label.ID: re.compile(r"\D*|.*\d:\d.*"),
}
"""What the classifier takes for dates and numbers and should not: weekdays, clock times, decades, amounts."""


def _exact(said: str, hit: Hit) -> bool:
    """Tell whether the classifier may decide on a date, an age or a number."""
    if hit.label is Label.ID and sum(map(str.isdigit, said)) < 3:
        return False  # spoken numbers are times as often
    wrong = _NO_DATE.get(hit.label)
    return hit.score >= SURE and (wrong is None or wrong.fullmatch(said.lower()) is None)


def _bare(text: str, hit: Hit) -> Iterator[Span]:
    """Yield the parts of a hit between titles, without articles and other small words at their ends."""
    part: list[re.Match[str]] = []
    for word in (*_WORD.finditer(text, hit.span.start, hit.span.end), None):
        if word is not None and word[0].lower() not in TITLES:
            part.append(word)
            continue
        while part and _outside(text, part[0]):
            part.pop(0)
        while part and _outside(text, part[-1]):
            part.pop()
        if part:
            yield Span(part[0].start(), part[-1].end())
        part = []


_WORD = re.compile(r"[^\W_]+(?:['.&-][^\W_]+)*")


_SMALL = words(
    "the a an and or but so if as in on at to of for from with by into about is was are were be been he she "
    "it they we you i me him them us who what which that this these those my our his her their your its "
    "there here then when where because like just hon ll ve re"
)
"""Words that begin and end no name; among them what is left of "we'll" without its apostrophe."""


def _outside(text: str, word: re.Match[str]) -> bool:
    """Tell whether a word at a hit's end is no part of a name: small, jargon, or behind an apostrophe."""
    low = word[0].lower()
    return low in _SMALL or low in jargon() or (len(low) < 3 and text[word.start() - 1 : word.start()] == "'")


def _places(text: str, said: str) -> list[Span]:
    """Return where the words *said* (lower case) stand, all over the text."""
    low = text.lower() if len(text.lower()) == len(text) else text
    return [Span(*m.span()) for m in re.finditer(rf"(?<!\w){re.escape(said)}(?!\w)", low)]


def _heard(said: str, group: Sequence[Hit], places: Sequence[Span]) -> Iterator[Hit]:
    """Yield the hits on one surface that are worth a candidate, and its other places if most are hit."""
    if _guarded(said):
        return
    few = len(places) > 2 and len(group) < FEW * len(places)
    own = [hit for hit in group if hit.score >= _least(said, hit.label, alone=len(group) == 1, few=few)]
    yield from own
    if len(own) > 1 and len(own) >= MOST * len(places) and word_ranks().get(said, COMMON) >= COMMON:
        yield from _others(own, places)


def _letters(said: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", said)


def _least(said: str, label: Label, *, alone: bool, few: bool) -> float:
    """Return the probability a hit needs: more where its words are ordinary, over 1 where it names nobody."""
    found = _letters(said)
    if not found:
        return SURE if len(said) > 2 else NEVER
    listed = any(_listed(word, label) for word in found)
    if all(w in jargon() or w in GENERIC or w in HEAD_WORDS or w in ROLES for w in found):
        return NEVER
    if all(word_ranks().get(w, COMMON) < COMMON for w in found):
        return ONCE if (label is Label.PERSON and listed) or len(found) > 1 else NEVER
    if not is_plain(said):
        return PLAIN if few and not listed else 0.0
    rare = all(word_ranks().get(w, 0) > RARE for w in found)
    if label is Label.PERSON and not listed:
        return ONCE if rare else NEVER
    usual = tuple(found) in word_pairs() or (len(found) == 1 and not rare)
    return ONCE if alone and usual and not listed else PLAIN


def _listed(word: str, label: Label) -> bool:
    """Tell whether a word is on the lists of names; for a house called after somebody, a common surname."""
    if label is Label.PERSON:
        return word in first_names() or word in surnames()
    return surnames().get(word, 0.0) >= HOUSE


def _others(found: Sequence[Hit], places: Sequence[Span]) -> Iterator[Hit]:
    taken = {hit.span for hit in found}
    label = Counter(hit.label for hit in found).most_common(1)[0][0]
    score = round(0.9 * sum(hit.score for hit in found) / len(found), 3)
    for span in places:
        if span not in taken:
            yield Hit(span, label, score, f"classifier:{label}")


def _guarded(said: str) -> bool:
    """Tell whether a surface identifies nobody: guarded, a role, an abbreviation also letter by letter."""
    letters = re.sub(r" and |&", "&", said.lower())
    joined = re.sub(r"[^a-z&]", "", letters).upper()
    spelled = re.fullmatch(r"(?:[a-z](?:[ .&-]+|$))+", letters) is not None
    return (
        is_guarded(said)
        or is_role(said)
        or said.upper() in ACRONYMS
        or (spelled and (joined in ACRONYMS or joined.replace("&", "") in ACRONYMS))
    )
