"""What suggestions do to coders, and how coders change as they go.

Suggestions make codings alike, also where they are wrong, so what a coder did before and after seeing them
is kept apart and compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from statistics import median
from typing import Literal

from svp_nlp.review.adjudication import Stage
from svp_nlp.review.decisions import Action
from svp_nlp.review.fold import Coding, State, Verdict
from svp_nlp.stats import Figure, bootstrap, proportion

By = Literal["rank", "coder", "hour", "theme"]


@dataclass(frozen=True, slots=True)
class Rate:
    """How often suggestions were accepted, changed and rejected; ``share`` accepted with its interval."""

    key: str
    accepted: int
    changed: int
    rejected: int

    @property
    def of(self) -> int:
        """All that were decided on."""
        return self.accepted + self.changed + self.rejected

    @property
    def share(self) -> Figure:
        """The share accepted, with Wilson's interval."""
        return proportion(self.key, self.accepted, self.of)


@dataclass(frozen=True, slots=True)
class Pace:
    """One coder's work of one day: passages decided, codes given, the median of seconds a passage."""

    coder: str
    day: date
    passages: int
    codes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Codes a passage."""
        return self.codes / self.passages


@dataclass(frozen=True, slots=True)
class Drift:
    """How often a coder's codes hold the model's first suggestion, coded blind and after seeing it.

    ``toward`` counts passages that gained it, ``away`` those that lost it; ``moved`` is after - before with
    an interval from resampling whole documents.
    """

    coder: str
    passages: int
    before: float
    after: float
    toward: int
    away: int
    moved: Figure


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often codings of interviews with one attribute value differ from the adjudicated coding.

    ``wrong`` is the share of codings with another set of themes; ``missed`` and ``extra`` are themes a
    coding, in the mean.
    """

    attribute: str
    value: str
    stage: Stage
    documents: int
    wrong: Figure
    missed: float
    extra: float


def acceptance(state: State, by: By, zone: tzinfo | None = None) -> tuple[Rate, ...]:
    """Count what became of suggestions by the model's rank, by coder, by theme or by hour of the day.

    Check items are not counted. Hours are those of *zone*, by default of this computer.
    """
    counts: dict[str, Counter[Action]] = defaultdict(Counter)
    for coding in state.codings.values():
        for verdict in coding.verdicts:
            if not verdict.planted:
                counts[_key(coding, verdict, by, zone)][verdict.action] += 1
    return tuple(
        Rate(key, n[Action.ACCEPT], n[Action.CHANGE], n[Action.REJECT])
        for key, n in sorted(counts.items(), key=lambda item: (len(item[0]) if by == "rank" else 0, item[0]))
    )


def check_items(state: State) -> tuple[Rate, ...]:
    """Count, by coder, what became of the check items: suggestions put in that should not be accepted."""
    counts: dict[str, Counter[Action]] = defaultdict(Counter)
    for (coder, _), coding in sorted(state.codings.items()):
        verdicts = [v for v in coding.verdicts if v.planted]
        counts[coder].update(verdict.action for verdict in verdicts)
    return tuple(
        Rate(coder, n[Action.ACCEPT], n[Action.CHANGE], n[Action.REJECT])
        for coder, n in counts.items()
        if n.total()
    )


def pace(state: State, zone: tzinfo | None = None) -> tuple[Pace, ...]:
    """Return each coder's work day by day: passages decided, codes given, seconds a passage."""
    days: dict[tuple[str, date], list[Coding]] = defaultdict(list)
    for (coder, _), coding in state.codings.items():
        if coding.decided and coding.time is not None:
            days[coder, coding.time.astimezone(zone).date()].append(coding)
    return tuple(
        Pace(coder, day, len(done), sum(len(c.themes) for c in done), median(c.seconds for c in done))
        for (coder, day), done in sorted(days.items())
    )


def codes_with_and_without(state: State) -> dict[str, tuple[Figure, Figure]]:
    """Return, by coder, the share of passages coded at all: with suggestions shown, and without any."""
    found = {}
    for coder in state.coders:
        done = [c for c in state.codings.values() if c.coder == coder and c.decided]
        found[coder] = (_coded("with", done, seen=True), _coded("without", done, seen=False))
    return found


def drift(state: State, documents: Mapping[str, str]) -> tuple[Drift, ...]:
    """Compare each coder's blind codes with those after the suggestions were seen, on the same passages.

    *documents* maps passages to documents. Coders with no passage coded both ways are left out.
    """
    found = (_drift(coder, list(_both_ways(state, coder, documents))) for coder in state.coders)
    return tuple(one for one in found if one is not None)


def error_by_attribute(
    state: State, documents: Mapping[str, str], attributes: Mapping[str, Mapping[str, str]]
) -> tuple[ErrorRate, ...]:
    """Return how often coders' codings differ from the adjudicated ones, by case attribute.

    *attributes* maps a document to its attributes ("mode" to "by phone"). Only passages that somebody
    adjudicated count, so these are errors on what was disputed, not on everything.
    """
    cases: dict[tuple[str, str, Stage], list[_Case]] = defaultdict(list)
    for case in _cases(state, documents):
        for name, value in attributes.get(case.document, {}).items():
            cases[name, value, case.stage].append(case)
    return tuple(_error_rate(key, some) for key, some in sorted(cases.items()))


@dataclass(frozen=True, slots=True)
class _Case:
    """A coder's coding of an adjudicated passage."""

    document: str
    stage: Stage
    given: frozenset[str]
    right: frozenset[str]


def _key(coding: Coding, verdict: Verdict, by: By, zone: tzinfo | None) -> str:
    if by == "coder":
        return coding.coder
    if by == "theme":
        return verdict.theme
    if by == "hour":
        return f"{verdict.time.astimezone(zone):%H}:00"
    return "unknown" if verdict.rank is None else str(verdict.rank)


def _coded(name: str, done: Iterable[Coding], *, seen: bool) -> Figure:
    some = [bool(coding.themes) for coding in done if coding.seen is seen]
    return proportion(name, sum(some), len(some))


def _both_ways(state: State, coder: str, documents: Mapping[str, str]) -> Iterator[tuple[str, bool, bool]]:
    """Yield for each passage coded both ways its document and whether it had the first suggestion."""
    for coding in state.codings.values():
        if coding.coder != coder or coding.passage not in documents or coding.blind is None:
            continue
        if coding.seen and coding.offered:
            first = coding.offered[0]
            yield documents[coding.passage], first in coding.blind, first in coding.themes


def _drift(coder: str, passages: Sequence[tuple[str, bool, bool]]) -> Drift | None:
    if not passages:
        return None
    by_document: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for document, before, after in passages:
        by_document[document].append((before, after))

    def moved(files: Sequence[list[tuple[bool, bool]]]) -> float:
        pairs = [pair for file in files for pair in file]
        return sum(int(after) - int(before) for before, after in pairs) / len(pairs)

    return Drift(
        coder,
        len(passages),
        sum(before for _, before, _ in passages) / len(passages),
        sum(after for *_, after in passages) / len(passages),
        sum(after and not before for _, before, after in passages),
        sum(before and not after for _, before, after in passages),
        bootstrap("moved toward the model", list(by_document.values()), moved),
    )


def _cases(state: State, documents: Mapping[str, str]) -> Iterator[_Case]:
    adjudicated = state.adjudications
    for coding in state.codings.values():
        right = adjudicated.get(coding.passage)
        if right is None or coding.passage not in documents:
            continue
        if coding.blind is not None:
            yield _Case(documents[coding.passage], "blind", coding.blind, right.themes)
        if coding.seen and coding.final is not None:
            yield _Case(documents[coding.passage], "assisted", coding.final, right.themes)


def _error_rate(key: tuple[str, str, Stage], cases: Sequence[_Case]) -> ErrorRate:
    by_document: dict[str, list[_Case]] = defaultdict(list)
    for case in cases:
        by_document[case.document].append(case)

    def wrong(files: Sequence[list[_Case]]) -> float:
        some = [case for file in files for case in file]
        return sum(case.given != case.right for case in some) / len(some)

    return ErrorRate(
        *key,
        len(by_document),
        bootstrap("codings that differ", list(by_document.values()), wrong),
        sum(len(case.right - case.given) for case in cases) / len(cases),
        sum(len(case.given - case.right) for case in cases) / len(cases),
    )
