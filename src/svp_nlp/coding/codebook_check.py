"""Look at a codebook before anybody codes with it: which themes will be mixed up, which say too little.

Nothing here needs an interview. Two themes may be mixed up when they are alike as seen from the codebook's
mean: of the pairs called so in the development set six in ten were mixed up by the suggester, of all pairs
three. A piece of a theme (definition, inclusion cue, exemplar) strays when another theme is clearly nearer to
it than its own theme without that piece: a hint only, it foretold mix-ups with one of two codebooks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from itertools import combinations
from textwrap import shorten
from typing import Any

import numpy as np

from svp_nlp.coding.grounds import grounds
from svp_nlp.coding.rank import CodebookRanker, route, unit
from svp_nlp.coding.topic_map import LEGEND, LINE, MARGIN, WIDTH, plane, shape
from svp_nlp.coding.words import content_words
from svp_nlp.engines.protocols import Embedder
from svp_nlp.model import Codebook, Grounds, Suggestions, Theme

ENOUGH = 8
"""With so many confirmed passages a theme is learned: on 5,233 comments of patients the first suggestion is
right for .48 with two, .61 with eight and .64 with sixteen."""

# Cosine between themes, seen from the codebook's mean and above what k unrelated themes have (-1 / (k - 1)),
# from which on they are called alike: 15 and 17 of the 105 pairs of two codebooks, of which 60 % and 65 %
# were mixed up (of all pairs 27 % and 32 %).
_ALIKE = 0.22
_STRAYS_BY = 0.1
_LEGEND_LABEL = 44


@dataclass(frozen=True, slots=True)
class Stray:
    """A piece of a theme (*kind*, counted from 1) that lies nearer to another theme."""

    theme: str
    kind: str
    number: int
    nearest: str


@dataclass(frozen=True, slots=True)
class Confusable:
    """Two themes that may be mixed up.

    ``likeness`` is the cosine between them, 0 for unrelated themes; ``strays`` counts the pieces of either
    that lie nearer to the other.
    """

    first: str
    second: str
    likeness: float
    strays: int


@dataclass(frozen=True, slots=True)
class ThemeCheck:
    """A theme: how many exemplars, passages that support it (None: no interviews yet), and what to mend.

    ``few``: cues and exemplars together are too few to suggest the theme well (`svp_nlp.coding.grounds`).
    """

    theme: str
    exemplars: int
    support: int | None
    advice: tuple[str, ...]
    cues: int = 0
    few: bool = False


@dataclass(frozen=True, slots=True)
class CodebookCheck:
    """What a look at a codebook found; ``points`` places each theme on the overlap map."""

    version: str
    themes: tuple[ThemeCheck, ...]
    confusable: tuple[Confusable, ...]
    strays: tuple[Stray, ...]
    points: Mapping[str, tuple[float, float]] = field(repr=False)

    def table(self) -> str:
        """Return the findings as text."""
        lines = ["cues  exemplars  support  theme"]
        for t in self.themes:
            support = "–" if t.support is None else str(t.support)
            few = "few" if t.few else ""
            lines.append(f"{t.cues:4d}  {t.exemplars:4d} {few:4s}  {support:>7s}  {t.theme}")
            lines += [f"{'':26s}{advice}" for advice in t.advice]
        lines += ["", "themes that may be mixed up (likeness; pieces clearly nearer to the other)"]
        lines += [f"  {c.first} – {c.second} ({c.likeness:.2f}; {c.strays})" for c in self.confusable]
        lines += [] if self.confusable else ["  none"]
        lines += ["", "pieces that lie clearly nearer to another theme"]
        lines += [f"  {s.theme}: {s.kind} {s.number} is nearer to {s.nearest}" for s in self.strays]
        return "\n".join(lines if self.strays else [*lines, "  none"])

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the map as JSON objects."""
        return {
            "version": self.version,
            "themes": [asdict(t) for t in self.themes],
            "confusable": [asdict(c) for c in self.confusable],
            "strays": [asdict(s) for s in self.strays],
        }


def check_codebook(
    codebook: Codebook, embedder: Embedder, suggestions: Sequence[Suggestions] | None = None
) -> CodebookCheck:
    """Say what may go wrong with *codebook*.

    With the *suggestions* for a study's passages it is also said which themes no passage supports.
    """
    ranker = CodebookRanker(codebook, embedder)
    strays = tuple(_strays(ranker))
    support = None if suggestions is None else _support(suggestions)
    points = plane(ranker.directions)
    known = zip(codebook.themes, grounds(codebook, {}), strict=True)
    return CodebookCheck(
        codebook.version,
        tuple(_theme_check(theme, of_it, codebook, support) for theme, of_it in known),
        _confusable(ranker, strays),
        strays,
        {t.id: (float(x), float(y)) for t, (x, y) in zip(codebook.themes, points, strict=True)},
    )


def overlap_map(check: CodebookCheck, codebook: Codebook) -> str:
    """Draw the themes as an SVG picture: near each other where alike, joined where they may be mixed up.

    Shape and colour are those of the domain; the legend names each theme by its number.
    """
    rows = len(codebook.themes) + len(codebook.domains)
    height = max(420, 2 * MARGIN + LINE * rows)
    places = _places(check.points, height)
    domains = {d.id: n for n, d in enumerate(codebook.domains)}
    lines = [_line(places[c.first], places[c.second], c.likeness) for c in check.confusable]
    marks = [
        shape(domains.get(t.domain, len(domains)), *places[t.id]) + _words(*places[t.id], str(n), 8)
        for n, t in enumerate(codebook.themes, 1)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        ' font-family="sans-serif" font-size="13" fill="currentColor"><title>Overlap of the codebook’s themes'
        "</title><desc>Each mark is a theme; marks near each other mean alike. A line joins themes that may"
        " be mixed up. Shapes are domains; the numbers are named at the right.</desc>"
        f"{''.join(lines)}{''.join(marks)}{''.join(_legend(codebook, domains))}</svg>"
    )


def _strays(ranker: CodebookRanker) -> Iterator[Stray]:
    """Yield the pieces that another theme is clearly nearer to than their own theme without them."""
    if len(ranker.codebook.themes) < 2:
        return
    seen: Counter[tuple[int, str]] = Counter()
    for i, piece in enumerate(ranker.pieces):
        seen[piece.theme, piece.kind] += 1
        if piece.kind in ("label", "routed"):
            continue
        prototypes = ranker.prototypes_without(i)
        centre = prototypes.mean(axis=0)
        cosines = unit(prototypes - centre) @ unit(ranker.piece_vectors[i] - centre)
        nearest = int(cosines.argmax())
        if cosines[nearest] - cosines[piece.theme] >= _STRAYS_BY:
            ids = [t.id for t in ranker.codebook.themes]
            yield Stray(ids[piece.theme], piece.kind, seen[piece.theme, piece.kind], ids[nearest])


def _confusable(ranker: CodebookRanker, strays: Sequence[Stray]) -> tuple[Confusable, ...]:
    """Return the pairs of themes that are alike, the likest first."""
    ids = [t.id for t in ranker.codebook.themes]
    between = Counter(frozenset((s.theme, s.nearest)) for s in strays)
    cosines = ranker.directions @ ranker.directions.T + 1 / max(1, len(ids) - 1)
    pairs = [
        Confusable(a, b, round(float(cosines[i, j]), 4), between[frozenset((a, b))])
        for (i, a), (j, b) in combinations(enumerate(ids), 2)
    ]
    return tuple(sorted((p for p in pairs if p.likeness >= _ALIKE), key=lambda p: -p.likeness))


def _support(suggestions: Sequence[Suggestions]) -> Counter[str]:
    return Counter(made[0].theme for made in suggestions if len(made) and not made.abstained)


def _theme_check(
    theme: Theme, known: Grounds, codebook: Codebook, support: Counter[str] | None
) -> ThemeCheck:
    count = None if support is None else support[theme.id]
    advice = tuple(_advice(theme, codebook, count))
    return ThemeCheck(theme.id, known.exemplars, count, advice, known.cues, known.few)


def _advice(theme: Theme, codebook: Codebook, support: int | None) -> Iterator[str]:
    if not theme.definition:
        yield "no definition: say in a sentence what it means"
    if not theme.include:
        yield "no inclusion cues: short sentences of what counts help most before anything is confirmed"
    if not theme.exemplars:
        yield f"no exemplar: add a quote; from {ENOUGH} confirmed passages on the theme is learned well"
    for number, cue in enumerate(theme.exclude, 1):
        for name in _dangling(cue, codebook):
            yield f'exclusion cue {number} points to "{name}", which is no theme'
    for other in _same_exemplars(theme, codebook):
        yield f"shares an exemplar with {other}: say in both what tells them apart"
    if support == 0:
        yield "no support: it comes first for no passage of the study"


def _dangling(cue: str, codebook: Codebook) -> list[str]:
    """Return what looks like the id of a theme behind a cue's last colon and is none."""
    ids = {t.id: None for t in codebook.themes}
    domains = {d.id for d in codebook.domains}
    if route(cue, ids)[1]:
        return []
    named = re.findall(r"[\w\-]+\.[\w.\-]*\w", cue.rpartition(": ")[2])
    return [name for name in named if name.partition(".")[0] in domains]


def _same_exemplars(theme: Theme, codebook: Codebook) -> list[str]:
    mine = {tuple(content_words(e.text)) for e in theme.exemplars}
    others = (t for t in codebook.themes if t.id != theme.id)
    return [t.id for t in others if any(tuple(content_words(e.text)) in mine for e in t.exemplars)]


def _places(points: Mapping[str, tuple[float, float]], height: int) -> dict[str, tuple[float, float]]:
    """Return where each theme is drawn: the points' own rectangle stretched to the picture's."""
    at = np.array(list(points.values()), dtype=float)
    low, reach = at.min(axis=0), np.ptp(at, axis=0)
    room = np.array([WIDTH - LEGEND - 3 * MARGIN, height - 2 * MARGIN])
    drawn = MARGIN + (at - low) / np.where(reach > 0, reach, 1.0) * room
    return {
        id: (round(float(x), 1), round(float(height - y), 1))
        for id, (x, y) in zip(points, drawn, strict=True)
    }


def _line(a: tuple[float, float], b: tuple[float, float], likeness: float) -> str:
    return (
        f'<line x1="{a[0]}" y1="{a[1]}" x2="{b[0]}" y2="{b[1]}" stroke="#767676"'
        f' stroke-width="{1 + 4 * max(0.0, likeness):.1f}"/>'
    )


def _words(x: float, y: float, words: str, right: float = 0.0) -> str:
    return f'<text x="{x + right:.1f}" y="{y + 4:.1f}">{escape(words)}</text>'


def _legend(codebook: Codebook, domains: Mapping[str, int]) -> Iterator[str]:
    """Yield domain by domain its mark and its themes with their numbers."""
    numbers = {t.id: n for n, t in enumerate(codebook.themes, 1)}
    x, y = WIDTH - LEGEND + 12.0, float(MARGIN)
    for domain in codebook.domains:
        yield (
            shape(domains[domain.id], x, y)
            + f'<g font-weight="bold">{_words(x, y, shorten(domain.label, _LEGEND_LABEL), 14)}</g>'
        )
        y += LINE
        for theme in (t for t in codebook.themes if t.domain == domain.id):
            yield _words(
                x, y, f"{numbers[theme.id]}  {shorten(theme.label, _LEGEND_LABEL, placeholder='…')}", 14
            )
            y += LINE
