"""What a study's undecided passages teach, once enough is confirmed.

How common each theme is in the study is told from the undecided passages themselves
(expectation-maximisation; Saerens, Latinne and Decaestecker 2002), since codings may have been confirmed
evenly, or for one theme first. Then these passages, with the shares they got, stand beside the confirmed ones
as examples of less weight, and a second classifier is fitted to both: self-training with shares instead of
decisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.words import Matrix

Column = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

# Even commonness is believed as if it had been seen in half as many passages as there are, and in a hundred
# more: left alone, expectation-maximisation lets rare themes die out, and few passages tell little.
_EVEN = 0.5
_EVEN_PASSAGES = 100.0
_ROUNDS = 30
# What an undecided passage weighs beside a confirmed one, and the ridge. Chosen on two public sets and the
# development interviews; figures are flat from 0.1 to 0.6 and from 1 to 2.
_WEIGHT = 0.3
_RIDGE = 1.0
_LEAST_SHARE = 1e-4
# Shares are made as decided as those of confirmed texts, by a power within these bounds, which is drawn to 1
# as if so many passages had needed none.
_POWERS = np.geomspace(0.5, 3.0, 60)
_POWERLESS = 5.0


@dataclass(frozen=True, slots=True)
class Places:
    """Texts by where they lie along some directions, how themes share them, and what each text weighs."""

    rows: Matrix = field(repr=False)
    shares: Matrix = field(repr=False)
    weights: Column = field(repr=False)


class StudyFit:
    """Ridge regression of theme shares on places, over examples and undecided passages together."""

    def __init__(self, examples: Places, undecided: Places) -> None:
        rows = np.vstack([examples.rows, undecided.rows])
        shares = np.vstack([examples.shares, undecided.shares])
        weights = np.concatenate([examples.weights, _WEIGHT * undecided.weights])
        self._examples = examples
        self._usual = weights @ shares / weights.sum()
        weighted = (rows * weights[:, None]).T
        self._products = weighted @ rows + _RIDGE * np.eye(rows.shape[1])
        self._slopes = np.linalg.solve(self._products, weighted @ (shares - self._usual))

    def __call__(self, rows: Matrix) -> Matrix:
        """Return how the themes share texts that lie at *rows*, adding up to 1 in each."""
        return _shares(rows @ self._slopes + self._usual)

    def as_undecided(self, chosen: Rows, rows: Matrix, guesses: Matrix) -> Matrix:
        """Return the shares of the *chosen* examples, seen at *rows*, each as if nobody had decided on it.

        *guesses* are the shares that each would have stood with instead. What taking one example out and
        putting another in changes is known in closed form (Sherman and Morrison 1950).
        """
        own, weights = self._examples.rows[chosen], self._examples.weights[chosen, None]
        pull = np.linalg.solve(self._products, own.T).T
        itself, seen = ((m * pull).sum(axis=1, keepdims=True) for m in (own, rows))
        kept = 1.0 - weights * itself
        fitted, at_rows = own @ self._slopes, rows @ self._slopes
        missed = (self._examples.shares[chosen] - self._usual - fitted) * weights / kept
        without, at_rows = fitted - itself * missed, at_rows - seen * missed
        itself, seen = itself / kept, seen / kept
        back = _WEIGHT * (guesses - self._usual - without) / (1.0 + _WEIGHT * itself)
        return _shares(at_rows + seen * back + self._usual)


def to_power(shares: Matrix, power: float) -> Matrix:
    """Return *shares* made more (above 1) or less decided."""
    raised = shares**power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def matching_power(shares: Matrix, weights: Column, confirmed: Matrix) -> float:
    """Return the power that makes *shares* on average as decided as those of *confirmed* texts.

    Texts of other interviews are less like the examples than confirmed texts are like each other, so their
    shares are flatter, though as often right.
    """
    total = float(weights.sum())
    if not total:
        return 1.0
    means = [weights @ to_power(shares, power).max(axis=1) / total for power in _POWERS]
    nearest = float(_POWERS[int(np.abs(np.array(means) - confirmed.max(axis=1).mean()).argmin())])
    return (total * nearest + _POWERLESS) / (total + _POWERLESS)


def _shares(fitted: Matrix) -> Matrix:
    return to_power(np.maximum(fitted, _LEAST_SHARE), 1.0)


def own_commonness(shares: Matrix, weights: Column) -> Column:
    """Return how common themes turn out to be among passages, in multiples of all being equally common.

    *shares* holds a row a passage, adding up to 1, each theme as likely beforehand as any other; *weights*
    how much of a passage counts.
    """
    themes, total = shares.shape[1], float(weights.sum())
    even = (_EVEN * total + _EVEN_PASSAGES) / themes
    found: Matrix = shares
    for _ in range(_ROUNDS):
        commonness = (weights @ found + even) / (total + even * themes)
        found = as_common(shares, commonness)
    return np.asarray(commonness * themes)


def as_common(shares: Matrix, commonness: Column) -> Matrix:
    """Return *shares* as they are once themes are known to be that common."""
    found = shares * commonness
    return np.asarray(found / found.sum(axis=1, keepdims=True))
