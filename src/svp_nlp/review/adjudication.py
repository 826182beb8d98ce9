"""Where coders differ, and which coding counts: resolved codings stand apart from every coder's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from svp_nlp.review.agreement import CodedUnit, masi_distance
from svp_nlp.review.fold import Adjudication, Coding, State

Stage = Literal["blind", "assisted"]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A passage on which coders differ: each one's coding, how far apart they are, how it was resolved.

    ``distance`` is the mean MASI distance of the pairs of coders, in (0, 1]; 0 where they agree by now, but
    what it was resolved to holds a theme that was split since.
    """

    passage: str
    codings: tuple[Coding, ...]
    distance: float
    adjudication: Adjudication | None = None

    @property
    def disputed(self) -> frozenset[str]:
        """The themes that some coders gave and others did not."""
        given = [coding.themes for coding in self.codings]
        return frozenset().union(*given) - frozenset.intersection(*given)

    @property
    def agreed(self) -> frozenset[str]:
        """The themes that every coder gave."""
        return frozenset.intersection(*(coding.themes for coding in self.codings))


@dataclass(frozen=True, slots=True)
class FinalCoding:
    """The coding of a passage that counts, and why: adjudicated, agreed by all, or one coder's alone."""

    passage: str
    themes: frozenset[str]
    how: Literal["adjudicated", "agreed", "one coder"]
    by: tuple[str, ...]


def discrepancies(state: State, *, resolved: bool = False) -> tuple[Discrepancy, ...]:
    """Return the passages on which coders' decided codings differ, farthest apart first.

    Those already adjudicated are left out unless *resolved*; those to be adjudicated again are not.
    """
    found = []
    adjudicated, reopened = state.adjudications, state.reopened
    for passage, codings in _decided(state).items():
        distance = _distance(codings)
        if passage in reopened or (distance > 0 and (resolved or passage not in adjudicated)):
            found.append(Discrepancy(passage, codings, distance, adjudicated.get(passage)))
    return tuple(sorted(found, key=lambda d: -d.distance))


def final_codings(state: State) -> dict[str, FinalCoding]:
    """Return the codings that count, by passage: adjudicated, or decided by all its coders alike.

    A passage on which coders differ has none until somebody adjudicates it, and once more where a theme of
    that was split since; nothing that was only suggested, or coded and not yet committed, is here.
    """
    reopened = state.reopened
    final = {
        passage: FinalCoding(
            passage,
            codings[0].themes,
            "agreed" if len(codings) > 1 else "one coder",
            tuple(coding.coder for coding in codings),
        )
        for passage, codings in _decided(state).items()
        if _distance(codings) == 0 and passage not in reopened
    }
    for passage, one in state.adjudications.items():
        final[passage] = FinalCoding(passage, one.themes, "adjudicated", (one.by,))
    return final


def coded_units(state: State, documents: Mapping[str, str], stage: Stage = "blind") -> list[CodedUnit]:
    """Return what each coder gave each passage in *documents* (passage to document), to compare coders.

    "blind": what was committed before suggestions were seen. "assisted": what was decided after they were;
    such codings are alike also because the same suggestions were read.
    """
    units: dict[str, dict[str, frozenset[str]]] = {}
    for (coder, passage), coding in state.codings.items():
        codes = coding.blind if stage == "blind" else coding.final if coding.seen else None
        if codes is not None and passage in documents:
            units.setdefault(passage, {})[coder] = codes
    return [CodedUnit(p, documents[p], units[p]) for p in documents if p in units]


def _decided(state: State) -> dict[str, tuple[Coding, ...]]:
    """Return the decided codings by passage, coders in alphabetical order."""
    found: dict[str, list[Coding]] = {}
    for coding in state.codings.values():
        if coding.decided:
            found.setdefault(coding.passage, []).append(coding)
    return {passage: tuple(sorted(some, key=lambda c: c.coder)) for passage, some in found.items()}


def _distance(codings: tuple[Coding, ...]) -> float:
    pairs = [masi_distance(a.themes, b.themes) for a, b in combinations(codings, 2)]
    return sum(pairs) / len(pairs) if pairs else 0.0
