"""Groups of like passages that are more than chance.

Any clustering finds groups, even in noise. A group is kept when it comes back in most runs (a group of the
run shares at least half of what either holds: Jaccard; Hennig 2007, Computational Statistics & Data Analysis
52:258), and when it is stronger than the groups that the same method finds in random data of the same mean
and covariance, one cloud without groups (the null of SigClust; Liu et al. 2008, J Am Stat Assoc 103:1281).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.exemplars import unit
from svp_nlp.engines.bertopic import Bertopic, Grouping, Labels
from svp_nlp.engines.protocols import Vectors

BY_CHANCE = 0.5
"""Which share of the groups kept may at most be expected in data without groups."""

_CAME_BACK = 0.5
_SAMPLE = 0.85
# What shares no two telling words is held together by its form ("Yes, in March"), not by a subject.
_LEAST_SHARED = 2
# Copies without groups: enough that the groups of all copies together number some hundreds.
_MOST_COPIES = 4
_ROWS_IN_COPIES = 2000


@dataclass(frozen=True)
class Group:
    """Rows that belong together, the words that name them, and their overlap with each run's best group."""

    rows: Labels = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    overlaps: npt.NDArray[np.float64] = field(repr=False)
    cohesion: float

    @property
    def stability(self) -> float:
        """The share of runs in which the group came back."""
        return float((self.overlaps >= _CAME_BACK).mean())

    @property
    def returns(self) -> bool:
        """Whether it came back in most runs."""
        return self.stability > 0.5

    @property
    def strength(self) -> float:
        """Mean overlap over the runs times mean cosine inside: what groups by chance are compared on."""
        return float(self.overlaps.mean()) * self.cohesion


def lasting_groups(
    texts: Sequence[str],
    vectors: Vectors,
    engine: Bertopic,
    *,
    seeds: int,
    wide: Callable[[Labels], bool],
    done: Callable[[int, int], None],
) -> tuple[list[Group], float]:
    """Return the groups of *vectors* that come back and beat chance, and how many chance alone would give.

    One row a text; largest groups first.

    *seeds* runs judge each group; one whose texts share fewer than two telling words is none. *wide* says
    whether a group's rows are spread widely enough to count. *done* is called with how many runs are over,
    and of how many.
    """
    copies = max(1, min(_MOST_COPIES, _ROWS_IN_COPIES // len(vectors)))
    total = 1 + seeds * (1 + copies)
    over = 0

    def judge(rows: Vectors, grouping: Grouping, size: float | None) -> list[Group]:
        nonlocal over
        overlaps = []
        for run in range(1, seeds + 1):
            overlaps.append(_overlaps(rows, grouping.labels, engine, run, size))
            over += 1
            done(over, total)
        return list(_groups(rows, grouping, np.stack(overlaps, axis=1)))

    size = engine.best_size(vectors)
    judged = judge(vectors, engine.group(texts, vectors, size=size), size)
    named = [g for g in judged if len(g.words) >= _LEAST_SHARED]
    groups = [g for g in named if g.returns and wide(g.rows)]
    chance = []
    for copy in range(copies):
        shuffled = without_groups(vectors, copy)
        judged = judge(shuffled, Grouping(engine.labels(shuffled, size=size), ()), size)
        chance += [g.strength for g in judged if g.returns]
    done(total, total)
    least = least_strength([g.strength for g in groups], chance, copies)
    kept = [g for g in groups if g.strength >= least]
    kept.sort(key=lambda g: (-len(g.rows), int(g.rows[0])))
    return kept, sum(c >= least for c in chance) / copies


def without_groups(vectors: Vectors, seed: int) -> Vectors:
    """Return as many random vectors with the same mean and covariance: one cloud without groups.

    The covariance is Ledoit & Wolf's (2004, J Multivar Anal 88:365): with fewer passages than dimensions
    the plain one lies in a narrower space than the passages come from, and chance would look too tight.
    (Shuffling components instead would keep the two humps of one that parts two clear groups.)
    """
    from sklearn.covariance import ledoit_wolf

    rng = np.random.default_rng(seed)
    spread, axes = np.linalg.eigh(ledoit_wolf(np.asarray(vectors, dtype=np.float64))[0])
    scores = rng.standard_normal(vectors.shape) * np.sqrt(np.maximum(spread, 0.0))
    return unit(np.asarray(scores @ axes.T + vectors.mean(axis=0), dtype=np.float32))


def least_strength(found: Iterable[float], chance: Sequence[float], copies: int) -> float:
    """Return the least strength at which no more than `BY_CHANCE` of *found* are expected by chance.

    *chance* are the strengths in all *copies* together. Infinite where no strength is enough.
    """
    ranked = sorted(found)
    for place, least in enumerate(ranked):
        expected = sum(c >= least for c in chance) / copies
        if expected <= BY_CHANCE * (len(ranked) - place):
            return least
    return float("inf")


def _groups(vectors: Vectors, grouping: Grouping, overlaps: npt.NDArray[np.float64]) -> Iterable[Group]:
    for number, row in zip(_numbers(grouping.labels), overlaps, strict=True):
        rows = np.flatnonzero(grouping.labels == number)
        words = grouping.words[number] if grouping.words else ()
        yield Group(rows, words, row, _cohesion(vectors[rows]))


def _overlaps(
    vectors: Vectors, labels: Labels, engine: Bertopic, run: int, size: float | None
) -> list[float]:
    """Return each group's greatest Jaccard overlap with a group of another run.

    A run sees a sample: Ward would only repeat itself, and another seed moves UMAP's picture but not the
    neighbours it is drawn from, so that groups by chance come back too (measured: half of those kept).
    """
    drawn = np.random.default_rng(run).permutation(len(vectors))[: round(len(vectors) * _SAMPLE)]
    rows = np.sort(drawn)
    again = engine.labels(np.asarray(vectors[rows]), seed=run, size=size)
    return [_overlap(labels[rows] == number, again) for number in _numbers(labels)]


def _overlap(members: npt.NDArray[np.bool_], labels: Labels) -> float:
    inside = labels[members]
    best = 0.0
    for group in _numbers(inside):
        shared = int((inside == group).sum())
        best = max(best, shared / (int(members.sum()) + int((labels == group).sum()) - shared))
    return best


def _numbers(labels: Labels) -> list[int]:
    return [int(g) for g in np.unique(labels[labels >= 0])]


def _cohesion(vectors: Vectors) -> float:
    """Return the mean cosine between two of *vectors*."""
    count = len(vectors)
    return (float(np.square(vectors.sum(axis=0)).sum()) - count) / max(1, count * (count - 1))
