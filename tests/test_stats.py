"""Figures against values worked out by hand or printed in the literature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.stats import (
    Figure,
    auroc,
    bootstrap,
    calibration,
    calibration_error,
    error_by_chance,
    kappa,
    proportion,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_equals_newcombes_table(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_of_nothing_is_unknown() -> None:
    assert all(math.isnan(bound) for bound in wilson(0, 0))
    assert math.isnan(proportion("recall", 0, 0).value)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_proportion_and_mirrors(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
    other_low, other_high = wilson(of - hits, of)
    assert (1 - other_high, 1 - other_low) == (pytest.approx(low), pytest.approx(high))


def test_auroc_by_hand() -> None:
    # pairs (positive, negative): .35>.1, .35<.4, .8>.1, .8>.4 -> 3 of 4 (scikit-learn's own example)
    assert auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auroc([1, 1, 1], [True, False, False]) == 0.5
    assert math.isnan(auroc([1, 2], [True, True]))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auroc_counts_pairs(rows: list[tuple[int, bool]]) -> None:
    pos, neg = [s for s, t in rows if t], [s for s, t in rows if not t]
    got = auroc([s for s, _ in rows], [t for _, t in rows])
    if not pos or not neg:
        assert math.isnan(got)
        return
    wins = sum((p > n) + (p == n) / 2 for p in pos for n in neg)
    assert got == pytest.approx(wins / (len(pos) * len(neg)))


def test_kappa_of_the_textbook_table() -> None:
    # 50 grants: both yes 20, first only 5, second only 10, both no 15: observed .7, by chance .5, kappa .4
    first = [True] * 25 + [False] * 25
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert kappa(first, second) == pytest.approx(0.4)
    assert kappa([True, False], [True, False]) == 1
    assert math.isnan(kappa([False, False], [False, False]))
    assert math.isnan(kappa([], []))


def test_calibration_error_by_hand() -> None:
    scores = [0.95, 0.95, 0.05, 0.05, 0.05, 0.05]
    hits = [True, False, False, False, False, True]
    assert calibration(scores, hits) == [
        (pytest.approx(0.05), 0.25, 4),
        (pytest.approx(0.95), 0.5, 2),
    ]
    assert calibration_error(scores, hits) == pytest.approx((0.20 * 4 + 0.45 * 2) / 6)
    assert math.isnan(calibration_error([], []))


def test_error_by_chance_is_what_right_probabilities_show() -> None:
    # One bin of four scores of 0.5: sqrt(2 / pi * 4 * 0.25) / 4
    assert error_by_chance([0.5] * 4) == pytest.approx(math.sqrt(2 / math.pi) / 4)
    assert error_by_chance([0.0, 1.0]) == 0.0
    assert math.isnan(error_by_chance([]))
    rng = np.random.default_rng(0)
    scores = rng.random(300)
    drawn = [calibration_error(scores, rng.random(300) < scores) for _ in range(300)]
    assert error_by_chance(scores) == pytest.approx(float(np.mean(drawn)), rel=0.05)


def test_a_score_of_one_lies_in_the_last_bin() -> None:
    assert calibration([1.0, 0.0], [True, False]) == [(0.0, 0.0, 1), (1.0, 1.0, 1)]


def test_bootstrap_draws_whole_files() -> None:
    files = [[1, 1, 1], [0, 0], [1, 0, 1, 0]]

    def share(sample: list[list[int]]) -> float:
        return sum(map(sum, sample)) / sum(map(len, sample))

    figure = bootstrap("share", files, share)
    assert figure.value == 5 / 9
    assert figure.low == 0.0
    assert figure.high == 1.0
    assert figure == bootstrap("share", files, share)
    assert math.isnan(bootstrap("share", files[:2], share).low)


def test_bootstrap_covers_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        figure = bootstrap("mean", list(rng.normal(size=40)), lambda s: float(np.mean(s)), draws=200)
        inside += figure.low <= 0 <= figure.high
    assert 86 <= inside <= 100


def test_a_figure_prints_value_interval_and_count() -> None:
    assert str(proportion("recall", 81, 263)) == "0.308 [0.255, 0.366] (81/263)"
    assert str(Figure("share", 0.5)) == "0.500"
    assert Figure("share", float("nan")).as_dict()["value"] is None
