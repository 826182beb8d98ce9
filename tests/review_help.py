"""Small studies for the tests of the review, built by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from svp_nlp.model import (
    Codebook,
    Domain,
    Exemplar,
    Finding,
    Label,
    Passage,
    Reason,
    Role,
    Span,
    Status,
    Suggestion,
    Suggestions,
    Theme,
    Transcript,
    Turn,
)
from svp_nlp.review.decisions import Decision
from svp_nlp.review.identifiers import IdentifierDesk, IdentifierMaterial
from svp_nlp.review.session import CodingDesk, CodingMaterial
from svp_nlp.review.store import DecisionLog

EXAMPLE = Exemplar("I lay awake", "C page 8")
BOOK = Codebook(
    "A small codebook",
    "1",
    (Domain("need", "Need"), Domain("ways", "Ways")),
    (
        Theme("need.sleep", "Sleepless", "need", "Nights awake.", ("nights",), ("naps",), (EXAMPLE,)),
        Theme("need.fear", "Fear", "need", "Being afraid."),
        Theme("ways.peers", "Peers", "ways", "Colleagues help."),
        Theme("ways.talk", "Talking", "ways", "Talking helps."),
        Theme("ways.rest", "Rest", "ways", "Time off helps."),
    ),
)  # fmt: skip
THEMES = [theme.id for theme in BOOK.themes]
SAID = (
    "I lay awake for weeks 😴 and nobody asked.",
    "My colleague [PERSON 2] talked to me, that helped a lot.",
    "It was Tuesday.",
    'She said "=2+2 is שלום" and I was afraid of the 👩‍👩‍👧 family.',
    "We all took a day off afterwards.",
    "Nothing much, really.",
)


def interview(said: Sequence[str], id: str = "B") -> Transcript:
    """Return a transcript in which "Q?" is asked before everything said."""
    text, turns = "", []
    for line in said:
        for role, words in ((Role.INTERVIEWER, "And how was it then?"), (Role.RESPONDENT, line)):
            span = Span(len(text), len(text) + len(words))
            turns.append(Turn(len(turns), span, (span,), role=role))
            text += words + "\n"
    return Transcript(id, text, tuple(turns))


def passages_of(transcript: Transcript) -> list[Passage]:
    """Return every turn as a passage, answers with their question."""
    turns = transcript.turns
    return [
        Passage(
            f"{transcript.id}:{t.index + 1}", transcript.id, t.index, t.speech,
            turns[t.index - 1].speech if t.role is Role.RESPONDENT else (), t.role,
        )
        for t in turns
    ]  # fmt: skip


def suggested(passage: str, *themes: str, abstained: bool = False) -> Suggestions:
    """Return suggestions with falling scores."""
    ranked = tuple(
        Suggestion(theme, theme.split(".")[0], 0.771 - n / 5, Reason("An example of it", "C page 1"))
        for n, theme in enumerate(themes)
    )
    return Suggestions(passage, 0.1 if abstained else 0.9, ranked, abstained)


def coding_material(said: Sequence[str] = SAID, **more: object) -> CodingMaterial:
    """Return a study of one interview; every third answer gets no suggestion."""
    transcript = interview(said)
    passages = passages_of(transcript)
    dice = random.Random(7)
    made = {p.id: suggested(p.id, *dice.sample(THEMES, 3), abstained=p.turn % 6 == 5) for p in passages}
    given: dict[str, object] = {
        "study": "study-1",
        "title": "A small study",
        "codebook": BOOK,
        "transcripts": {transcript.id: transcript},
        "passages": passages,
        "suggestions": made,
        "model": "model@1",
    }
    return CodingMaterial(**{**given, **more})  # type: ignore[arg-type]


def coding_desk(where: Path, said: Sequence[str] = SAID, coder: str = "", **more: object) -> CodingDesk:
    """Return a desk for that study whose record lies at *where*."""
    material = coding_material(said, **more)
    return CodingDesk(material, DecisionLog(where, material.study), coder)


@dataclass(frozen=True)
class Named:
    """A name in the sources of the redaction study."""

    words: str
    label: Label
    entity: str
    asked: bool


NAMES = (
    Named("Ann Bell", Label.PERSON, "PERSON 1", False),
    Named("the General", Label.INSTITUTION, "INSTITUTION G", True),
    Named("Foley", Label.PERSON, "PERSON 2", True),
    Named("Tuesday", Label.DATE, "DATE 1", True),
)
TOLD = (
    "Ann Bell runs it at the General.",
    "We met on Tuesday, and Dr. Foley came over from the General 🏥 too.",
    "Everybody at the General knows Zebulon.",
)


def identifier_material(check: object = lambda before, new: None) -> IdentifierMaterial:
    """Return a study of one source with the names of NAMES found in it; "Zebulon" was missed."""
    transcript = interview(TOLD)
    found = []
    for name in NAMES:
        at = transcript.text.find(name.words)
        while at >= 0:
            status = Status.REVIEW if name.asked else Status.REDACTED
            span = Span(at, at + len(name.words))
            found.append(
                Finding(span, name.label, 0.5 if name.asked else 0.9, name.entity, ("test",), status)
            )
            at = transcript.text.find(name.words, at + 1)
    return IdentifierMaterial("study-1", "A small study", {"B": transcript}, {"B": found}, check)  # type: ignore[arg-type]


def identifier_desk(where: Path, **more: object) -> IdentifierDesk:
    """Return the desk of the redaction review of that study."""
    return IdentifierDesk(identifier_material(**more), DecisionLog(where, "study-1"))


def kept(desk: CodingDesk | IdentifierDesk) -> list[Decision]:
    """Return what is in the record."""
    return list(desk.journal.log.read())
