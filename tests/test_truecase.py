"""Names of ordinary words in text without capitals: cases of our own."""

from __future__ import annotations

import re

import pytest

from svp_nlp.redaction.truecase import truecased

RAISED = [
    ("i'm at copper fields medical center in the valley", ["Copper Fields Medical Center"]),
    ("she trained at silver lantern children's hospital", ["Silver Lantern Children's Hospital"]),
    ("he came over from gentle river memorial last year", ["River Memorial"]),
    ("there was a house on seventh street", ["Seventh Street"]),
    ("they came right down eighth street on horses", ["Eighth Street"]),
    ("a psychologist from qvu came by", ["Qvu"]),
    ("back at the general and then here", ["General"]),
    ("so tell me about tugboat and how tugboat is paid for", ["Tugboat"]),
]


@pytest.mark.parametrize(("text", "names"), RAISED, ids=[text for text, _ in RAISED])
def test_gives_names_of_ordinary_words_their_capitals(text: str, names: list[str]) -> None:
    raised = truecased(text)
    for name in names:
        assert name in raised


KEPT = [
    "our sister campus and the sister hospital down the road",
    "every hospital has one and another hospital has two",
    "we sat in the ambulance bay and across the street",
    "it is a teaching hospital and a community hospital",
    "go along the road and on your way call the clinic",
    "the general floor and the med surg floor",
    "a lantern is about lantern light and the lantern",
    "at home with the kids uh with um the dog",
]


@pytest.mark.parametrize("text", KEPT)
def test_leaves_common_words_small(text: str) -> None:
    assert not re.findall(r"\b[A-Z]\w*", truecased(text))


@pytest.mark.parametrize("text", [text for text, _ in RAISED] + KEPT)
def test_changes_capitals_only(text: str) -> None:
    assert truecased(text).lower() == text
