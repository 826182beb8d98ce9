"""The topic map: every passage a point, topics told apart by shape and by colour. No words of a passage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from svp_nlp.engines.protocols import Vectors
from svp_nlp.model import Topic

if TYPE_CHECKING:
    from svp_nlp.coding.topics import Topics

WIDTH, MARGIN, LEGEND, LINE = 960, 24, 330, 22
"""Pixels: a picture's width, its margin, the width of its legend and the height of a line there."""

_HEIGHT = 520
_MOST_BEHIND = 3000
# Okabe & Ito 2008: told apart with every common kind of colour vision.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "currentColor")
# Each shape is drawn around the origin, about ten units wide. Ten shapes and seven colours have no common
# factor, so seventy topics look different.
_SHAPES = (
    '<circle r="4.5"/>',
    '<rect x="-4" y="-4" width="8" height="8"/>',
    '<path d="M0-5.5 5 4-5 4Z"/>',
    '<path d="M0-6 5 0 0 6-5 0Z"/>',
    '<path d="M-1.6-5h3.2v3.4H5v3.2H1.6V5h-3.2V1.6H-5v-3.2h3.4Z"/>',
    '<path d="M0 5.5-5-4 5-4Z"/>',
    '<path d="M0-6 1.6-1.9 6-1.6 2.5 1.1 3.7 5.4 0 3-3.7 5.4-2.5 1.1-6-1.6-1.6-1.9Z"/>',
    '<path d="M-4-5.5-5.5-4-1.5 0-5.5 4-4 5.5 0 1.5 4 5.5 5.5 4 1.5 0 5.5-4 4-5.5 0-1.5Z"/>',
    '<path d="M-3-5h6L6 0 3 5h-6L-6 0Z"/>',
    '<path d="M-6-2.2H6V2.2H-6Z"/>',
)


def plane(vectors: Vectors) -> Vectors:
    """Return the first two principal components of *vectors*, shape (n, 2); zeros where there are none.

    The sign of a component is set so that its largest loading is positive: the same map each time.
    """
    flat = np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) < 2:
        return flat
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(centred.T))
    main = axes[:, ::-1][:, :2]
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    flat[:, : main.shape[1]] = centred @ main
    return flat


def topic_map(topics: Topics) -> str:
    """Draw *topics* as an SVG picture that stands alone or inside a page.

    Small rings are explained passages, small dots unexplained ones, shapes those of a topic; the legend names
    each topic by its words. Of the small marks at most 3,000 are drawn, evenly chosen.
    """
    topic_of = {p: n for n, t in enumerate(topics.found) for p in t.passages}
    places = _places(topics.points)
    behind = [p for p in topics.points if p not in topic_of]
    shown = behind[:: -(-len(behind) // _MOST_BEHIND) or 1]
    marks = [_small(places[p], p in topics.unexplained) for p in shown]
    marks += [shape(topic_of[p], *places[p]) for p in topics.points if p in topic_of]
    title = f"Topic map: {len(topics.points)} passages, {len(topics.found)} topics"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_HEIGHT}" role="img"'
        f' font-family="sans-serif" font-size="13" fill="currentColor"><title>{escape(title)}</title>'
        "<desc>Each mark is a passage; marks near each other are alike. Shapes are topics, named at the"
        " right; small dots are passages no theme explains, small rings passages a theme explains.</desc>"
        f"{''.join(marks)}{''.join(_legend(topics.found))}</svg>"
    )


def _places(points: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return where each point is drawn: the points' own rectangle stretched to the picture's."""
    if not points:
        return {}
    at = np.array(list(points.values()), dtype=float)
    low, reach = at.min(axis=0), np.ptp(at, axis=0)
    room = np.array([WIDTH - LEGEND - 2 * MARGIN, _HEIGHT - 2 * MARGIN])
    drawn = MARGIN + (at - low) / np.where(reach > 0, reach, 1.0) * room
    return {
        p: (round(float(x), 1), round(float(_HEIGHT - y), 1)) for p, (x, y) in zip(points, drawn, strict=True)
    }


def _small(place: tuple[float, float], unexplained: bool) -> str:
    paint = 'fill="#767676"' if unexplained else 'fill="none" stroke="#9a9a9a"'
    return f'<circle cx="{place[0]}" cy="{place[1]}" r="2" {paint}/>'


def shape(topic: int, x: float, y: float) -> str:
    """Draw mark number *topic* at a place; seventy of them look different."""
    return (
        f'<g transform="translate({x} {y})" fill="{_COLOURS[topic % len(_COLOURS)]}" stroke="#fff"'
        f' stroke-width=".6">{_SHAPES[topic % len(_SHAPES)]}</g>'
    )


def _legend(found: Sequence[Topic]) -> Iterator[str]:
    """Yield a line for each topic that there is room for, then what the small marks are."""
    x, room = WIDTH - LEGEND + 12, (_HEIGHT - 2 * MARGIN) // LINE - 3
    lines = [
        (shape(n, x, MARGIN + LINE * n), f"{', '.join(t.words[:4])} ({len(t.passages)})")
        for n, t in enumerate(found[:room])
    ]
    if len(found) > room:
        lines.append(("", f"and {len(found) - room} more"))
    for unexplained, meaning in ((True, "no theme explains it"), (False, "a theme explains it")):
        lines.append((_small((x, MARGIN + LINE * len(lines)), unexplained), meaning))
    for n, (mark, meaning) in enumerate(lines):
        yield f'{mark}<text x="{x + 14}" y="{MARGIN + LINE * n + 4}">{escape(meaning)}</text>'
