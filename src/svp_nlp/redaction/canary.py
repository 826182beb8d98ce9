"""Canaries: invented identifiers planted into real transcripts, to see which get through.

Gold markup measures detection on other people's texts; canaries measure it on the study's own, without
anybody marking them. They are planted into copies only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from svp_nlp.model import Finding, Label, Role, Span, Status, Transcript, Turn
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.lexicon import cities, first_names, surnames
from svp_nlp.redaction.spoken import MONTH_NAMES, in_words
from svp_nlp.redaction.words import everyday, fold

Detect = Callable[[Sequence[Transcript]], Sequence[Sequence[Finding]]]

# What people say around identifiers; {} is the identifier. Written for this purpose, none is from a study.
_SENTENCES: Mapping[Label, tuple[str, ...]] = {
    Label.PERSON: (
        "And {} was on with me that night.",
        "I went and asked {} about it.",
        "It was {} who called the family.",
    ),
    Label.INSTITUTION: (
        "Before that I was at {} for a while.",
        "They do it that way over at {} too.",
        "She had trained at {}, I think.",
    ),
    Label.LOCATION: ("I grew up near {}.", "We drove down from {} that morning.", "Her people are in {}."),
    Label.DATE: ("That was on {}.", "We went live {}, more or less.", "He died {}, early."),
    Label.DATE_YEAR: ("It must have been {}.", "I started there in {}.", "Back in {} nobody spoke of it."),
    Label.CONTACT: ("You can reach me at {}.", "My number is {}, any time.", "Call {} and ask for the desk."),
    Label.ID: ("The record number was {}.", "It is case number {}.", "The MRN, that was {}."),
    Label.AGE: ("She was {} years old.", "A {}-year-old, otherwise well.", "He had just turned {}."),
}
_KINDS = ("Hospital", "Medical Center", "Regional Hospital", "Clinic", "University", "Children's Hospital")


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy of a transcript with canaries, and where they sit."""

    transcript: Transcript
    canaries: tuple[Finding, ...]


@dataclass(frozen=True)
class CanaryReport:
    """How many canaries were planted and how many were found, by label; what got through, by position."""

    planted: Mapping[Label, int]
    found: Mapping[Label, int]
    through: tuple[tuple[str, Finding], ...] = field(repr=False)

    @property
    def recall(self) -> float:
        """Share of the canaries that were found whole."""
        planted = sum(self.planted.values())
        return sum(self.found.values()) / planted if planted else 1.0

    def table(self) -> str:
        """Return planted and found by label as lines of text."""
        rows = [f"{label.value:12} {self.found.get(label, 0):5d} of {n}" for label, n in self.planted.items()]
        return "\n".join(rows)


def plant(transcript: Transcript, ledger: Ledger, *, each: int = 1, seed: str = "") -> Planted:
    """Return a copy of *transcript* with *each* invented identifiers of every label said at ends of turns.

    The names come from census lists and never are those of *ledger*. Half of the years and ages are in
    words, half of the institutions go by their short name. The same seed plants the same.
    """
    chance = random.Random(f"{seed}:{transcript.sha256}")  # noqa: S311 (no secret)
    taken = {word for e in ledger for s in e.variants for word in fold(s).split()}
    # In a transcript without capitals a capital would give the canary away.
    plain = sum(map(str.isupper, transcript.text)) < 0.008 * len(transcript)
    labels = [label for label in _SENTENCES for _ in range(each)]
    chance.shuffle(labels)
    turns = [t for t in transcript.turns if t.speech and t.role is not Role.INTERVIEWER]
    places = sorted(chance.choice(turns).speech[-1].end if turns else len(transcript) for _ in labels)
    text, at, canaries, moves = "", 0, [], []
    for place, label in zip(places, labels, strict=True):
        words = _invented(label, chance, taken)
        before, after = chance.choice(_SENTENCES[label]).split("{}")
        if plain:
            before, words, after = before.lower(), words.lower(), after.rstrip(".").lower()
        text += transcript.text[at:place]
        start = len(text) + 1 + len(before)
        text += f" {before}{words}{after}"
        canaries.append(Finding(Span(start, start + len(words)), label))
        moves.append((place, 1 + len(before) + len(words) + len(after)))
        at = place
    return Planted(_grown(transcript, text + transcript.text[at:], moves), tuple(canaries))


def _grown(transcript: Transcript, text: str, moves: Sequence[tuple[int, int]]) -> Transcript:
    """Return *transcript* with the longer text; what ends where a canary begins takes it in."""

    def at(position: int, *, end: bool) -> int:
        return position + sum(n for place, n in moves if place < position or (end and place == position))

    def spoken(span: Span) -> Span:
        return Span(at(span.start, end=False), at(span.end, end=True))

    def other(span: Span) -> Span:
        start = at(span.start, end=True)
        return Span(start, max(start, at(span.end, end=False)))

    def turn(old: Turn) -> Turn:
        label = None if old.label is None else other(old.label)
        return replace(old, span=spoken(old.span), speech=tuple(map(spoken, old.speech)), label=label)

    return replace(
        transcript,
        text=text,
        turns=tuple(map(turn, transcript.turns)),
        furniture=tuple(map(other, transcript.furniture)),
        page_starts=tuple(at(p, end=True) for p in transcript.page_starts),
    )


def _invented(label: Label, chance: random.Random, taken: set[str]) -> str:
    if label is Label.PERSON:
        first, last = _name("first", chance, taken), _name("last", chance, taken)
        return chance.choice([f"{first} {last}", first, last])
    if label is Label.INSTITUTION:
        name = _name("last", chance, taken)
        return name if chance.random() < 0.5 else f"{name} {chance.choice(_KINDS)}"
    if label is Label.LOCATION:
        return _name("city", chance, taken)
    if label is Label.DATE:
        return f"{chance.choice(MONTH_NAMES)} {chance.randint(1, 28)}, {chance.randint(2005, 2019)}"
    if label is Label.DATE_YEAR:
        year = chance.randint(1985, 2019)
        century = "nineteen" if year < 2000 else "two thousand and" if year < 2010 else "twenty"
        return str(year) if chance.random() < 0.5 or year == 2000 else f"{century} {in_words(year % 100)}"
    if label is Label.CONTACT:
        # 555-01xx is kept free of subscribers for fiction.
        return f"{chance.randint(201, 989)}-555-01{chance.randint(10, 99)}"
    if label is Label.ID:
        return str(chance.randint(100_000, 9_999_999))
    age = chance.randint(19, 95)
    return str(age) if chance.random() < 0.5 else in_words(age)


@cache
def _pool(kind: str) -> tuple[str, ...]:
    """Return the names of a kind that are no everyday words, in a fixed order."""
    names = first_names() if kind == "first" else surnames() if kind == "last" else cities()
    alone = sorted(n for n in names if n.replace(" ", "").isalpha())
    return tuple(" ".join(map(str.capitalize, n.split())) for n in alone if not everyday(n, person=True))


def _name(kind: str, chance: random.Random, taken: set[str]) -> str:
    while not taken.isdisjoint(fold(name := chance.choice(_pool(kind))).split()):
        pass
    return name


def canaries_through(
    transcripts: Sequence[Transcript], detect: Detect, ledger: Ledger, *, each: int = 1, seed: str = ""
) -> CanaryReport:
    """Plant canaries into copies of *transcripts*, run *detect* over them, and report what got through.

    A canary counts as found when all its letters and figures are covered by findings that would be replaced.
    """
    planted = [plant(t, ledger, each=each, seed=seed) for t in transcripts]
    found = detect([p.transcript for p in planted])
    through = [
        (p.transcript.id, c)
        for p, row in zip(planted, found, strict=True)
        for c in p.canaries
        if not _covered(p.transcript, c.span, row)
    ]
    total = Counter(c.label for p in planted for c in p.canaries)
    missed = Counter(c.label for _, c in through)
    counts = {label: total[label] for label in Label if total[label]}
    return CanaryReport(counts, {k: n - missed[k] for k, n in counts.items()}, tuple(through))


def _covered(transcript: Transcript, span: Span, findings: Sequence[Finding]) -> bool:
    covers = [f.span for f in findings if f.status is not Status.KEPT and f.span.overlaps(span)]
    return all(
        any(c.start <= i < c.end for c in covers)
        for i in range(span.start, span.end)
        if transcript.text[i].isalnum()
    )
