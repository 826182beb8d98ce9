"""When two surfaces name the same person, institution, place or number.

A likeness is 3 (the same words, or a part of the full name), 2 (a short form, initials), 1 (misheard, cut
short) or 0. Which likeness is enough where is decided by `link`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from svp_nlp.model import Label
from svp_nlp.redaction.lexicon import short_forms
from svp_nlp.redaction.words import (
    bare_name,
    everyday,
    fold,
    is_sounded,
    is_spelled,
    sounded_alike,
    sounds_like,
)

_STOP = frozenset({"the", "of", "at", "and", "for", "in", "a", "an", "on", "de", "la"})
_CARE = frozenset(
    {"hospital", "hospitals", "medical", "clinic", "clinics", "infirmary", "hospice", "health", "healthcare"}
)
_KINDS = (
    "medicine center centre centers university universities college system systems school schools institute "
    "foundation regional general community children childrens memorial network main campus department "
    "division tower building pavilion house fund unit program programme team group agency company service"
)
HEADS = _CARE | frozenset(_KINDS.split())
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {word: str(i) for i, word in enumerate(_NUMBERS)} | {"oh": "0", "o": "0"}


@dataclass(frozen=True)
class Name:
    """A surface prepared for comparison."""

    surface: str = field(repr=False)
    label: Label

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Its words, folded, without titles, degrees and possessives; a spelled word is put together."""
        text = self.surface
        if is_spelled(text):
            return ("".join(c for c in fold(text) if c.isalnum()),)
        if is_sounded(text):
            return (fold(text).replace("-", ""),)
        if self.label is Label.PERSON:
            text = bare_name(text)
        words = re.findall(r"[^\W_]+(?:['.-][^\W_]+)*", re.sub(r"'s\b", "", fold(text)))
        if self.label is Label.INSTITUTION:
            words = [w for word in words for w in word.replace("'", "").split("-")]
            words = ["saint" if w == "st" else w for w in words if w not in _STOP] or words
        return tuple(words)

    @cached_property
    def heads(self) -> frozenset[str]:
        """The words that say what kind of institution it is."""
        return frozenset(self.tokens) & HEADS if self.core != self.tokens else frozenset()

    @cached_property
    def core(self) -> tuple[str, ...]:
        """The words that tell the institution from others of its kind; all words if there are none."""
        return tuple(t for t in self.tokens if t not in HEADS) or self.tokens

    @property
    def is_care(self) -> bool:
        """Whether the name says hospital, clinic or the like."""
        return not _CARE.isdisjoint(self.tokens)

    @property
    def is_initials(self) -> bool:
        """Whether it is two to four capitals, with or without points ("RM", "J.T.")."""
        letters = self.surface.replace(".", "").replace(" ", "")
        return 2 <= len(letters) <= 4 and letters.isalpha() and letters.isupper()

    @cached_property
    def initials(self) -> frozenset[str]:
        """The initials of a full name: of all words, of first and last, hyphened names whole or by part."""
        whole = [t[0] for t in self.tokens if t]
        split = [p[0] for t in self.tokens for p in t.split("-") if p]
        found = {"".join(whole), "".join(split), whole[0] + whole[-1]} if whole else set()
        return frozenset(f for f in found if len(f) > 1)

    @cached_property
    def parts(self) -> frozenset[str]:
        """Each word, and the halves of hyphened ones."""
        return frozenset(p for t in self.tokens for p in (t, *t.split("-"), t.replace("-", "")) if p)

    @property
    def is_full(self) -> bool:
        """Whether it says enough to be the same thing in another transcript."""
        if self.label is Label.PERSON:
            return len(self.tokens) > 1
        if len(self.tokens) > 1:
            return self.core != self.tokens or not all(t in HEADS for t in self.tokens)
        # "RISE" is a name wherever it stands, "rise" says nothing.
        shouted = self.surface.isupper() and len(self.surface) > 2
        return shouted or not all(everyday(t, person=False) for t in self.tokens)

    @property
    def key(self) -> str:
        """What two surfaces of a place, date or number have in common if they are the same."""
        words = re.findall(r"[^\W_]+", fold(self.surface))
        if self.label not in (Label.CONTACT, Label.ID):
            return " ".join(words)
        joined = "".join(DIGITS.get(w, w) for w in words)
        digits = "".join(c for c in joined if c.isdigit())
        return digits if len(digits) >= 7 else joined

    @property
    def is_local(self) -> bool:
        """Whether the same words in another transcript are likely to mean something else."""
        short = sum(c.isdigit() for c in self.key) < 5
        return self.label is Label.AGE or (self.label is Label.ID and short)


def likeness(one: Name, other: Name) -> int:
    """Return how surely two surfaces of one label name the same: 3, 2, 1 or 0."""
    if one.label is Label.PERSON:
        return _persons(one, other)
    if one.label is Label.INSTITUTION:
        return _institutions(one, other)
    return 3 if one.key == other.key else 0


def _persons(one: Name, other: Name) -> int:
    if not one.tokens or not other.tokens:
        return 0
    if one.tokens == other.tokens:
        return 3
    if len(one.tokens) > len(other.tokens):
        one, other = other, one
    if len(one.tokens) > 1:
        return _full_names(one.tokens, other.tokens)
    if len(other.tokens) > 1:
        return max(_part(one, other), default=0)
    return _single(one, other)


def _single(one: Name, other: Name) -> int:
    a, b = one.tokens[0], other.tokens[0]
    if (is_spelled(one.surface) and _piece(a, b)) or (is_spelled(other.surface) and _piece(b, a)):
        return 2
    sounded = (is_sounded(one.surface) or is_sounded(other.surface)) and sounded_alike(a, b)
    return max(_short(a, b), _short(b, a), int(sounded or sounds_like(a, b)))


def _piece(letters: str, word: str) -> bool:
    """Tell whether spelled *letters* are a piece of *word*: names are spelled in chunks ("K-O-W, A-L-S")."""
    return 2 < len(letters) < len(word) and letters in word


def _full_names(short: tuple[str, ...], long: tuple[str, ...]) -> int:
    """Compare two names of two and more words, the shorter first."""
    if short[0] == long[0] and set(short) <= set(long):
        return 3
    family = _family(short[-1], long[-1])
    given = 3 if short[0] == long[0] else _given(short[0], long[0])
    return min(family, given) if max(family, given) == 3 else 0


def _family(one: str, other: str) -> int:
    if one == other or {p for p in one.split("-") if len(p) > 2} & set(other.split("-")):
        return 3
    return 1 if sounds_like(one, other) else 0


def _given(one: str, other: str) -> int:
    if 1 in (len(one), len(other)):
        return 2 if one[0] == other[0] else 0
    return max(_short(one, other), _short(other, one))


def _part(single: Name, full: Name) -> Iterator[int]:
    """Yield the ways in which one word may stand for a full name."""
    word = single.tokens[0]
    letters = word.replace(".", "")
    if single.is_initials and letters in full.initials:
        yield 3
    if len(letters) == 1:
        yield 2 if single.surface.strip(". ").isupper() and letters == full.tokens[-1][0] else 0
        return
    if word in full.parts:
        yield 3
    yield _short(word, full.tokens[0])
    if is_spelled(single.surface) and any(_piece(word, p) for p in full.parts):
        yield 2
    if any(sounds_like(word, p) for p in full.parts):
        yield 1
    if is_sounded(single.surface) and any(sounded_alike(word, p) for p in full.parts):
        yield 1
    if len(word) > 5 and any(len(p) > 4 and p in word for p in full.parts):
        yield 1


def _short(word: str, given: str) -> int:
    """Tell whether *word* is a short form of the name *given*: 2 by the list, 1 by its shape."""
    if word in short_forms(given):
        return 2
    if 3 <= len(word) < len(given) and (given.startswith(word) or (len(word) > 3 and given.endswith(word))):
        return 1
    # Margo for Marguerite: all but the ending, where the ending is one that short forms have.
    cut = re.sub(r"(ie|y|i|o|ey)$", "", word)
    return 1 if cut != word and len(cut) >= 3 and len(given) > len(word) + 1 and given.startswith(cut) else 0


def _institutions(one: Name, other: Name) -> int:
    if not one.tokens or not other.tokens:
        return 0
    if one.tokens == other.tokens:
        return 3
    if one.core == other.core and (one.heads <= other.heads or other.heads <= one.heads):
        return 3
    short, long = sorted((one, other), key=lambda n: len(n.tokens))
    if short.is_initials or is_spelled(short.surface):
        if _acronym(short, long):
            return 3
        return 0
    if set(short.tokens) < set(long.tokens) and not short.heads:
        return 2
    joined, whole = " ".join(short.core), " ".join(long.core)
    same_kind = short.heads == long.heads or not short.heads
    return 1 if same_kind and sounds_like(joined.replace(" ", ""), whole.replace(" ", "")) else 0


def _acronym(short: Name, long: Name) -> bool:
    letters = "".join(short.tokens).replace(".", "")
    with_stops = re.findall(r"[^\W_]+", fold(long.surface))
    rows = (long.tokens, with_stops, [w for w in with_stops if w != "the"], long.core)
    return any(len(row) > 1 and letters == "".join(w[0] for w in row) for row in rows)
