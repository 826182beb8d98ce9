"""How far coders agree, with unit, frame and interval beside every figure.

Computed on blind codings: what a coder committed after seeing suggestions tells of the model too. Sources:
Cohen 1960 (kappa); Light 1971 (mean of pairs, for more than two coders); Krippendorff 2011 (alpha, missing
values allowed); Passonneau 2006 (MASI, a distance between sets); Gwet 2008 (AC1); Byrt, Bishop and Carlin
1993 (prevalence). Krippendorff's alpha is computed here because the library for it is under the GPL.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from svp_nlp.errors import ReviewError
from svp_nlp.stats import Figure, resampled

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Value = TypeVar("Value", bound=Hashable)

RARE = 0.05
"""Share of yes (or no) below which kappa and alpha hang on so few passages that a note says so."""
PREVALENCE = (
    f"rare, nearly everywhere: given to under {RARE:.0%} or over {1 - RARE:.0%}; kappa and alpha hang on few"
    " passages there and fall low though coders hardly differ: read AC1 and percent beside them"
)
FEW = 10
"""Documents below which a bootstrap over documents gives a rough interval."""


@dataclass(frozen=True, slots=True)
class CodedUnit:
    """What several coders gave one passage of a document; an empty set is "no theme applies"."""

    id: str
    document: str
    codes: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """Agreement on one thing that a passage has or has not: a theme, a domain, any code, or all pooled.

    ``cells`` are the yes-or-no questions asked (pooled: passages times themes); ``yes`` counts the yeses of
    each coder, ``both`` the cells to which all said yes. A figure is nan where it is not defined.
    """

    level: str
    name: str
    cells: int
    yes: Mapping[str, int]
    both: int
    percent: Figure
    kappa: Figure
    alpha: Figure
    ac1: Figure
    prevalence: float

    @property
    def note(self) -> str:
        """What to keep in mind when reading the figures, or ""."""
        if self.prevalence in (0.0, 1.0):
            return f"given {'nowhere' if self.prevalence == 0 else 'everywhere'}: kappa and alpha undefined"
        if RARE <= self.prevalence <= 1 - RARE:
            return ""
        return f"{'rare' if self.prevalence < RARE else 'nearly everywhere'} ({self.prevalence:.1%})"


@dataclass(frozen=True, slots=True)
class Frame:
    """What figures are about: which codings, of whom, of which passages, and how intervals were made."""

    stage: str
    coders: tuple[str, ...]
    units: int
    documents: int
    unit: str = "passage"
    interval: str = ""
    passages: str = "all passages"

    def __str__(self) -> str:
        who = ", ".join(self.coders) + (" (kappa: mean of their pairs)" if len(self.coders) > 2 else "")
        return (
            f"{self.stage}; coders: {who}; unit: one {self.unit}; frame: {self.passages} that at least two"
            f" of them coded, {self.units} of {self.documents} documents; {self.interval}"
        )


@dataclass(frozen=True)
class Agreement:
    """Agreement of two or more coders on the passages that at least two of them coded.

    ``rows``: coded or not, pooled, domains, themes. ``sets`` is Krippendorff's alpha on whole sets of themes
    with the MASI distance; ``same`` the share of pairs with exactly the same set; ``shared`` the share that
    have a theme in common where both gave any.
    """

    frame: Frame
    rows: tuple[Row, ...] = field(repr=False)
    sets: Figure
    same: Figure
    shared: Figure

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        frame = {name: getattr(self.frame, name) for name in Frame.__slots__}
        return {
            "frame": frame | {"coders": list(self.frame.coders)},
            "sets": [figure.as_dict() for figure in (self.sets, self.same, self.shared)],
            "rows": [_row_dict(row) for row in self.rows],
        }

    def table(self) -> str:
        """Return the figures as text, the frame first."""
        lines = [str(self.frame)]
        lines += [f"{f.name}: {_shown(f)}" for f in (self.sets, self.same, self.shared)]
        lines.append("  ".join(["", *_HEAD]))
        for row in self.rows:
            cells = [f"{row.name:<{_NAME}}", "/".join(str(n) for n in row.yes.values()).rjust(9)]
            cells += [_shown(f).rjust(_WIDTH) for f in (row.percent, row.kappa, row.alpha, row.ac1)]
            lines.append("  ".join(["", *cells, row.note]).rstrip())
        if any("(" in row.note for row in self.rows):
            lines.append(PREVALENCE)
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a theme, domain and total: figures with their bounds, counts, the frame repeated."""
        import pandas as pd

        flat = []
        for row in self.rows:
            figures = {"percent": row.percent, "kappa": row.kappa, "alpha": row.alpha, "ac1": row.ac1}
            bounds = {
                f"{name}{end}": value
                for name, f in figures.items()
                for end, value in (("", f.value), ("_low", f.low), ("_high", f.high))
            }
            about = {"level": row.level, "name": row.name, "cells": row.cells, "both": row.both}
            flat.append({**about, **bounds, "prevalence": row.prevalence, "note": row.note})
        return pd.DataFrame(flat).assign(frame=str(self.frame))

    def _repr_html_(self) -> str:
        from html import escape

        head = "".join(f"<th>{escape(h.strip())}</th>" for h in (*_HEAD, "note"))
        body = "".join(
            f"<tr><th>{escape(r.name)}</th><td>{'/'.join(str(n) for n in r.yes.values())}</td>"
            + "".join(f"<td>{_shown(f)}</td>" for f in (r.percent, r.kappa, r.alpha, r.ac1))
            + f"<td>{escape(r.note)}</td></tr>"
            for r in self.rows
        )
        sets = "; ".join(f"{f.name}: {_shown(f)}" for f in (self.sets, self.same, self.shared))
        table = f"<table><tr>{head}</tr>{body}</table><p>{PREVALENCE}</p>"
        return f"<p>{escape(str(self.frame))}</p><p>{escape(sets)}</p>{table}"


_NAME, _WIDTH = 40, 20
_HEAD = (
    f"{'':<{_NAME}}",
    "yes".rjust(9),
    *(h.rjust(_WIDTH) for h in ("percent", "kappa", "alpha", "AC1")),
)


def agreement(
    units: Sequence[CodedUnit],
    domain_of: Mapping[str, str],
    *,
    stage: str = "blind codings",
    passages: str = "all passages",
    draws: int = 1000,
) -> Agreement:
    """Compute how far coders agree on *units*; *domain_of* maps every theme of the codebook to its domain.

    Units that fewer than two coders coded are left out. Intervals are the 2.5 % and 97.5 % quantiles over
    *draws* resamples of whole documents (seed 0), since passages of one interview are alike; there are none
    from fewer than three documents. Raises ReviewError where no two coders coded the same passage.
    """
    framed = [unit for unit in units if len(unit.codes) > 1]
    if not framed:
        raise ReviewError(
            f"no passage has {stage} of two coders, so there is no agreement to compute",
            hint="have a second coder code some of the same passages",
        )
    table = _Table(framed, draws)
    questions = list(_questions(domain_of))
    frame = Frame(stage, table.coders, len(framed), len(table.documents), "passage", table.interval, passages)
    rows = tuple(table.row(level, name, groups) for level, name, groups in questions)
    return Agreement(frame, rows, *table.sets())


def krippendorff_alpha(
    units: Sequence[Sequence[Value]], distance: Callable[[Value, Value], float] | None = None
) -> float:
    """Return Krippendorff's alpha of the values that coders gave each unit; nan where nothing varies.

    A unit lists the values it was given, however many; units with fewer than two are left out. *distance*
    is the squared difference of two values, 0 for equal ones; nominal (0 or 1) when None.
    """
    pairable = [unit for unit in units if len(unit) > 1]
    values = list(dict.fromkeys(value for unit in pairable for value in unit))
    between = _distances(values, distance or (lambda a, b: float(a != b)))
    observed, counts = _disagreement(pairable, values, between)
    return float(_alpha(observed.sum(), counts.sum(axis=0), between))


def masi_distance(a: frozenset[str], b: frozenset[str]) -> float:
    """Return 1 - Jaccard x monotonicity of two sets, in [0, 1] (Passonneau 2006).

    Monotonicity is 1 for equal sets, 2/3 where one holds the other, 1/3 where they only overlap.

    >>> round(masi_distance(frozenset("ab"), frozenset("a")), 3)
    0.667
    """
    if a == b:
        return 0.0
    if not a & b:
        return 1.0
    monotonicity = 2 / 3 if a <= b or b <= a else 1 / 3
    return 1 - len(a & b) / len(a | b) * monotonicity


def gwet_ac1(yes: Sequence[int], of: Sequence[int]) -> float:
    """Return Gwet's AC1 of yes-or-no questions: to each, *yes* of *of* coders (at least two) said yes."""
    return float(_ac1(_sums(np.asarray(yes, dtype=float), np.asarray(of, dtype=float)).sum(axis=0)))


def _questions(domain_of: Mapping[str, str]) -> Iterator[tuple[str, str, list[frozenset[str] | None]]]:
    """Yield what is asked of every passage: level, name, and groups of themes (None: any code at all)."""
    themes = [frozenset([theme]) for theme in domain_of]
    yield "coded", "coded or not", [None]
    yield "pooled", "all themes pooled", list(themes)
    for domain in dict.fromkeys(domain_of.values()):
        yield "domain", domain, [frozenset(t for t, d in domain_of.items() if d == domain)]
    for theme in domain_of:
        yield "theme", theme, [frozenset([theme])]


class _Table:
    """The units' codes as numbers, and the documents resampled."""

    def __init__(self, units: Sequence[CodedUnit], draws: int) -> None:
        self.units = units
        self.coders = tuple(sorted({coder for unit in units for coder in unit.codes}))
        self.documents = tuple(dict.fromkeys(unit.document for unit in units))
        self.draws = draws

    @cached_property
    def document(self) -> npt.NDArray[np.intp]:
        """The number of each unit's document."""
        at = {name: number for number, name in enumerate(self.documents)}
        return np.array([at[unit.document] for unit in self.units])

    @cached_property
    def weights(self) -> Floats:
        """How often each document is drawn, shape (draws, documents); the first row is the data itself."""
        return np.vstack([np.ones(len(self.documents)), resampled(len(self.documents), self.draws)])

    @property
    def interval(self) -> str:
        """How intervals are made."""
        if len(self.documents) < 3:
            return "no intervals from fewer than three documents"
        rough = " (few: intervals are rough)" if len(self.documents) < FEW else ""
        over = f"bootstrap over {len(self.documents)} documents{rough}"
        return f"95 % intervals: {over}, {self.draws} draws, seed 0"

    def row(self, level: str, name: str, groups: Sequence[frozenset[str] | None]) -> Row:
        """Compute a row; with several *groups* their answers are pooled."""
        answers = np.vstack([self._answers(group) for group in groups])
        document = np.tile(self.document, len(groups))
        given = ~np.isnan(answers)
        sums = _sums(np.nansum(answers, axis=1), given.sum(axis=1))
        pairs = [_pair(answers[:, i], answers[:, j]) for i, j in combinations(range(len(self.coders)), 2)]
        totals = self._totals(np.hstack([sums, *pairs]), document)
        base, tables = totals[:, : sums.shape[1]], totals[:, sums.shape[1] :]
        return Row(
            level,
            name,
            len(answers),
            {coder: int(np.nansum(answers[:, i])) for i, coder in enumerate(self.coders)},
            int(((answers == 1) | ~given).all(axis=1).sum()),
            self._figure("percent", base[:, 1] / base[:, 0]),
            self._figure("kappa", _mean_kappa(tables)),
            self._figure("alpha", _binary_alpha(base)),
            self._figure("AC1", _ac1(base)),
            float(base[0, 4] / base[0, 5]),
        )

    def sets(self) -> tuple[Figure, Figure, Figure]:
        """Return alpha with MASI, the share of equal sets, and of sets that meet where both gave any."""
        lists = [list(unit.codes.values()) for unit in self.units]
        values = list(dict.fromkeys(codes for some in lists for codes in some))
        between = _distances(values, masi_distance)
        observed, counts = _disagreement(lists, values, between)
        alphas = np.array(
            [
                _alpha(o, c, between)
                for o, c in zip(self._totals(observed[:, None], self.document)[:, 0],
                                self._totals(counts, self.document), strict=True)
            ]
        )  # fmt: skip
        pairs = np.array([_meetings(some) for some in lists])
        same, of, shared, any_ = self._totals(pairs, self.document).T
        return (
            self._figure("alpha of whole sets (MASI)", alphas),
            self._figure("same set", same / of),
            self._figure("a theme in common where both gave any", _ratio(shared, any_)),
        )

    def _answers(self, group: frozenset[str] | None) -> Floats:
        """Return 1 and 0 for who did and did not give a theme of *group*, nan for who did not code."""
        rows = [[_answer(unit.codes.get(coder), group) for coder in self.coders] for unit in self.units]
        return np.array(rows)

    def _totals(self, per_cell: Floats, document: npt.NDArray[np.intp]) -> Floats:
        """Return the columns' sums over every draw of documents, shape (1 + draws, columns)."""
        sums = np.zeros((len(self.documents), per_cell.shape[1]))
        np.add.at(sums, document, per_cell)
        return np.asarray(self.weights @ sums)

    def _figure(self, name: str, values: Floats) -> Figure:
        """Return the first of *values* with the interval of the others."""
        drawn = values[1:][~np.isnan(values[1:])]
        if len(self.documents) < 3 or not len(drawn) or np.isnan(values[0]):
            return Figure(name, float(values[0]))
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Figure(name, float(values[0]), float(low), float(high), interval=self.interval)


def _answer(codes: frozenset[str] | None, group: frozenset[str] | None) -> float:
    if codes is None:
        return np.nan
    return float(bool(codes if group is None else codes & group))


def _sums(yes: Floats, of: npt.NDArray[Any]) -> Floats:
    """Return per cell: 1, share of agreeing pairs, share of yes, disagreements (alpha's), yes, answers."""
    no = of - yes
    agree = (yes * (yes - 1) + no * (no - 1)) / (of * (of - 1))
    return np.column_stack([np.ones(len(yes)), agree, yes / of, yes * no / (of - 1), yes, of])


def _pair(a: Floats, b: Floats) -> Floats:
    """Return per cell whether two coders said yes-yes, yes-no, no-yes, no-no."""
    return np.column_stack([(a == x) & (b == y) for x in (1, 0) for y in (1, 0)]).astype(float)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return *part* / *whole*, nan where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=np.abs(whole) > 1e-12)


def _ac1(base: Floats) -> Floats:
    """Return AC1 from the totals of `_sums` (last axis)."""
    observed = base[..., 1] / base[..., 0]
    yes = base[..., 2] / base[..., 0]
    chance = 2 * yes * (1 - yes)
    return np.asarray((observed - chance) / (1 - chance))


def _binary_alpha(base: Floats) -> Floats:
    """Return alpha of yes-or-no answers from the totals of `_sums` (last axis)."""
    disagreed, yes, answers = base[..., 3], base[..., 4], base[..., 5]
    return 1 - _ratio((answers - 1) * disagreed, yes * (answers - yes))


def _mean_kappa(tables: Floats) -> Floats:
    """Return Cohen's kappa from counts yes-yes, yes-no, no-yes, no-no; of several pairs the mean."""
    kappas = [_kappa(tables[:, at : at + 4]) for at in range(0, tables.shape[1], 4)]
    defined = ~np.isnan(kappas)
    return _ratio(np.nansum(kappas, axis=0), defined.sum(axis=0).astype(float))


def _kappa(counts: Floats) -> Floats:
    n = counts.sum(axis=1)
    both, first, second, neither = counts.T
    observed = _ratio(both + neither, n)
    chance = _ratio((both + first) * (both + second) + (neither + first) * (neither + second), n * n)
    return _ratio(observed - chance, 1 - chance)


def _distances(values: Sequence[Value], distance: Callable[[Value, Value], float]) -> Floats:
    return np.array([[distance(a, b) for b in values] for a in values], dtype=float)


def _disagreement(
    units: Sequence[Sequence[Value]], values: Sequence[Value], between: Floats
) -> tuple[Floats, Floats]:
    """Return per unit the disagreement among its values, and how often each value was given."""
    at = {value: number for number, value in enumerate(values)}
    counts = np.zeros((len(units), len(values)))
    for number, unit in enumerate(units):
        for value in unit:
            counts[number, at[value]] += 1
    given = counts.sum(axis=1)
    return np.einsum("ui,ij,uj->u", counts, between, counts) / np.maximum(given - 1, 1), counts


def _alpha(observed: float, counts: Floats, between: Floats) -> float:
    """Return 1 - observed / expected disagreement; nan where none is expected."""
    expected = counts @ between @ counts
    return float("nan") if expected == 0 else float(1 - observed * (counts.sum() - 1) / expected)


def _meetings(codes: Sequence[frozenset[str]]) -> tuple[float, float, float, float]:
    """Count pairs of coders: with the same set, all, with a theme in common, where both gave any."""
    pairs = list(combinations(codes, 2))
    share = 1 / len(pairs)  # a passage counts once, however many coded it
    both = [(a, b) for a, b in pairs if a and b]
    met = sum(bool(a & b) for a, b in both)
    return sum(a == b for a, b in pairs) * share, 1.0, met * share, len(both) * share


def _shown(figure: Figure) -> str:
    """Return "0.61 [0.40, 0.78]"; a dash where it is not defined."""
    if figure.value != figure.value:
        return "–"
    return f"{figure.value:.2f}" + (
        f" [{figure.low:.2f}, {figure.high:.2f}]" if figure.low == figure.low else ""
    )


def _row_dict(row: Row) -> dict[str, Any]:
    figures = {"percent": row.percent, "kappa": row.kappa, "alpha": row.alpha, "ac1": row.ac1}
    about = {"level": row.level, "name": row.name, "cells": row.cells, "yes": dict(row.yes), "both": row.both}
    return {
        **about,
        **{name: figure.as_dict() for name, figure in figures.items()},
        "prevalence": round(row.prevalence, 6),
        "note": row.note,
    }
