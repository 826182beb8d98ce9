"""Statistics that rooms share: figures with their interval, agreement of two coders, nothing of our own.

Sources: Wilson 1927 (interval of a proportion); Efron 1979 (bootstrap, percentile interval); Mann and
Whitney 1947 (area under the ROC curve); Cohen 1960 (kappa); Naeini et al. 2015 (expected calibration error).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""

Unit = TypeVar("Unit")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number with its 95 % interval; ``hits`` of ``of`` where it is a proportion."""

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    hits: int | None = None
    of: int | None = None
    interval: str = ""

    def __str__(self) -> str:
        count = f" ({self.hits}/{self.of})" if self.of is not None else ""
        bounds = f" [{self.low:.3f}, {self.high:.3f}]" if self.low == self.low else ""
        return f"{self.value:.3f}{bounds}{count}"

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Return the figure as a JSON object; NaN becomes None."""
        rounded = {k: _or_none(getattr(self, k)) for k in ("value", "low", "high")}
        return {"name": self.name, **rounded, "hits": self.hits, "of": self.of, "interval": self.interval}


def _or_none(value: float) -> float | None:
    return round(value, 6) if value == value else None


def wilson(hits: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of the proportion *hits* / *of*; (nan, nan) of nothing."""
    if of == 0:
        return float("nan"), float("nan")
    p, z2 = hits / of, z * z
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = z / (1 + z2 / of) * float(np.sqrt(p * (1 - p) / of + z2 / (4 * of * of)))
    return max(0.0, centre - half), min(1.0, centre + half)


def proportion(name: str, hits: int, of: int) -> Figure:
    """Return *hits* / *of* with Wilson's interval."""
    low, high = wilson(hits, of)
    return Figure(name, hits / of if of else float("nan"), low, high, hits, of, "Wilson")


def bootstrap(
    name: str,
    files: Sequence[Unit],
    statistic: Callable[[Sequence[Unit]], float],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Figure:
    """Return *statistic* over *files* with a percentile interval from resampling whole files.

    Files, not turns or mentions, are drawn with replacement: what stands in one interview is alike. Draws
    in which the statistic is undefined (nan) are left out. No interval from fewer than three files.
    """
    value = statistic(files)
    if len(files) < 3:
        return Figure(name, value)
    picks = _picks(len(files), draws, seed)
    values = np.array([statistic([files[i] for i in row]) for row in picks])
    values = values[~np.isnan(values)]
    if not len(values):
        return Figure(name, value)
    low, high = np.quantile(values, [0.025, 0.975])
    return Figure(name, value, float(low), float(high), interval=f"bootstrap over {len(files)} files")


def resampled(documents: int, draws: int, seed: int = 0) -> Floats:
    """Return how often each document is drawn, shape (draws, documents): the draws `bootstrap` makes.

    Sums over documents, times these weights, give a statistic's sums for every draw at once.
    """
    picks = _picks(documents, draws, seed)
    return np.stack([np.bincount(row, minlength=documents) for row in picks]).astype(np.float64)


def _picks(documents: int, draws: int, seed: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, documents, size=(draws, documents))


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half; nan without both."""
    values = np.asarray(scores, dtype=np.float64)
    truth = np.asarray(positive, dtype=bool)
    n_pos, n_neg = int(truth.sum()), int((~truth).sum())
    if not n_pos or not n_neg:
        return float("nan")
    return float((_midranks(values)[truth].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def _midranks(values: Floats) -> Floats:
    """Return ranks from 1, equal values sharing their mean rank."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[group], dtype=np.float64)


def kappa(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Return Cohen's kappa of two coders' yes/no decisions; nan where chance agreement is complete."""
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if not len(a):
        return float("nan")
    observed = float((a == b).mean())
    by_chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return float("nan") if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def calibration(
    scores: Sequence[float], hits: Sequence[bool], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Return (mean score, share of hits, count) of each non-empty bin of equal width over [0, 1]."""
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    if not len(values):
        return []
    place = np.clip((values * bins).astype(int), 0, bins - 1)
    return [
        (float(values[place == b].mean()), float(truth[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    ]


def calibration_error(scores: Sequence[float], hits: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: mean gap between score and share of hits, weighted by count."""
    curve = calibration(scores, hits, bins)
    total = sum(n for *_, n in curve)
    return sum(abs(s - h) * n for s, h, n in curve) / total if total else float("nan")


def error_by_chance(scores: Sequence[float], bins: int = 10) -> float:
    """Return the `calibration_error` to be expected of *scores* that are exactly right probabilities.

    Hits scatter around their probability, the more so the fewer there are in a bin. The mean gap of a bin is
    taken from the normal distribution with the variance of its hits: sqrt(2 / pi * sum of p (1 - p)).
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        return float("nan")
    place = np.clip((values * bins).astype(int), 0, bins - 1)
    variances = np.bincount(place, weights=values * (1 - values), minlength=bins)
    return float(np.sqrt(2 / np.pi * variances).sum() / len(values))
