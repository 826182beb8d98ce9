"""Score suggested codes against the codes people gave, turn by turn.

The unit is a respondent's turn; the frame is every such turn, coded or not, or the coded ones where a figure
says so. Intervals come from resampling whole files, because turns of one interview are alike.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from svp_nlp.errors import GoldError
from svp_nlp.evaluation.gold import GoldTranscript
from svp_nlp.model import Passage, Role, Suggestions
from svp_nlp.stats import Figure, auroc, bootstrap, calibration, calibration_error, error_by_chance, kappa

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, int]
"""A turn: transcript id and index of the turn."""

MISSED = 0.05
"""The share of coded turns that a threshold for saying "none" may miss."""

LONG = 40
"""Words from which on a turn counts as long: length alone no longer tells coded turns from others."""


@dataclass(frozen=True, slots=True)
class TurnGold:
    """One unit: whose turn, how long, and the themes a coder gave it (empty: read, none applies)."""

    transcript: str
    turn: int
    words: int
    themes: frozenset[str]

    @property
    def key(self) -> Key:
        """Transcript id and turn index."""
        return self.transcript, self.turn


@dataclass(frozen=True, slots=True)
class TurnSuggestion:
    """What a system says of a turn: themes with scores, best first, and how likely it is coded at all."""

    ranked: tuple[tuple[str, float], ...]
    coded: float
    abstained: bool = False

    @property
    def first(self) -> str:
        """The theme ranked first, or "" where there is none."""
        return self.ranked[0][0] if self.ranked else ""

    @property
    def decision(self) -> frozenset[str]:
        """What the system would code if nobody looked: its first theme, or nothing when it abstains."""
        return frozenset() if self.abstained or not self.ranked else frozenset({self.first})


System = Mapping[Key, TurnSuggestion]
_Unit = tuple[TurnGold, TurnSuggestion]
_File = list[_Unit]


@dataclass(frozen=True, slots=True)
class SystemScore:
    """The figures of one system on one gold set.

    ``calibration`` holds (mean score, share right, turns) by bin, ``coverage`` (share answered, share right
    of those), ``confusion`` (theme of the coder, theme suggested first or "none", turns): a turn whose first
    theme is one of the coder's counts as that theme alone, any other once for each of the coder's.
    """

    system: str
    figures: tuple[Figure, ...] = field(repr=False)
    per_theme: tuple[tuple[str, int, int, int, float], ...] = field(repr=False)
    calibration: tuple[tuple[float, float, int], ...] = field(repr=False)
    coverage: tuple[tuple[float, float], ...] = field(repr=False)
    confusion: tuple[tuple[str, str, int], ...] = field(default=(), repr=False)

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class SuggestionScore:
    """Several systems on the same units, the first one ours; ``notes`` say what was measured on what."""

    systems: tuple[SystemScore, ...]
    humans: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __getitem__(self, system: str) -> SystemScore:
        for score in self.systems:
            if score.system == system:
                return score
        raise KeyError(system)

    def table(self) -> str:
        """Return the figures as text: one row a figure, one column a system."""
        names = list(dict.fromkeys(f.name for s in self.systems for f in s.figures))
        rows = [["", *(s.system for s in self.systems)]]
        rows += [[name, *(_cell(s, name) for s in self.systems)] for name in names]
        blocks = ["\n".join(self.notes), _columns(rows)]
        if self.humans:
            blocks.append(self._human_table())
        blocks.append(self._theme_table())
        return "\n\n".join(block for block in blocks if block)

    def _human_table(self) -> str:
        """Lay out agreement with the first coder, on the turns that the second coder read."""
        columns = list(zip(*self.humans.values(), strict=True))
        rows = [[figures[0].name, *map(str, figures)] for figures in columns]
        return _columns([["agreement with the first coder", *self.humans], *rows])

    def _theme_table(self) -> str:
        head = ["theme", "coded", "suggested", "both", "kappa"]
        rows = [[t, str(a), str(b), str(c), f"{k:.2f}"] for t, a, b, c, k in self.systems[0].per_theme]
        return _columns([head, *rows])

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with one row a figure and system."""
        import pandas as pd

        rows = [{"system": s.system, **f.as_dict()} for s in self.systems for f in s.figures]
        rows += [
            {"system": f"{who}, same turns", **f.as_dict()} for who, fs in self.humans.items() for f in fs
        ]
        return pd.DataFrame(rows)

    def themes_frame(self) -> pd.DataFrame:
        """Return per theme: turns coded by people, by our decision, by both, and kappa."""
        import pandas as pd

        columns = ["theme", "coded", "suggested", "both", "kappa"]
        return pd.DataFrame(self.systems[0].per_theme, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON objects."""
        return {
            "notes": list(self.notes),
            "systems": [_as_json(s) for s in self.systems],
            "humans": {who: [f.as_dict() for f in figures] for who, figures in self.humans.items()},
        }

    def to_json(self) -> str:
        """Return the same as JSON text."""
        return json.dumps(self.as_dict(), indent=1)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{s.system}</th>" for s in self.systems)
        names = dict.fromkeys(f.name for s in self.systems for f in s.figures)
        body = "".join(
            f"<tr><td>{n}</td>{''.join(f'<td>{_cell(s, n)}</td>' for s in self.systems)}</tr>" for n in names
        )
        return f"<table><tr><th></th>{head}</tr>{body}</table>"


def gold_turns(gold: Sequence[GoldTranscript]) -> tuple[TurnGold, ...]:
    """Return the units of a gold set: every turn that is not an interviewer's, and every coded turn."""
    units = []
    for one in gold:
        coded = one.coded_turns()
        for turn in one.transcript.turns:
            if turn.role is Role.INTERVIEWER and turn.index not in coded:
                continue
            words = len(one.transcript.said(turn).split())
            units.append(TurnGold(one.id, turn.index, words, frozenset(coded.get(turn.index, ()))))
    return tuple(units)


def by_turn(passages: Iterable[Passage], suggested: Iterable[Suggestions]) -> dict[Key, TurnSuggestion]:
    """Join what is suggested for passages into turns: of a turn in parts each theme keeps its best score."""
    parts: defaultdict[Key, list[Suggestions]] = defaultdict(list)
    for passage, made in zip(passages, suggested, strict=True):
        parts[passage.transcript, passage.turn].append(made)
    return {key: _joined(made) for key, made in parts.items()}


def score_suggestions(
    units: Sequence[TurnGold],
    suggested: System,
    domains: Mapping[str, str],
    *,
    system: str = "svp-nlp",
    decides: bool = True,
) -> SystemScore:
    """Score one system on *units*; *domains* gives the domain of every theme.

    With ``decides=False`` the scores are no probabilities and nothing is ever declined (the baselines): then
    only the figures of order are given. Raises GoldError where a unit has no entry in *suggested* or a gold
    theme is not in *domains*.
    """
    _check(units, suggested, domains)
    files = _by_file([(unit, suggested[unit.key]) for unit in units])
    statistics = _statistics(files, domains, decides=decides)
    scores, hits = _split(_firsts(files))
    return SystemScore(
        system=system,
        figures=tuple(bootstrap(name, files, statistic) for name, statistic in statistics.items()),
        per_theme=tuple(_theme_row(theme, _flat(files)) for theme in domains),
        calibration=tuple(calibration(scores, hits)),
        coverage=tuple(coverage_accuracy(scores, hits)),
        confusion=_confusion(_coded(files)),
    )


def _confusion(coded: Sequence[_Unit]) -> tuple[tuple[str, str, int], ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for gold, made in coded:
        first = "none" if made.abstained or not made.first else made.first
        counts.update((theme, first) for theme in ([first] if first in gold.themes else sorted(gold.themes)))
    return tuple((a, b, n) for (a, b), n in sorted(counts.items()))


def compare_suggestions(
    units: Sequence[TurnGold], ours: System, other: System, domains: Mapping[str, str]
) -> tuple[Figure, ...]:
    """Say how far *other* is from *ours*: the share of turns both treat alike, then each figure's difference.

    Differences are *other* minus *ours*; the same files are drawn for both. Raises GoldError as
    `score_suggestions` does.
    """
    _check(units, ours, domains)
    _check(units, other, domains)
    a, b = (_by_file([(unit, system[unit.key]) for unit in units]) for system in (ours, other))
    pairs = list(zip(a, b, strict=True))
    figures = [bootstrap(name, pairs, partial(_alike, by=by)) for name, by in _TREATMENTS.items()]
    theirs = _statistics(b, domains, decides=True)
    for name, statistic in _statistics(a, domains, decides=True).items():
        figures.append(bootstrap(name, pairs, partial(_gap, ours=statistic, other=theirs[name])))
    return tuple(figures)


_TREATMENTS: Mapping[str, Callable[[TurnSuggestion], object]] = {
    "same first theme": lambda made: made.first,
    "same three first, in any order": lambda made: {theme for theme, _ in made.ranked[:3]},
    "same three first, in order": lambda made: [theme for theme, _ in made.ranked[:3]],
    "same none": lambda made: made.abstained,
}


def _alike(pairs: Sequence[tuple[_File, _File]], *, by: Callable[[TurnSuggestion], object]) -> float:
    return _mean(by(x) == by(y) for a, b in pairs for (_, x), (_, y) in zip(a, b, strict=True))


def _gap(pairs: Sequence[tuple[_File, _File]], *, ours: _Statistic, other: _Statistic) -> float:
    return other([b for _, b in pairs]) - ours([a for a, _ in pairs])


def _statistics(
    files: Sequence[_File], domains: Mapping[str, str], *, decides: bool
) -> dict[str, _Statistic]:
    """Return the figures by name; of a system that does not decide those of order alone."""
    ranks = any(made.ranked for _, made in _flat(files))
    found = _orders(domains) | _gates() if ranks else _gates()
    if decides:
        found |= _decisions(domains)
        found[f"missed with a threshold for {MISSED:.0%} from other files"] = _missed(files)
    return found


def _missed(files: Sequence[_File]) -> _Statistic:
    """Return the share of coded turns below a threshold that was chosen on the other files to miss `MISSED`.

    So it is told whether an error rate stated beforehand holds on files that had no part in it.
    """
    from svp_nlp.coding.abstain import conformal_threshold

    below: dict[Key, bool] = {}
    for file in files:
        others = [m.coded for _, m in _coded([f for f in files if f is not file])]
        threshold = conformal_threshold(np.array(others), MISSED)
        below |= {g.key: m.coded < (threshold or 0.0) for g, m in file}
    return lambda some: _mean(below[g.key] for g, _ in _coded(some))


def coverage_accuracy(scores: Sequence[float], hits: Sequence[bool]) -> list[tuple[float, float]]:
    """Return (share answered, share right of those) as the least sure answers are left out one by one."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    curve, right = [], 0
    for n, i in enumerate(order, start=1):
        right += hits[i]
        curve.append((n / len(order), right / n))
    return curve


def agreement(
    units: Sequence[TurnGold], other: Mapping[Key, frozenset[str]], themes: Sequence[str]
) -> tuple[Figure, ...]:
    """Compare a second coder with the first on the turns both read; bootstrap over files."""
    shared = [
        (u, TurnSuggestion(tuple((t, 1.0) for t in other[u.key]), 1.0)) for u in units if u.key in other
    ]
    files = _by_file(shared)
    names: dict[str, _Statistic] = {
        "same set of themes": lambda s: _mean(g.themes == _all(m) for g, m in _flat(s)),
        "coded or not, kappa": lambda s: _coded_kappa(s, _all),
        "pooled kappa, turn by theme": partial(_pooled_kappa, themes=tuple(themes), decide=_all),
        "share a theme, where both coded": lambda s: _mean(
            bool(g.themes & _all(m)) for g, m in _flat(s) if g.themes and m.ranked
        ),
    }
    return tuple(bootstrap(name, files, statistic) for name, statistic in names.items())


_Statistic = Callable[[Sequence[_File]], float]


def _orders(domains: Mapping[str, str]) -> dict[str, _Statistic]:
    """Figures of the ranking, over coded turns."""
    return {
        "a gold theme among the first three": lambda s: _mean(_among(u, 3) for u in _coded(s)),
        "first is a gold theme": lambda s: _mean(_among(u, 1) for u in _coded(s)),
        "right domain first": lambda s: _mean(_domain_right(u, domains) for u in _coded(s)),
        "first is a gold theme, surer half": _surer_half,
    }


def _gates() -> dict[str, _Statistic]:
    """Figures of telling coded turns from others, over all turns."""
    return {
        "coded or not, AUROC": partial(_gate, at_least=0),
        f"coded or not, AUROC, {LONG} words or more": partial(_gate, at_least=LONG),
    }


def _decisions(domains: Mapping[str, str]) -> dict[str, _Statistic]:
    """Figures of scores read as probabilities, and of what would be coded if nobody looked."""
    return {
        "calibration error, first score": lambda s: calibration_error(*_split(_firsts(s))),
        "  by chance on so few turns": lambda s: error_by_chance(_split(_firsts(s))[0]),
        "calibration error, coded or not": lambda s: calibration_error(
            [m.coded for _, m in _flat(s)], [bool(g.themes) for g, _ in _flat(s)]
        ),
        "  by chance on as many": lambda s: error_by_chance([m.coded for _, m in _flat(s)]),
        "says none, of uncoded turns": lambda s: _mean(m.abstained for g, m in _flat(s) if not g.themes),
        "says none, of coded turns": lambda s: _mean(m.abstained for _, m in _coded(s)),
        "coded or not, kappa": lambda s: _coded_kappa(s, _decision),
        "pooled kappa, turn by theme": partial(_pooled_kappa, themes=tuple(domains), decide=_decision),
    }


def _check(units: Sequence[TurnGold], suggested: System, domains: Mapping[str, str]) -> None:
    if not any(unit.themes for unit in units):
        raise GoldError("no turn is coded; expected {{code: ...}} lines in the gold files")
    for unit in units:
        if unit.key not in suggested:
            raise GoldError(
                f"{unit.transcript}, turn {unit.turn + 1}: nothing suggested, a ranking was expected"
            )
        unknown = sorted(unit.themes - domains.keys())
        if unknown:
            raise GoldError(
                f'{unit.transcript}, turn {unit.turn + 1}: theme "{unknown[0]}" is not in the codebook',
                hint="put the study's codebook beside the gold as codebook.yaml, or name it with --codebook",
            )


def _joined(parts: Sequence[Suggestions]) -> TurnSuggestion:
    best: dict[str, float] = {}
    for part in parts:
        for one in part.ranked:
            best[one.theme] = max(one.score, best.get(one.theme, one.score))
    ranked = tuple(sorted(best.items(), key=lambda item: -item[1]))
    return TurnSuggestion(ranked, max(p.coded for p in parts), all(p.abstained for p in parts))


def _by_file(units: Iterable[_Unit]) -> list[_File]:
    return [list(group) for _, group in groupby(units, key=lambda unit: unit[0].transcript)]


def _flat(files: Sequence[_File]) -> list[_Unit]:
    return [unit for file in files for unit in file]


def _coded(files: Sequence[_File]) -> list[_Unit]:
    return [unit for unit in _flat(files) if unit[0].themes]


def _mean(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")


def _among(unit: _Unit, most: int) -> bool:
    gold, made = unit
    return any(theme in gold.themes for theme, _ in made.ranked[:most])


def _domain_right(unit: _Unit, domains: Mapping[str, str]) -> bool:
    gold, made = unit
    return domains.get(made.first) in {domains[theme] for theme in gold.themes}


def _gate(files: Sequence[_File], *, at_least: int) -> float:
    units = [(g, m) for g, m in _flat(files) if g.words >= at_least]
    return auroc([m.coded for _, m in units], [bool(g.themes) for g, _ in units])


def _firsts(files: Sequence[_File]) -> list[tuple[float, bool]]:
    return [(m.ranked[0][1], m.first in g.themes) for g, m in _coded(files) if m.ranked]


def _split(pairs: Sequence[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [score for score, _ in pairs], [hit for _, hit in pairs]


def _surer_half(files: Sequence[_File]) -> float:
    firsts = sorted(_firsts(files), key=lambda pair: -pair[0])
    return _mean(hit for _, hit in firsts[: (len(firsts) + 1) // 2])


def _decision(made: TurnSuggestion) -> frozenset[str]:
    return made.decision


def _all(made: TurnSuggestion) -> frozenset[str]:
    return frozenset(theme for theme, _ in made.ranked)


def _coded_kappa(files: Sequence[_File], decide: Callable[[TurnSuggestion], frozenset[str]]) -> float:
    units = _flat(files)
    return kappa([bool(g.themes) for g, _ in units], [bool(decide(m)) for _, m in units])


def _pooled_kappa(
    files: Sequence[_File],
    *,
    themes: Sequence[str],
    decide: Callable[[TurnSuggestion], frozenset[str]],
) -> float:
    """Return kappa over all pairs of turn and theme."""
    units = [(g.themes, decide(m)) for g, m in _flat(files)]
    a = [theme in gold for gold, _ in units for theme in themes]
    return kappa(a, [theme in made for _, made in units for theme in themes])


def _theme_row(theme: str, units: Sequence[_Unit]) -> tuple[str, int, int, int, float]:
    a = [theme in g.themes for g, _ in units]
    b = [theme in m.decision for _, m in units]
    return theme, sum(a), sum(b), sum(x and y for x, y in zip(a, b, strict=True)), kappa(a, b)


def _cell(score: SystemScore, name: str) -> str:
    found = [f for f in score.figures if f.name == name]
    return str(found[0]) if found else "–"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _as_json(score: SystemScore) -> dict[str, Any]:
    themes = [
        {"theme": t, "coded": a, "suggested": b, "both": c, "kappa": round(k, 6) if k == k else None}
        for t, a, b, c, k in score.per_theme
    ]
    return {
        "system": score.system,
        "figures": [f.as_dict() for f in score.figures],
        "per_theme": themes,
        "calibration": [list(row) for row in score.calibration],
        "coverage": [list(row) for row in score.coverage],
        "confusion": [list(row) for row in score.confusion],
    }
