from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.directions import _alike, find_more_like, inconsistencies
from svp_nlp.coding.segment import passages
from svp_nlp.coding.suggest import ThemeSuggester
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import CodebookError
from svp_nlp.model import Codebook, Domain, Passage, Role, Span, Theme, Transcript, Turn

BOOK = Codebook(
    "Canteen",
    "1",
    (Domain("food", "Food"), Domain("place", "Place")),
    (
        Theme("food.price", "Price", "food", "What the meals cost, cheap or expensive."),
        Theme("place.noise", "Noise", "place", "How loud it is in the room."),
    ),
)
SAID = [
    "Thank you, I can hear you well, and yes, it is fine to record this conversation.",
    "You cannot talk there. It is so loud that everybody shouts across the tables. I bring my own lunch.",
    "The meals have become far too expensive, I paid nine euros for a bowl of soup and cannot afford it.",
    "I parked my bicycle near the gate this morning and walked along the canal for a while.",
    "The noise in the room gives me a headache, with all the trays and the shouting and the radio on.",
]


def interview(said: list[str]) -> tuple[dict[str, Transcript], tuple[Passage, ...]]:
    text, turns = "", []
    for i, words in enumerate(said):
        text += "A: "
        turns.append(
            Turn(
                i,
                Span(len(text) - 3, len(text) + len(words)),
                (Span(len(text), len(text) + len(words)),),
                role=Role.RESPONDENT,
            )
        )
        text += words + "\n"
    spoken = Transcript("B", text, tuple(turns))
    return {"B": spoken}, passages(spoken)


@pytest.fixture(scope="module")
def suggester(embedder: SentenceEmbedder) -> ThemeSuggester:
    return ThemeSuggester(BOOK, embedder)


def test_a_theme_finds_its_passages_before_all_others(suggester: ThemeSuggester) -> None:
    transcripts, cut = interview(SAID)
    found = find_more_like(suggester, "place.noise", transcripts, cut)
    assert len(found) == len(SAID)
    assert {m.passage for m in found[:2]} == {"B:2", "B:5"}
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    loud = next(m for m in found if m.passage == "B:2")
    assert [transcripts["B"][s] for s in loud.sentence] == [
        "It is so loud that everybody shouts across the tables."
    ]


def test_the_background_belongs_to_no_theme(suggester: ThemeSuggester) -> None:
    transcripts, cut = interview(SAID)
    for theme in ("food.price", "place.noise"):
        scores = {m.passage: m.score for m in find_more_like(suggester, theme, transcripts, cut)}
        assert max(scores["B:1"], scores["B:4"]) < 0.1 < max(scores.values())


def test_what_has_the_theme_already_is_left_out_and_most_is_kept_to(suggester: ThemeSuggester) -> None:
    transcripts, cut = interview(SAID)
    (found,) = find_more_like(suggester, "place.noise", transcripts, cut, most=1, leave_out={"B:2"})
    assert found.passage == "B:5"
    assert find_more_like(suggester, "place.noise", {}, ()) == ()


def test_confirmed_codings_teach_it(embedder: SentenceEmbedder) -> None:
    transcripts, cut = interview([*SAID, "The blue folder lay open on the counter when I came in at noon."])
    fresh = ThemeSuggester(BOOK, embedder)
    before = {m.passage: m.score for m in find_more_like(fresh, "place.noise", transcripts, cut)}
    fresh.fit(["The blue folder lay on the counter again.", "A blue folder, always."], [["place.noise"]] * 2)
    after = {m.passage: m.score for m in find_more_like(fresh, "place.noise", transcripts, cut)}
    assert after["B:6"] > before["B:6"]


def test_an_unknown_theme_is_refused(suggester: ThemeSuggester) -> None:
    with pytest.raises(CodebookError) as caught:
        find_more_like(suggester, "food.taste", *interview(SAID))
    assert caught.value.message == 'unknown theme "food.taste"; themes: food.price, place.noise'


def test_alike_and_coded_differently(embedder: SentenceEmbedder) -> None:
    said = [*SAID, SAID[1].replace("lunch", "sandwich"), SAID[3]]
    transcripts, cut = interview(said)
    codings = {p.id: [] for p in cut} | {"B:2": ["place.noise"], "B:3": ["food.price"]}
    (found,) = inconsistencies(transcripts, cut, codings, embedder, least=0.8)
    assert (found.first, found.second) == ("B:2", "B:6")  # B:4 and B:7 are alike too, and coded alike
    assert (found.first_themes, found.second_themes) == ({"place.noise"}, frozenset())
    assert found.likeness > 0.9


def test_what_nobody_decided_and_short_answers_are_no_inconsistency(embedder: SentenceEmbedder) -> None:
    transcripts, cut = interview([SAID[1], SAID[1], "Yes, it is loud.", "Yes, it is loud."])
    codings = {"B:1": ["place.noise"], "B:3": ["place.noise"], "B:4": []}
    assert inconsistencies(transcripts, cut, codings, embedder) == ()


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_every_pair_is_found_once(rows: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)
    found = [(i, j) for i, j, _ in _alike(vectors, 0.0)]
    expected = [(i, j) for i in range(rows) for j in range(i + 1, rows) if vectors[i] @ vectors[j] >= 0]
    assert len(found) == len(set(found))
    assert set(found) == set(expected)
