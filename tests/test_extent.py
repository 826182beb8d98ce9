"""How far a name reaches: cases of our own, in running text."""

from __future__ import annotations

import pytest

from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Analyzer
from svp_nlp.model import Label, Span
from svp_nlp.reading.files import read_text
from svp_nlp.redaction.detect import default_engine, detect
from svp_nlp.redaction.extent import parts_of, unsaid
from svp_nlp.redaction.guards import describes_people, peoples, sayings
from svp_nlp.redaction.lexicon import cities, first_names, read_list, surnames, words

PARTS = [
    ("Oakvale General in Dubuque. I", [("Oakvale General", "INSTITUTION"), ("Dubuque", "LOCATION")]),
    ("Lumbre. Ember. Because", [("Lumbre", "INSTITUTION")]),
    ("St. Odo's Hospital", [("St. Odo's Hospital", "INSTITUTION")]),
    ("J. Marwick", [("J. Marwick", "INSTITUTION")]),
    ("Haddad. Okonjo", [("Haddad", "INSTITUTION"), ("Okonjo", "INSTITUTION")]),
    ("Peace in Practice", [("Peace in Practice", "INSTITUTION")]),
]


@pytest.mark.parametrize(("said", "expected"), PARTS, ids=[said for said, _ in PARTS])
def test_a_name_ends_with_its_sentence_and_before_its_town(
    said: str, expected: list[tuple[str, str]]
) -> None:
    text = f"It was {said} and so on"
    span = Span(7, 7 + len(said))
    parts = [(text[s.start : s.end], label.value) for s, label in parts_of(text, span, Label.INSTITUTION)]
    assert parts == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Anouk Ferrante and Tomasz Blyth", ["Anouk Ferrante", "Tomasz Blyth"]),
        ("Ferrante & Desmond Okafor", ["Ferrante", "Desmond Okafor"]),
        ("Salt and Stone", ["Salt and Stone"]),
        ("Ferrante and 12", ["Ferrante and 12"]),
    ],
)
def test_people_named_in_one_breath_are_parted(said: str, expected: list[str]) -> None:
    text = f"with {said} there"
    span = Span(5, 5 + len(said))
    assert [text[s.start : s.end] for s, _ in parts_of(text, span, Label.PERSON)] == expected


def test_two_letters_that_abbreviate_are_no_initials() -> None:
    text = "We do it at M and M. Last five minutes."
    start = text.index("M. Last")
    assert [text[s.start : s.end] for s, _ in parts_of(text, Span(start, start + 7), Label.PERSON)] == ["M"]


def test_a_saying_names_nobody() -> None:
    text = "He said a Hail Mary for Mary, and for Pete's sake call Pete."
    idle = sayings(text)
    names = [i for i in range(len(text)) if text.startswith(("Mary", "Pete"), i)]
    assert [unsaid(Span(i, i + 4), idle) for i in names] == [False, True, False, True]


@pytest.mark.parametrize(
    "name", ["Armenian", "Mexicans", "Greek Catholics and the Romans", "Afro-Caribbean", "Yup'ik"]
)
def test_peoples_tongues_and_faiths_describe(name: str) -> None:
    assert describes_people(name)


@pytest.mark.parametrize("name", ["Armen", "Roman Ruiz", "Hawaii Methodist Hospital", ""])
def test_names_do_not_describe_a_people(name: str) -> None:
    assert not describes_people(name)


def test_no_common_name_or_town_is_taken_for_a_people() -> None:
    names = {w for w in peoples() if first_names().get(w, 0.0) >= 0.002 or surnames().get(w, 0.0) >= 0.004}
    assert not names
    assert not {w for w in peoples() if cities().get(w, 0) >= 15}


@pytest.fixture(scope="module")
def engine() -> Analyzer:
    return default_engine(model_path("en_core_web_md"))


TALK = """Interviewer: Where do you work?

Dolores Quist: I'm at the Haverlock Institute. The program is called Stoop. We sat on a stoop, so it's Stoop.

Interviewer: And before?

Dolores Quist: Brightmoor General in Dubuque. I left. For years nobody called, and if they did it was a
Norwegian with pierogi. Bye, she'd say. Nurse anesthetist, she was.
"""


def test_a_word_in_small_letters_is_not_the_programme_called_by_it(engine: Analyzer) -> None:
    transcript = read_text(TALK)
    (findings,) = detect([transcript], engine=engine)
    surfaces = [transcript[f.span] for f in findings]
    assert surfaces.count("Stoop") == 2
    assert "stoop" not in surfaces
    assert {"Brightmoor General", "Dubuque", "Haverlock Institute"} <= set(surfaces)
    assert not {"For", "Bye", "Nurse", "Norwegian", "I'm", "I"} & set(surfaces)


KNOWN_OTHERWISE = words(
    "ama ana ada athena slack foley whipple schwartz swan braden lord jesus santa christian english "
    "french german black white irish canada england ireland france spain holland israel india kenya asia "
    "oscar mac siri alexa honey buddy"
)
"""Names that in a hospital, or anywhere, stand for something else more often."""


def test_no_common_name_is_taken_for_a_brand() -> None:
    single = {line.lower() for line in read_list("guards.txt") if " " not in line}
    names = {w for w in single if first_names().get(w, 0.0) >= 0.002 or surnames().get(w, 0.0) >= 0.004}
    assert names <= KNOWN_OTHERWISE
