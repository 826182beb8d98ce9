from __future__ import annotations

import numpy as np
import pytest

from svp_nlp.coding import undecided as u
from svp_nlp.coding.learn import folds
from svp_nlp.coding.undecided import (
    Places,
    StudyFit,
    as_common,
    matching_power,
    own_commonness,
    to_power,
)


def examples() -> Places:
    rows = np.array([[1.0, 0.0], [0.9, 0.2], [0.0, 1.0]])
    return Places(rows, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 1.0, 2.0]))


def passages() -> Places:
    rows = np.array([[0.8, 0.1], [0.1, 0.7], [0.2, 0.9]])
    return Places(rows, np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]]), np.array([1.0, 0.5, 0.8]))


def test_shares_add_up_and_follow_the_examples() -> None:
    shares = StudyFit(examples(), passages())(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert shares[0, 0] > 0.5 > shares[1, 0]


def test_one_feature_by_hand() -> None:
    # One example (place 1, theme a), one passage of weight 1 / 0.3 (place -1, theme b): both weigh 1.
    known = Places(np.array([[1.0]]), np.array([[1.0, 0.0]]), np.array([1.0]))
    told = Places(np.array([[-1.0]]), np.array([[0.0, 1.0]]), np.array([1.0 / 0.3]))
    # The usual share is a half; the slope is (1 * 0.5 + -1 * -0.5) / (1 + 1 + 1) = 1 / 3.
    assert StudyFit(known, told)(np.array([[1.0]])) == pytest.approx(np.array([[5 / 6, 1 / 6]]))


def test_undecided_in_closed_form_equals_fitting_anew() -> None:
    fit, guess = StudyFit(examples(), passages()), np.array([[0.6, 0.4]])
    seen = np.array([[0.7, 0.3]])
    closed = fit.as_undecided(np.array([1]), seen, guess)
    kept = np.array([0, 2])
    known = Places(*(a[kept] for a in (examples().rows, examples().shares, examples().weights)))
    told = Places(
        np.vstack([passages().rows, examples().rows[[1]]]),
        np.vstack([passages().shares, guess]),
        np.append(passages().weights, 1.0),
    )
    anew = StudyFit(known, told)
    # The usual shares stay those of the first fit; only the slopes are moved.
    weights = np.concatenate([known.weights, 0.3 * told.weights])
    rows, shares = np.vstack([known.rows, told.rows]), np.vstack([known.shares, told.shares])
    weighted = (rows * weights[:, None]).T
    slopes = np.linalg.solve(weighted @ rows + np.eye(2), weighted @ (shares - fit._usual))
    assert closed == pytest.approx(u._shares(seen @ slopes + fit._usual))
    assert closed == pytest.approx(anew(seen), abs=0.05)


def test_commonness_is_told_from_the_passages_and_drawn_to_even() -> None:
    many = np.repeat([[0.8, 0.2], [0.2, 0.8]], [1800, 200], axis=0)
    common = own_commonness(many, np.ones(len(many)))
    assert common[0] > 1.3
    assert common.sum() == pytest.approx(2.0)
    few = own_commonness(many[:2], np.ones(2))
    assert few == pytest.approx([1.0, 1.0], abs=0.02)
    assert own_commonness(many, np.zeros(len(many))) == pytest.approx([1.0, 1.0])


def test_shares_under_another_commonness() -> None:
    assert as_common(np.array([[0.5, 0.5]]), np.array([1.5, 0.5])) == pytest.approx(np.array([[0.75, 0.25]]))


def test_a_power_makes_shares_as_decided_as_confirmed_ones() -> None:
    flat, sharp = np.full((200, 2), [0.65, 0.35]), np.full((50, 2), [0.8, 0.2])
    power = matching_power(flat, np.ones(200), sharp)
    assert to_power(flat, power).max(axis=1).mean() == pytest.approx(0.8, abs=0.02)
    assert matching_power(flat[:1], np.full(1, 0.1), sharp) == pytest.approx(1.0, abs=0.1)
    assert matching_power(flat[:0], np.zeros(0), sharp) == 1.0


def test_folds_know_every_theme() -> None:
    labels = np.zeros((30, 3))
    labels[:10, 0] = labels[10:20, 1] = labels[20:, 2] = 1
    labels[3, 2] = 1
    made = folds(labels)
    assert sorted(np.concatenate(made).tolist()) == list(range(30))
    assert all((np.delete(labels, out, axis=0).sum(axis=0) >= 7).all() for out in made)
    # neighbours stay together
    assert any({0, 1} <= set(out.tolist()) for out in made)
