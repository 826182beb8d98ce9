from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.abstain import conformal_threshold
from svp_nlp.coding.codebook import founding_codebook
from svp_nlp.coding.learn import Examples, Likeness
from svp_nlp.coding.rank import Centre, CodebookRanker, Material, unit
from svp_nlp.coding.suggest import ThemeSuggester
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import CodebookError
from svp_nlp.model import Codebook, Domain, Suggestions, Theme

BOOK = Codebook(
    "Ward",
    "1",
    (Domain("d", "D"),),
    (
        Theme("d.a", "Handover", "d", "Passing on information at the change of shift."),
        Theme("d.b", "Equipment", "d", "Devices and materials on the ward."),
        Theme("d.c", "Rest", "d", "Breaks and sleep."),
    ),
)
FOUNDING = founding_codebook()
# The team uses "the blue folder" for handover, which no codebook text tells.
TOLD = [
    "The blue folder was empty again this morning and I started blind.",
    "Whoever wrote the blue folder left out two patients.",
    "I read the blue folder twice and still had questions for the night nurse.",
    "Nobody updates the blue folder after six.",
]
NEW = "When I came in the blue folder lay there with yesterday's pages."


def score(made: Suggestions, theme: str) -> float:
    return next(s.score for s in made if s.theme == theme)


@pytest.fixture
def suggester(embedder: SentenceEmbedder) -> ThemeSuggester:
    return ThemeSuggester(BOOK, embedder)


def test_confirmed_codings_teach_the_teams_own_words(suggester: ThemeSuggester) -> None:
    (before,) = suggester.suggest([NEW])
    (after,) = suggester.fit(TOLD, [["d.a"]] * 4).suggest([NEW])
    assert after[0].theme == "d.a"
    assert score(after, "d.a") > score(before, "d.a")


def test_confirmed_texts_become_exemplars_with_their_citation(suggester: ThemeSuggester) -> None:
    suggester.fit(TOLD, [["d.a"]] * 4, citations=[f"B page {i}" for i in range(4)])
    (made,) = suggester.suggest([TOLD[1]])
    assert (made[0].because.exemplar, made[0].because.source) == (TOLD[1], "B page 1")


def test_each_fit_starts_anew(suggester: ThemeSuggester) -> None:
    fresh = suggester.suggest([NEW])
    taught = suggester.fit(TOLD, [["d.b"]] * 4).suggest([NEW])
    again = suggester.fit(TOLD, [["d.a"]] * 4).suggest([NEW])
    assert taught[0][0].theme == "d.b"
    assert again[0][0].theme == "d.a"
    assert suggester.fit([], []).suggest([NEW]) == fresh


def test_a_text_may_have_two_themes(suggester: ThemeSuggester) -> None:
    (made,) = suggester.fit(TOLD, [["d.a", "d.c"]] * 4).suggest([NEW])
    assert {s.theme for s in made.ranked[:2]} == {"d.a", "d.c"}


def test_what_is_common_is_suggested_more(suggester: ThemeSuggester) -> None:
    text = "Something was missing."
    texts = [f"{text} It was number {i}." for i in range(12)]
    rare = suggester.fit(texts, [["d.a"]] * 3 + [["d.b"]] * 9).suggest([text])
    common = suggester.fit(texts, [["d.a"]] * 9 + [["d.b"]] * 3).suggest([text])
    assert score(common[0], "d.a") > score(rare[0], "d.a")


def test_uncoded_passages_teach_when_to_say_none(suggester: ThemeSuggester) -> None:
    kept = [
        f"{t} That was on day {i}, and it went on like this for the whole week."
        for i in range(4)
        for t in TOLD
    ]
    left = [
        f"I have parked my bicycle near gate {i} and then walked by the canal for a while." for i in range(16)
    ]
    suggester.fit(kept + left, [["d.a"]] * 16 + [[]] * 16)
    told, walked = suggester.suggest(["The blue folder is lost again.", "I walked along the canal to work."])
    assert told.coded > walked.coded
    assert walked.abstained


def test_only_nones_confirmed(suggester: ThemeSuggester) -> None:
    (made,) = suggester.fit(TOLD, [[]] * 4).suggest([NEW])
    assert len(made) == 3


def test_two_themes_only(embedder: SentenceEmbedder) -> None:
    two = Codebook("Ward", "1", BOOK.domains, BOOK.themes[:2])
    (made,) = ThemeSuggester(two, embedder).fit(TOLD, [["d.a"]] * 4).suggest([NEW])
    assert made[0].theme == "d.a"
    assert made[0].score > made[1].score


def test_one_theme_only(embedder: SentenceEmbedder) -> None:
    one = Codebook("Ward", "1", BOOK.domains, BOOK.themes[:1])
    (made,) = ThemeSuggester(one, embedder).fit(TOLD, [["d.a"]] * 4).suggest([NEW])
    assert [s.theme for s in made] == ["d.a"]


def test_an_unknown_theme_is_refused_without_its_text(suggester: ThemeSuggester) -> None:
    with pytest.raises(CodebookError) as caught:
        suggester.fit(TOLD, [["d.a"], ["d.x"], [], []])
    assert caught.value.message == 'unknown theme "d.x" in coding 2; themes: d.a, d.b, d.c'


def test_texts_and_codings_must_match(suggester: ThemeSuggester) -> None:
    with pytest.raises(CodebookError) as caught:
        suggester.fit(TOLD, [["d.a"]])
    assert caught.value.message == "4 texts and 1 codings; one coding a text was expected"


def comments(shared: Path, count: int) -> tuple[list[str], list[list[str]]]:
    """Return comments of patients, and for each the founding themes that stand for its commonest codes."""
    with (shared / "coding" / "nhs" / "units.csv").open(encoding="utf-8", newline="") as stream:
        found = [(row["text"], json.loads(row["codes"])) for row in csv.DictReader(stream)]
    common = Counter(code for _, codes in found for code in codes).most_common(15)
    stands_for = {code: theme.id for (code, _), theme in zip(common, FOUNDING.themes, strict=True)}
    chosen = [(text, [stands_for[c] for c in codes if c in stands_for]) for text, codes in found[:count]]
    return [text for text, _ in chosen], [codes for _, codes in chosen]


def test_refitting_a_thousand_comments_over_fifteen_themes_takes_under_two_seconds(
    embedder: SentenceEmbedder, shared: Path
) -> None:
    texts, codings = comments(shared, 1000)
    assert sum(map(bool, codings)) > 700
    suggester = ThemeSuggester(FOUNDING, embedder)
    suggester.fit(texts, codings)  # fills the embedding cache
    # Processor time: the wall clock would also count what else the machine does.
    start = time.process_time()
    suggester.fit(texts, codings)
    assert time.process_time() - start < 2


def told(count: int) -> tuple[list[str], list[list[str]]]:
    """Return confirmed texts enough for the study's other passages to teach too, two themes by turns."""
    about = ("The blue folder of the night shift was", "The old pump by the window was")
    texts = [f"{about[i % 2]} missing on day {i}, so we had to look for it again." for i in range(count)]
    return texts, [["d.a"] if i % 2 == 0 else ["d.b"] for i in range(count)]


def test_undecided_passages_teach_too(suggester: ThemeSuggester) -> None:
    texts, codings = told(48)
    others = [f"The blue folder was late in week {i}." for i in range(30)]
    suggester.fit(texts, codings)
    made = suggester.suggest([*others, "The pump leaks."])
    assert all(m[0].theme == "d.a" for m in made[:-1])
    assert made[-1][0].theme == "d.b"
    assert all(0 < s.score < 1 for m in made for s in m.ranked)
    assert suggester.suggest([*others, "The pump leaks."]) == made


def test_where_everything_was_given_a_theme_no_passage_counts_less(suggester: ThemeSuggester) -> None:
    texts, codings = told(48)
    others = Material.of(
        [f"The blue folder was late in week {i}." for i in range(30)], None, suggester.embedder
    )
    hardly = np.linspace(0.01, 0.9, 30)

    def themes(likely: np.ndarray | None, nones: int) -> np.ndarray:
        suggester.fit(texts + ["I walked home."] * nones, codings + [[]] * nones)
        assert suggester.learner is not None
        return suggester.learner.themes(others, others, likely)

    assert np.array_equal(themes(hardly, 0), themes(None, 0))
    assert not np.array_equal(themes(hardly, 8), themes(None, 8))


class LastLayer:
    """An embedder of somebody's own, which gives one vector a text."""

    name = "own"

    def __init__(self, embedder: SentenceEmbedder) -> None:
        self.embedder = embedder

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return self.embedder(texts)


def test_examples_are_compared_by_both_layers(embedder: SentenceEmbedder) -> None:
    ranker = CodebookRanker(BOOK, embedder)
    material = Material.of(TOLD, None, embedder)
    centre = Centre.of(material, ranker)
    joined = centre.answers_in_layers(material)
    last, inner = embedder.layers(TOLD)
    cosines = [unit(m - c) @ unit(m - c).T for m, c in ((last, centre.answer), (inner, centre.inner))]
    assert np.allclose(joined @ joined.T, (cosines[0] + cosines[1]) / 2, atol=1e-6)
    assert not np.allclose(cosines[0], cosines[1], atol=0.05)


def test_words_no_example_has_make_a_text_less_like_the_examples(embedder: SentenceEmbedder) -> None:
    ranker = CodebookRanker(BOOK, embedder)
    likeness = Likeness(Examples.of(ranker))
    material = Material.of(["Equipment.", "Equipment, zebras, violins and quicksand."], None, embedder)
    level = replace(material, vectors=material.vectors * 0, inner=material.inner * 0)
    nowhere = Centre(*(np.zeros(384, dtype=np.float32),) * 4)
    short, long = likeness.of(level, nowhere).answers
    label = [p.text for p in ranker.pieces].index("Equipment")
    assert 0 < long[label] < 0.6 * short[label]


def test_texts_are_seen_from_where_the_confirmed_ones_are(suggester: ThemeSuggester) -> None:
    suggester.fit(TOLD, [["d.a"]] * 4)
    assert suggester.learner is not None
    learner, one = suggester.learner, Material.of([NEW], None, suggester.embedder)
    assert learner.by_example(one, Centre.of(one, learner.ranker)).answers.argmax() == 0
    learner.voices = replace(learner.voices, examples=1e6, sharpness=1e-6)  # they alone decide
    alone, beside = (
        learner.themes(one, Material.of(study, None, suggester.embedder))
        for study in ([NEW], [NEW, "The pump is broken.", "I slept badly."])
    )
    assert np.allclose(alone, beside, atol=1e-4)


def test_an_embedder_of_one_layer_is_enough(embedder: SentenceEmbedder) -> None:
    (made,) = ThemeSuggester(BOOK, LastLayer(embedder)).fit(TOLD, [["d.a"]] * 4).suggest([NEW])
    assert made[0].theme == "d.a"
    material = Material.of(TOLD, None, LastLayer(embedder))
    centre = Centre.of(material, CodebookRanker(BOOK, LastLayer(embedder)))
    joined = centre.answers_in_layers(material)
    assert np.allclose(joined @ joined.T, centre.answers(material) @ centre.answers(material).T, atol=1e-6)


def test_a_study_all_decided_is_still_ranked(suggester: ThemeSuggester) -> None:
    texts, codings = told(48)
    made = suggester.fit(texts, codings).suggest(texts[:4])
    assert [m[0].theme for m in made] == ["d.a", "d.b", "d.a", "d.b"]


def test_suggesting_for_a_thousand_passages_learns_in_under_two_seconds(suggester: ThemeSuggester) -> None:
    texts, codings = told(200)
    suggester.fit(texts, codings)
    passages = [f"The blue folder, or the pump, was gone in week {i}." for i in range(1000)]
    suggester.suggest(passages)  # fills the embedding cache
    assert suggester.learner is not None
    material = Material.of(passages, None, suggester.embedder)
    start = time.process_time()
    suggester.learner.themes(material, material)
    assert time.process_time() - start < 2


def scores_of(count: int) -> np.ndarray:
    return np.arange(1, count + 1) / 100


def test_the_threshold_is_the_kth_smallest_score() -> None:
    assert conformal_threshold(scores_of(39), 0.05) == 0.02  # k = 40 x 0.05 = 2
    assert conformal_threshold(scores_of(19), 0.05) == 0.01
    assert conformal_threshold(scores_of(18), 0.05) is None


@given(st.lists(st.floats(0, 1), min_size=19, max_size=99, unique=True))
def test_at_most_the_stated_share_lies_below_it(scores: list[float]) -> None:
    # Each score in turn is the new one; by exchangeability this is the probability that it is missed.
    missed = [
        new < (conformal_threshold(np.array([s for s in scores if s != new]), 0.1) or 0.0) for new in scores
    ]
    assert sum(missed) / len(missed) <= 0.1
