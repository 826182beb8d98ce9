from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.surroundings import Surroundings
from svp_nlp.model import Role

ANSWER, QUESTION = Role.RESPONDENT, Role.INTERVIEWER
DOMAINS = ("a", "a", "b", "b")
EVEN = [0.25] * 4
FIRST = [0.4, 0.4, 0.1, 0.1]


def around(interviews: list[str] | None, roles: list[Role], likely: list[float]) -> Surroundings:
    excluded = np.zeros((len(roles), 4), dtype=bool)
    return Surroundings.of(interviews, roles, np.array(likely), DOMAINS, excluded)


def test_a_neighbour_draws_towards_its_domain_and_not_towards_its_theme() -> None:
    found = around(["x", "x"], [ANSWER] * 2, [1.0, 1.0])(np.array([EVEN, [0.7, 0.1, 0.1, 0.1]]))
    assert found[0, :2].sum() > 0.5
    assert found[0, 0] == pytest.approx(found[0, 1])
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_another_interview_and_an_interviewer_draw_nothing() -> None:
    shares = np.array([EVEN, FIRST])
    assert around(["x", "y"], [ANSWER] * 2, [1.0, 1.0])(shares) == pytest.approx(shares)
    assert around(["x", "x"], [ANSWER, QUESTION], [1.0, 1.0])(shares) == pytest.approx(shares)
    assert around(None, [ANSWER] * 2, [1.0, 1.0])(shares) == pytest.approx(shares)


def test_the_nearer_and_the_likelier_coded_draw_more() -> None:
    def drawn(shares: list[list[float]], likely: list[float]) -> float:
        found = around(["x"] * len(shares), [ANSWER] * len(shares), likely)(np.array(shares))
        return float(found[0, :2].sum())

    near = drawn([EVEN, FIRST, EVEN], [1.0, 1.0, 1.0])
    assert near > drawn([EVEN, EVEN, FIRST], [1.0, 1.0, 1.0]) > 0.5
    assert near > drawn([EVEN, FIRST, EVEN], [1.0, 0.5, 1.0]) > 0.5
    assert drawn([EVEN] * 4 + [FIRST], [1.0] * 5) == pytest.approx(0.5)


def test_an_excluded_theme_loses_to_all_others_alike() -> None:
    excluded = np.array([[True, False, False, False]])
    found = Surroundings.of(None, [ANSWER], np.ones(1), DOMAINS, excluded)(np.array([EVEN]))
    assert found[0, 0] < 0.25 < found[0, 1]
    assert found[0, 1:] == pytest.approx([found[0, 1]] * 3)
    assert found[0, 0] / found[0, 1] == pytest.approx(0.6)


@given(st.lists(st.lists(st.floats(1e-6, 1.0), min_size=4, max_size=4), min_size=1, max_size=6))
def test_shares_stay_shares(rows: list[list[float]]) -> None:
    shares = np.array(rows)
    shares /= shares.sum(axis=1, keepdims=True)
    found = around(["x"] * len(rows), [ANSWER] * len(rows), [1.0] * len(rows))(shares)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    assert (found >= 0).all()
