"""The suggestion score on turns few enough to count by hand."""

from __future__ import annotations

import json
import re

import pytest

from svp_nlp.errors import GoldError
from svp_nlp.evaluation.baselines import commonest, length_alone, profile_scores, stems
from svp_nlp.evaluation.suggestions import (
    Key,
    SuggestionScore,
    TurnGold,
    TurnSuggestion,
    agreement,
    by_turn,
    compare_suggestions,
    coverage_accuracy,
    score_suggestions,
)
from svp_nlp.model import Codebook, Domain, Passage, Span, Suggestion, Suggestions, Theme

DOMAINS = {"a.x": "a", "a.y": "a", "b.z": "b", "b.w": "b"}
BOOK = Codebook(
    "four themes",
    "1",
    (Domain("a", "A"), Domain("b", "B")),
    tuple(Theme(id, id, domain, definition=id) for id, domain in DOMAINS.items()),
)
UNITS = (
    TurnGold("A", 1, 80, frozenset({"a.x"})),
    TurnGold("A", 3, 5, frozenset()),
    TurnGold("B", 1, 60, frozenset({"b.z", "a.y"})),
    TurnGold("B", 3, 90, frozenset()),
    TurnGold("C", 1, 30, frozenset({"b.w"})),
)


def made(*ranked: str, score: float = 0.8, coded: float = 0.9, abstained: bool = False) -> TurnSuggestion:
    pairs = tuple((theme, score / (i + 1)) for i, theme in enumerate(ranked))
    return TurnSuggestion(pairs, coded, abstained)


SUGGESTED: dict[Key, TurnSuggestion] = {
    ("A", 1): made("a.y", "a.x", "b.z", "b.w", score=0.4),
    ("A", 3): made("a.x", "a.y", "b.z", "b.w", coded=0.1, abstained=True),
    ("B", 1): made("b.z", "a.x", "b.w", "a.y"),
    ("B", 3): made("b.z", "a.x", "a.y", "b.w", coded=0.95),
    ("C", 1): made("a.x", "a.y", "b.z", "b.w", score=0.6, coded=0.5, abstained=True),
}


def test_figures_by_hand() -> None:
    score = score_suggestions(UNITS, SUGGESTED, DOMAINS)
    assert score["a gold theme among the first three"].value == pytest.approx(2 / 3)
    assert score["first is a gold theme"].value == pytest.approx(1 / 3)
    assert score["right domain first"].value == pytest.approx(2 / 3)
    # coded .9 .9 .5 against uncoded .1 .95: three of six pairs in order
    assert score["coded or not, AUROC"].value == pytest.approx(3 / 6)
    assert score["coded or not, AUROC, 40 words or more"].value == 0
    assert score["calibration error, first score"].value == pytest.approx((0.4 + 0.2 + 0.6) / 3)
    assert score["says none, of uncoded turns"].value == 1 / 2
    assert score["says none, of coded turns"].value == pytest.approx(1 / 3)
    assert score["first is a gold theme, surer half"].value == 1 / 2
    # turn by theme: 20 pairs, gold yes 4, ours yes 3, both yes 1
    observed, chance = 15 / 20, (4 * 3 + 16 * 17) / 400
    assert score["pooled kappa, turn by theme"].value == pytest.approx((observed - chance) / (1 - chance))
    assert ("b.z", 1, 2, 1) in [row[:4] for row in score.per_theme]


def test_a_stated_miss_rate_is_checked_on_files_that_had_no_part_in_it() -> None:
    # Twenty files of one coded turn; file n has probability n/100. Thresholds come from nineteen others:
    # the lowest of these, so that only the lowest file of all lies below its threshold.
    units = [TurnGold(f"F{n}", 1, 50, frozenset({"a.x"})) for n in range(1, 21)]
    made = {u.key: TurnSuggestion((("a.x", 0.5),), n / 100) for n, u in enumerate(units, 1)}
    score = score_suggestions(units, made, DOMAINS)
    assert score["missed with a threshold for 5% from other files"].value == 1 / 20


def test_coverage_leaves_out_the_least_sure_first() -> None:
    curve = coverage_accuracy([0.2, 0.9, 0.5], [False, True, False])
    assert curve == [(pytest.approx(1 / 3), 1.0), (pytest.approx(2 / 3), 0.5), (1.0, pytest.approx(1 / 3))]


def test_a_turn_in_parts_keeps_each_themes_best_score() -> None:
    parts = [
        Passage("A:2.1", "A", 1, (Span(0, 5),)),
        Passage("A:2.2", "A", 1, (Span(6, 9),)),
    ]
    suggestions = [
        Suggestions("A:2.1", 0.3, (Suggestion("a.x", "a", 0.6), Suggestion("b.z", "b", 0.1)), True),
        Suggestions("A:2.2", 0.8, (Suggestion("b.z", "b", 0.7), Suggestion("a.x", "a", 0.2)), False),
    ]
    assert by_turn(parts, suggestions) == {
        ("A", 1): TurnSuggestion((("b.z", 0.7), ("a.x", 0.6)), 0.8, abstained=False)
    }


def test_a_turn_without_suggestion_is_an_error() -> None:
    rest = {key: made for key, made in SUGGESTED.items() if key != ("B", 3)}
    with pytest.raises(GoldError, match=r"^B, turn 4: nothing suggested, a ranking was expected$"):
        score_suggestions(UNITS, rest, DOMAINS)


def test_a_theme_outside_the_codebook_is_an_error() -> None:
    with pytest.raises(GoldError, match=r'^A, turn 2: theme "a\.x" is not in the codebook\n\nhint: put the'):
        score_suggestions(UNITS, SUGGESTED, {"b.z": "b"})


def test_gold_without_codes_is_an_error() -> None:
    with pytest.raises(GoldError, match=r"^no turn is coded; expected \{\{code: \.\.\.\}\} lines"):
        score_suggestions((TurnGold("A", 0, 3, frozenset()),), {}, DOMAINS)


def test_two_people_compared() -> None:
    second = {
        ("A", 1): frozenset({"a.x"}),
        ("A", 3): frozenset({"a.y"}),
        ("B", 1): frozenset({"b.z"}),
        ("B", 3): frozenset[str](),
    }
    figures = {f.name: f.value for f in agreement(UNITS, second, tuple(DOMAINS))}
    assert figures["same set of themes"] == 2 / 4
    assert figures["coded or not, kappa"] == pytest.approx(0.5)
    # 16 pairs, yes 3 and 3, both 2
    assert figures["pooled kappa, turn by theme"] == pytest.approx((14 / 16 - 178 / 256) / (1 - 178 / 256))
    assert figures["share a theme, where both coded"] == 1


def test_the_commonest_code_is_learned_from_the_other_files() -> None:
    units = (
        TurnGold("A", 1, 9, frozenset({"a.x"})),
        TurnGold("A", 2, 9, frozenset({"a.x"})),
        TurnGold("B", 1, 9, frozenset({"b.z"})),
        TurnGold("C", 1, 9, frozenset({"b.z"})),
    )
    ranked = commonest(units, BOOK)
    assert ranked["A", 1].first == "b.z"
    assert ranked["B", 1].ranked[0] == ("a.x", 2 / 3)


def test_length_alone_gates_and_ranks_nothing() -> None:
    score = score_suggestions(UNITS, length_alone(UNITS), DOMAINS, system="length", decides=False)
    assert [f.name for f in score.figures] == ["coded or not, AUROC", "coded or not, AUROC, 40 words or more"]
    assert score["coded or not, AUROC"].value == pytest.approx(3 / 6)


def test_profiles_match_by_stem() -> None:
    assert stems("The nurses were nursing; don't they’ve") == [
        "the",
        "nurs",
        "were",
        "nurs",
        "don't",
        "they'v",
    ]
    scores = profile_scores(
        [["worried about lawsuits"], ["peer supporters are trained", "training"]],
        ["I worry about a lawsuit", "they train us", "nothing of that"],
    )
    assert scores[0, 0] > 0.3 > scores[0, 1] == 0
    assert scores[1, 1] > 0.3 > scores[1, 0] == 0
    assert not scores[2].any()


def test_table_frames_and_json() -> None:
    ours = score_suggestions(UNITS, SUGGESTED, DOMAINS)
    length = score_suggestions(UNITS, length_alone(UNITS), DOMAINS, system="length", decides=False)
    score = SuggestionScore((ours, length), notes=("5 turns of 3 files",))
    lines = score.table().splitlines()
    assert lines[0] == "5 turns of 3 files"
    assert lines[2].split() == ["svp-nlp", "length"]
    assert re.fullmatch(r"a gold theme among the first three +0\.667 \[0\.000, 1\.000\] +–", lines[3])
    assert json.loads(score.to_json())["systems"][1]["system"] == "length"
    assert set(score.to_frame()["system"]) == {"svp-nlp", "length"}
    assert list(score.themes_frame()["theme"]) == list(DOMAINS)
    assert score._repr_html_().count("<tr>") == 1 + len(ours.figures)
    assert score["length"] is length


def test_two_systems_compared_by_hand() -> None:
    other = SUGGESTED | {
        ("A", 1): made("a.x", "a.y", "b.z", "b.w", score=0.4),  # first two change places
        ("B", 3): made("b.z", "a.x", "b.w", "a.y", coded=0.95),  # another third theme
        ("C", 1): made("a.x", "a.y", "b.z", "b.w", score=0.6, coded=0.5),  # no "none" any more
    }
    found = {f.name: f for f in compare_suggestions(UNITS, SUGGESTED, other, DOMAINS)}
    assert found["same first theme"].value == pytest.approx(4 / 5)
    assert found["same three first, in any order"].value == pytest.approx(4 / 5)
    assert found["same three first, in order"].value == pytest.approx(3 / 5)
    assert found["same none"].value == pytest.approx(4 / 5)
    assert found["first is a gold theme"].value == pytest.approx(1 / 3)  # two of three, it was one
    assert found["coded or not, AUROC"].value == 0
    assert found["says none, of coded turns"].value == pytest.approx(-1 / 3)
    assert found["first is a gold theme"].interval == "bootstrap over 3 files"
    assert {f.value for f in compare_suggestions(UNITS, SUGGESTED, SUGGESTED, DOMAINS)} <= {0.0, 1.0}


def test_a_system_that_skips_a_turn_cannot_be_compared() -> None:
    less = {key: value for key, value in SUGGESTED.items() if key != ("C", 1)}
    with pytest.raises(GoldError) as caught:
        compare_suggestions(UNITS, SUGGESTED, less, DOMAINS)
    assert caught.value.message == "C, turn 2: nothing suggested, a ranking was expected"
