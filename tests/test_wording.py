"""How messages put things."""

from __future__ import annotations

import pytest

from svp_nlp.wording import article, plural


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ("entity",), "1 entity"),
        (2, ("entity",), "2 entities"),
        (0, ("place",), "0 places"),
        (1_250, ("known surface",), "1,250 known surfaces"),
        (2, ("survey",), "2 surveys"),
        (1, ("finding waits", "findings wait"), "1 finding waits"),
        (3, ("finding waits", "findings wait"), "3 findings wait"),
    ],
)
def test_a_noun_follows_its_number(count: int, words: tuple[str, ...], said: str) -> None:
    assert plural(count, *words) == said


@pytest.mark.parametrize(
    ("label", "said"), [("PERSON", "a PERSON"), ("INSTITUTION", "an INSTITUTION"), ("AGE", "an AGE")]
)
def test_a_label_has_its_article(label: str, said: str) -> None:
    assert article(label) == said
