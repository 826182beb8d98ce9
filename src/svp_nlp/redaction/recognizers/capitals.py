"""Finds what stands capitalised inside a sentence and is no ordinary word, title or known abbreviation.

Why it identifies: in a transcript with normal capitals, a capital that grammar does not ask for marks a
name; this catches the names that are on no list.
Misses: names at the start of a sentence that are ordinary words; everything in text without capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from svp_nlp.model import Label, Span
from svp_nlp.redaction.guards import ACRONYMS, is_guarded
from svp_nlp.redaction.lexicon import (
    cities,
    contractions,
    first_names,
    ordinary,
    regions,
    surnames,
    word_ranks,
    words,
    world_cities,
)
from svp_nlp.redaction.recognizers.base import Found, Rules

WORD = r"[A-ZÀ-ÖØ-Þ][\w]*(?:['-](?!s\b|ll\b|d\b|re\b|ve\b|m\b)[\w]+)*(?:\.(?=[A-Z]\.|[A-Z]\b))?"
RUN = re.compile(
    rf"(?<![\w'])(?:{WORD}\.? )*?{WORD}(?: (?:(?:of|de|del|la|van|von|der|and|&|the|for) ){{0,2}}{WORD})*"
)
WORDS = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
SENTENCE_START = re.compile(r"(?:^|[^\w\s,;'&/]|\n|/|\bNOTE)\s*$")
"""What comes before a capital that grammar asks for: anything but a word, a comma or a clitic."""

NOT_NAMES = words(
    "Im Ive Id Ill Lol LOL Haha Hmmm Hmm Mmm Awww Aww Yay Mum Mums Nan Gran Granny Redacted Anonymous "
    "So An My In See Many Long Man Else Love Ok Do Be She He It Sure Ouch Wow Gosh Geez "
    "Amen Aloha Mahalo Gracias Sí Hola "
    "Adios Shalom Namaste Merci Bonjour Salud Whoa Yep Nope Yup Ha Haha Aha Ooh Ugh Phew "
    "Boy Cheers Congratulations "
    "I I'm I'd I've I'll OK Okay Oh Um Uh Yeah Yes No Mm Mhm Hmm Hm Ah Huh Wow Hey Hi "
    "Hello Bye TV AM PM Mr Mrs Ms Dr "
    "Prof Professor Doctor Sir Madam Miss Hon Rev Reverend Pastor Father Sister Nurse "
    "Mister Missus St Saint Ma'am "
    "Thanks Thank God Lord Jesus Internet Bible Earth Mom Dad Mama Grandma Grandpa Honey "
    "Aunt Uncle Officer Captain "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March "
    "April May June July August "
    "September October November December"
)


def _initial(text: str, start: int) -> bool:
    """Tell whether grammar asks for a capital at *start*: sentence, quotation, dash or turn before it."""
    return bool(SENTENCE_START.search(text[max(0, start - 6) : start])) or start == 0


def _parts(text: str) -> Iterator[tuple[Span, bool]]:
    """Yield runs of capitalised words, split at words that are no names, with "stands at a start"."""
    for match in RUN.finditer(text):
        start: int | None = None
        end = match.start()
        for word in re.finditer(WORD + r"|\b[a-z&]+\b", match[0]):
            bare = word[0].rstrip(".")
            at = match.start() + word.start()
            small = bare[:1].islower() or bare == "&"
            if bare in NOT_NAMES or bare.rstrip("s") in NOT_NAMES or _contracted(bare):
                if start is not None:
                    yield Span(start, end), False
                start = None
                continue
            if small:
                continue
            if start is None and _initial(text, at) and _opener(bare):
                continue
            start = at if start is None else start
            end = match.start() + word.end()
        if start is not None:
            yield Span(start, end), _initial(text, start)


def _contracted(word: str) -> bool:
    """Tell whether *word* is a contraction ("Y'all")."""
    return "'" in word and word.replace("'", "").lower() in contractions()


def _opener(word: str) -> bool:
    """Tell whether a word at a sentence's start needs no explanation: an ordinary word, in any form."""
    low = word.lower()
    if low in first_names() and not ordinary(low):
        return False
    return ordinary(low) or (
        low.split("'")[0] in word_ranks() and low not in surnames() and low not in cities()
    )


def _label(text: str, span: Span) -> Label:
    """Guess what a capitalised run names from its words and the word before it."""
    words = [w.lower() for w in WORDS.findall(text[span.start : span.end])]
    name = " ".join(words)
    before = text[max(0, span.start - 14) : span.start].lower()
    if words[0] in first_names() and (len(words) == 1 or words[-1] in surnames() or not ordinary(words[-1])):
        return Label.PERSON
    if name in regions() or name in cities() or name in world_cities():
        return Label.LOCATION
    if text[span.start : span.end].isupper() or re.search(r"\b(?:at|the|with|joined|left) $", before):
        return Label.INSTITUTION
    if re.search(r"\b(?:in|from|near|to|around|outside) $", before):
        return Label.LOCATION
    person = len(words) < 3 and not all(ordinary(w) for w in words)
    return Label.PERSON if person or any(w in surnames() for w in words[:1]) else Label.INSTITUTION


def _score(said: str, initial: bool) -> float:
    """Return how surely a capitalised run is a name: no ordinary word in it at all is surest."""
    words = [w for w in WORDS.findall(said) if len(w) > 1 and w[0].isupper()]
    if not words:
        return 0.0
    if all(ordinary(w) for w in words):
        return _plain_score(words, said, initial)
    if said.isupper() and len(said) <= 6:
        return 0.55 if said.lower() not in word_ranks() or len(said) <= 3 else 0.3
    if initial and len(words) == 1 and _misspelt(words[0].lower()):
        return 0.0
    return 0.6 if initial else 0.7


@cache
def _common() -> tuple[str, ...]:
    return tuple(word for word, rank in word_ranks().items() if rank < 20_000 and len(word) > 3)


@cache
def _misspelt(word: str) -> bool:
    """Tell whether a word on no list is a common word with a letter or two wrong ("Exccellent")."""
    from rapidfuzz.process import extractOne

    if word in first_names() or word in surnames() or word in cities() or len(word) < 4:
        return False
    return extractOne(word, _common(), score_cutoff=87) is not None


COMMONEST = 150
"""The first words by frequency, which are no names even with a stray capital ("But", "What", "Can")."""


def _plain_score(words: list[str], said: str, initial: bool) -> float:
    """Score a run of ordinary words: a listed first name most, one word that is none least."""
    low = said.lower()
    if initial or (word_ranks().get(low, COMMONEST) < COMMONEST and low not in first_names()):
        return 0.0
    if said.isupper():
        return 0.5 if len(said) <= 5 and word_ranks().get(said.lower(), 0) > 1000 else 0.0
    if first_names().get(words[0].lower(), 0.0) >= 0.001:
        return 0.65
    return 0.5


def _without_guarded(text: str) -> Iterator[tuple[Span, bool]]:
    """Yield the runs; one joined by "and" or "for" is parted where either side identifies nobody."""
    for span, initial in _parts(text):
        cuts = list(re.finditer(r" (?:and|for)(?: the)? ", text[span.start : span.end]))
        edges = [span.start, *(span.start + e for m in cuts for e in m.span()), span.end]
        sides = [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        if len(sides) > 1 and any(is_guarded(text[s.start : s.end]) for s in sides):
            yield from ((side, initial and side is sides[0]) for side in sides)
        else:
            yield span, initial


def find(text: str) -> Iterator[Found]:
    """Yield capitalised runs with a guess at their label; 0.5 and below wants a second witness."""
    things = _things(text)
    for span, initial in _without_guarded(text):
        said = text[span.start : span.end]
        if is_guarded(said) or said in ACRONYMS or said.lower() in things:
            continue
        score = _score(said, initial)
        if score and not _named_before(text, span):
            yield _with_possessive(text, span), _label(text, span), score


A_THING = re.compile(
    r"\b(?:an?|another|every|each|any|some|one|actual|new|old) (?:(?:actual|new|old|good|big|little|real) )?"
    r"(?P<word>[A-Z][a-z]+)(?=[.,;:?!)]|$| [a-z])(?! (?:man|woman|boy|girl|guy|kid|grad|alum)\b)"
)
"""A capitalised word counted like a thing ("a Ford", "another Sherpa"); a person's name is not."""


def _things(text: str) -> frozenset[str]:
    """Return dictionary words that the transcript counts like things, lower-cased; no first names."""
    said = {match["word"].lower() for match in A_THING.finditer(text)}
    return frozenset(w for w in said if w in word_ranks() and first_names().get(w, 0.0) < 0.01)


def _named_before(text: str, span: Span) -> bool:
    """Tell whether the word before makes a known phrase of it ("Code Gray")."""
    before = re.search(r"([A-Z]\w+) $", text[max(0, span.start - 20) : span.start])
    return before is not None and is_guarded(f"{before[1]} {text[span.start : span.end]}")


POSSESSIVE = re.compile(
    r"'s(?=[.,;?!]|$|\n| (?:or|and|to|for|in|when|where|that|because|they|we|is|was|has)\b)"
)
TO_A_PLACE = re.compile(r"\b(?:to|at|from|over at|over to) $")


def _with_possessive(text: str, span: Span) -> Span:
    """Keep the 's of a place called by its saint or founder ("they fly to Queen's or ...")."""
    if POSSESSIVE.match(text, span.end) and TO_A_PLACE.search(text[max(0, span.start - 10) : span.start]):
        return Span(span.start, span.end + 2)
    return span


CAPITALS = Rules("capitals", find)
"""The capital rule as a recognizer."""
