"""How many themes each further interview brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np


@dataclass(frozen=True, slots=True)
class Saturation:
    """Themes found in the first 1, 2, … interviews.

    ``mean`` is the exact mean over all orders of the interviews, ``low`` and ``high`` hold the middle 95 %
    of ``orderings`` random ones; ``recorded`` is the order the study has. ``themes``: all that were found;
    ``of``: those of the codebook.
    """

    documents: tuple[str, ...]
    recorded: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    themes: int
    of: int
    orderings: int

    @property
    def new(self) -> tuple[float, ...]:
        """The themes that the n-th interview adds, in the mean."""
        return tuple(b - a for a, b in zip((0.0, *self.mean), self.mean, strict=False))

    def reached(self, base: int = 4, run: int = 2, threshold: float = 0.05) -> int | None:
        """Return after how many interviews little was new, in the recorded order; None if never.

        The first *base* interviews found so many themes; saturation is reached with the last of *run* further
        interviews that add at most *threshold* times as many new ones (Guest, Namey and Chen 2020).
        """
        found = (0, *self.recorded)
        for last in range(base + run, len(found)):
            if found[base] and found[last] - found[last - run] <= threshold * found[base]:
                return last
        return None

    def __str__(self) -> str:
        done = self.reached()
        said = f"reached after interview {done}" if done else "not reached"
        rule = "base 4, run 2, at most 5 % new"
        found = f"{self.themes} of {self.of} themes in {len(self.documents)} interviews"
        return f"{found}; saturation ({rule}): {said}"


def saturation(
    themes: Mapping[str, frozenset[str]], of: int, *, orderings: int = 1000, seed: int = 0
) -> Saturation:
    """Return the saturation curve of *themes* (interview to its themes, in the study's order).

    *of* is the number of themes the codebook has. The mean over orders is computed, not drawn (the
    sample-based rarefaction of Colwell, Mao and Chang 2004); the band comes from seeded random orders.
    """
    documents = tuple(themes)
    every = sorted(frozenset().union(*themes.values()))
    has = np.array([[theme in themes[d] for theme in every] for d in documents], dtype=bool)
    has = has.reshape(len(documents), len(every))
    rng = np.random.default_rng(seed)
    drawn = np.stack([_curve(has[rng.permutation(len(documents))]) for _ in range(orderings)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0) if len(documents) else (drawn[0], drawn[0])
    return Saturation(
        documents,
        tuple(int(n) for n in _curve(has)),
        tuple(_mean(has.sum(axis=0), n, len(documents)) for n in range(1, len(documents) + 1)),
        tuple(float(x) for x in low),
        tuple(float(x) for x in high),
        len(every),
        of,
        orderings,
    )


def _curve(has: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.int_]]:
    """Return how many themes the first 1, 2, … rows have."""
    return np.asarray(np.maximum.accumulate(has, axis=0).sum(axis=1), dtype=np.int_)


def _mean(counts: np.ndarray[tuple[int], np.dtype[np.int_]], size: int, documents: int) -> float:
    """Return the mean number of themes in *size* interviews; a theme is in *counts* of them."""
    orders = comb(documents, size)
    return float(sum(1 - comb(documents - int(n), size) / orders for n in counts))
