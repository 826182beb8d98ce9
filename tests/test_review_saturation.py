from __future__ import annotations

from datetime import UTC, date
from itertools import permutations
from math import isnan
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from record_help import DOMAIN_OF, THEMES, decided
from svp_nlp.review.agreement import CodedUnit, agreement
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.drift import (
    Drift,
    Pace,
    Rate,
    acceptance,
    check_items,
    codes_with_and_without,
    drift,
    error_by_attribute,
    pace,
)
from svp_nlp.review.figures import (
    acceptance_figure,
    agreement_figure,
    drift_figure,
    pace_figure,
    saturation_figure,
)
from svp_nlp.review.fold import State, fold
from svp_nlp.review.saturation import saturation
from svp_nlp.stats import Figure

A, B, C = THEMES


def interviews(*themes: str) -> dict[str, frozenset[str]]:
    return {f"I{number}": frozenset(some) for number, some in enumerate(themes)}


# saturation


def test_the_curve_by_hand() -> None:
    found = saturation(interviews("ab", "a", "c"), 5)
    assert found.recorded == (2, 2, 3)
    assert found.mean == pytest.approx((4 / 3, 7 / 3, 3))
    assert found.new == pytest.approx((4 / 3, 1, 2 / 3))
    assert (found.themes, found.of) == (3, 5)
    assert (found.low[0], found.high[0]) == (1.0, 2.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abcde")), min_size=1, max_size=5))
def test_the_mean_is_that_over_all_orders(sets: list[set[str]]) -> None:
    themes = {str(n): frozenset(some) for n, some in enumerate(sets)}
    found = saturation(themes, 5, orderings=20)
    orders = list(permutations(themes.values()))
    for size in range(1, len(sets) + 1):
        counts = [len(frozenset().union(*order[:size])) for order in orders]
        assert found.mean[size - 1] == pytest.approx(sum(counts) / len(counts))
        assert min(counts) <= found.low[size - 1] <= found.high[size - 1] <= max(counts)


def test_when_little_is_new() -> None:
    found = saturation(interviews("ab", "c", "d", "a", "e", "a", "b", "a"), 9)
    assert found.reached() == 7
    assert found.reached(threshold=0.25) == 6
    assert saturation(interviews("ab", "c"), 9).reached() is None
    assert str(found) == (
        "5 of 9 themes in 8 interviews; "
        "saturation (base 4, run 2, at most 5 % new): reached after interview 7"
    )


def test_the_same_seed_the_same_band() -> None:
    themes = interviews("ab", "c", "d", "ae")
    assert saturation(themes, 9) == saturation(themes, 9)


# what suggestions do


def one_passage(
    passage: str, coder: str, blind: str | None, offered: list[str], *verdicts: tuple[Action, str]
) -> list[Decision]:
    """A passage coded blind, opened, and decided on."""
    about = {"target": passage, "coder": coder}
    made = []
    if blind is not None:
        made.append(decided(Action.CODE, {"themes": [blind] if blind else []}, seconds=20, **about))
        made.append(decided(Action.COMMIT, at=1, seconds=2, **about))
    if offered:
        model = [theme for theme in offered if not theme.startswith("!")]
        shown = tuple(theme.removeprefix("!") for theme in offered)
        value = {"themes": model}
        made.append(decided(Action.SEEN, value, at=2, order_shown=shown, saw_suggestion=True, **about))
        for at, (action, theme) in enumerate(verdicts, 3):
            rank = model.index(theme) + 1 if theme in model else None
            value = {"theme": theme} | ({"to": [C]} if action is Action.CHANGE else {})
            made.append(decided(action, value, at=at, rank=rank, saw_suggestion=True, **about))
    return made


@pytest.fixture
def state() -> State:
    return fold(
        [
            *one_passage("B:1", "AB", A, [A, B, "!" + C], (Action.ACCEPT, A), (Action.REJECT, B)),
            *one_passage("B:2", "AB", B, [A, B, "!" + C], (Action.ACCEPT, A), (Action.ACCEPT, C)),
            *one_passage("D:1", "AB", "", [B, A], (Action.ACCEPT, B), (Action.CHANGE, A)),
            *one_passage("D:2", "AB", B, []),
            *one_passage("B:1", "CD", A, [A, B, "!" + C], (Action.REJECT, A), (Action.REJECT, C)),
        ]
    )


DOCUMENTS = {"B:1": "B", "B:2": "B", "D:1": "D", "D:2": "D"}


def test_acceptance_by_rank_coder_and_hour(state: State) -> None:
    assert acceptance(state, "rank") == (Rate("1", 3, 0, 1), Rate("2", 0, 1, 1))
    assert acceptance(state, "coder") == (Rate("AB", 3, 1, 1), Rate("CD", 0, 0, 1))
    assert acceptance(state, "hour", UTC) == (Rate("09:00", 3, 1, 2),)
    share = acceptance(state, "rank")[0].share
    assert (share.value, share.hits, share.of, share.interval) == (0.75, 3, 4, "Wilson")


def test_planted_themes_are_counted_apart(state: State) -> None:
    assert check_items(state) == (Rate("AB", 1, 0, 0), Rate("CD", 0, 0, 1))


def test_none_rejects_the_planted_theme_too() -> None:
    made = one_passage("B:1", "AB", "", [A, "!" + C])
    made.append(decided(Action.NONE, at=9, saw_suggestion=True))
    assert check_items(fold(made)) == (Rate("AB", 0, 0, 1),)
    assert acceptance(fold(made), "rank") == (Rate("1", 0, 0, 1),)


def test_pace_counts_what_is_decided(state: State) -> None:
    first, second = pace(state, UTC)
    assert (first.coder, first.day, first.passages, first.codes, first.seconds) == (
        *("AB", date(2026, 3, 1)),
        *(4, 7, 22.0),
    )
    assert second == Pace("CD", date(2026, 3, 1), 1, 0, 22.0)
    assert first.rate == 7 / 4


def test_with_and_without_suggestions(state: State) -> None:
    shown, bare = codes_with_and_without(state)["AB"]
    assert (shown.hits, shown.of, bare.hits, bare.of) == (3, 3, 1, 1)


def test_drift_towards_the_model(state: State) -> None:
    ab, cd = drift(state, DOCUMENTS)
    assert (ab.coder, ab.passages, ab.before, ab.after) == ("AB", 3, pytest.approx(1 / 3), 1.0)
    assert (ab.toward, ab.away) == (2, 0)
    assert ab.moved.value == pytest.approx(2 / 3)
    assert isnan(ab.moved.low), "two documents make no interval"
    assert (cd.toward, cd.away, cd.moved.value) == (0, 1, -1.0)


def test_errors_by_attribute_count_blind_and_assisted_apart(state: State) -> None:
    settled = state.plus(
        [
            decided(Action.ADJUDICATE, {"themes": [A]}, at=50, coder="EF", target="B:1"),
            decided(Action.ADJUDICATE, {"themes": [C]}, at=50, coder="EF", target="D:1"),
        ]
    )
    rates = error_by_attribute(settled, DOCUMENTS, {"B": {"mode": "phone"}, "D": {"mode": "face to face"}})
    assert [(r.value, r.stage, r.wrong.value, r.missed, r.extra) for r in rates] == [
        ("face to face", "assisted", 1.0, 0.0, 1.0),
        ("face to face", "blind", 1.0, 1.0, 0.0),
        ("phone", "assisted", 0.5, 0.5, 0.0),
        ("phone", "blind", 0.0, 0.0, 0.0),
    ]
    assert error_by_attribute(state, DOCUMENTS, {"B": {"mode": "phone"}}) == ()


# pictures


def pictures() -> dict[str, str]:
    units = [
        CodedUnit(f"{d}:{n}", d, {"AB": frozenset({A}), "CD": frozenset({(A, B)[n % 2]})})
        for d in "BDE"
        for n in range(4)
    ]
    moved = Figure("moved", 0.2, 0.1, 0.3)
    return {
        "agreement": agreement_figure(agreement(units, DOMAIN_OF, draws=50)),
        "AC1": agreement_figure(agreement(units, DOMAIN_OF, draws=50), "ac1"),
        "saturation": saturation_figure(saturation(interviews("ab", "c"), 5)),
        "one interview": saturation_figure(saturation(interviews("ab"), 5)),
        "acceptance": acceptance_figure([Rate("<1>", 3, 1, 2), Rate("2", 0, 0, 0)], "rank"),
        "pace": pace_figure(
            [Pace("A&B", date(2026, 3, 1), 4, 6, 10.0), Pace("CD", date(2026, 3, 2), 2, 1, 9.0)]
        ),
        "no pace": pace_figure([]),
        "drift": drift_figure([Drift("AB", 10, 0.3, 0.5, 3, 1, moved)]),
        "no drift": drift_figure([]),
    }


@pytest.mark.parametrize("name", list(pictures()))
def test_a_picture_is_well_formed_described_and_without_colour(name: str) -> None:
    svg = pictures()[name]
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert [child.tag for child in root][:2] == [f"{space}title", f"{space}desc"]
    assert all((root[n].text or "").strip() for n in (0, 1))
    greys = {"#111", "#666", "#ddd", "#fff", "none", "url(#changed)"}
    painted = {node.get(at) for node in root.iter() for at in ("fill", "stroke")} - {None}
    assert painted <= greys
    assert "nan" not in svg
    assert "script" not in svg


def test_pictures_say_their_numbers() -> None:
    drawn = pictures()
    words = " ".join(ElementTree.fromstring(drawn["acceptance"]).itertext())
    assert "accepted: 0.50 [0.19, 0.81] of 6" in words
    assert "<1>: 3 accepted, 1 changed, 2 rejected" in words
    assert "12 passages of 3 documents, coders AB, CD" in drawn["agreement"]
    assert "AB, 10 passages: 30% before, 50% after, 3 gained, 1 lost" in drawn["drift"]
