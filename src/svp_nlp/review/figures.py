"""Pictures of the figures, as SVG: readable in print, without colour, and by a screen reader.

Shapes, dashes and hatching carry the meaning, numbers stand beside the marks, and each picture has a title
and a description. No picture holds words of a transcript.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from svp_nlp.review.agreement import Agreement, Row
from svp_nlp.review.drift import Drift, Pace, Rate
from svp_nlp.review.saturation import Saturation
from svp_nlp.stats import Figure

_WIDTH, _LINE, _TOP, _BOTTOM = 860, 24, 56, 44
_INK, _GREY, _PALE = "#111", "#666", "#ddd"
# Each mark is drawn around the origin, about ten units wide.
_MARKS = (
    '<circle r="4.5"/>',
    '<rect x="-4" y="-4" width="8" height="8"/>',
    '<path d="M0-5.5 5 4-5 4Z"/>',
    '<path d="M0-6 5 0 0 6-5 0Z"/>',
    '<circle r="4" fill="#fff" stroke-width="1.6"/>',
    '<rect x="-3.6" y="-3.6" width="7.2" height="7.2" fill="#fff" stroke-width="1.6"/>',
)
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 5", "12 4")
_HATCH = (
    '<defs><pattern id="changed" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>'
    f'<path d="M0 0V6" stroke="{_INK}" stroke-width="2.4"/></pattern></defs>'
)


def agreement_figure(found: Agreement, coefficient: str = "kappa") -> str:
    """Draw a coefficient ("percent", "kappa", "alpha" or "ac1") of every row with its interval, by level."""
    name = {"percent": "Percent agreement", "kappa": "Cohen's kappa", "alpha": "Krippendorff's alpha"}
    title = f"{name.get(coefficient, 'Gwet AC1')}: {found.frame.stage}"
    left, right, low = 300, _WIDTH - 130, min(0.0, *_ends(getattr(r, coefficient) for r in found.rows))
    place = _Scale(low, 1.0, left, right)
    height = _TOP + _LINE * len(found.rows) + _BOTTOM
    parts = [*_upright(place, _ticks(low), _TOP - 8, height - _BOTTOM)]
    for number, row in enumerate(found.rows):
        parts += _interval(row, getattr(row, coefficient), place, _TOP + 8 + _LINE * number)
    parts.append(_text(left, height - 12, _short_frame(found), size=11, fill=_GREY))
    return _svg(title, str(found.frame) + ". " + _said(found.rows, coefficient), height, parts)


def saturation_figure(found: Saturation) -> str:
    """Draw the themes found against interviews: the mean over orders, its band, and the recorded order."""
    height, n = 360, len(found.documents)
    x = _Scale(1, max(2, n), 70, _WIDTH - 215)
    y = _Scale(0, max(1, found.of), height - _BOTTOM, _TOP)
    band = [(x(i), y(v)) for i, v in enumerate(found.high, 1)]
    band += [(x(i), y(v)) for i, v in reversed(list(enumerate(found.low, 1)))]
    parts = [
        f'<polygon points="{_points(band)}" fill="{_PALE}"/>',
        *_axes(x, y, _whole(1, n), _whole(0, found.of), "interviews", "themes"),
        _curve([(x(i), y(v)) for i, v in enumerate(found.mean, 1)], 0),
        *_line([(x(i), y(v)) for i, v in enumerate(found.recorded, 1)], 1),
        *_key(["mean over all orders", "in the order recorded"], _WIDTH - 175, _TOP, {0}),
        f'<rect x="{_WIDTH - 185}" y="{_TOP + 2 * _LINE - 6}" width="20" height="12" fill="{_PALE}"/>',
        _text(_WIDTH - 158, _TOP + 2 * _LINE + 4, "95 % of orders"),
    ]
    pairs = ", ".join(f"{i}: {v:.1f}" for i, v in enumerate(found.mean, 1))
    said = f"{found}. Mean number of themes by number of interviews: {pairs}."
    return _svg("Saturation: themes found by number of interviews", said, height, parts)


def acceptance_figure(rates: Sequence[Rate], by: str) -> str:
    """Draw what became of suggestions as bars: accepted black, changed hatched, rejected white."""
    height = _TOP + _LINE * (len(rates) + 2) + 16
    left, right = 170, _WIDTH - 250
    parts = [_HATCH]
    for number, rate in enumerate(rates):
        parts += _bar(rate, left, right, _TOP + _LINE * number)
    parts += _bar_key(left, _TOP + _LINE * len(rates) + 22)
    said = "; ".join(
        f"{r.key}: {r.accepted} accepted, {r.changed} changed, {r.rejected} rejected" for r in rates
    )
    return _svg(f"What became of suggestions, by {by}", said or "none yet", height, parts)


def pace_figure(days: Sequence[Pace]) -> str:
    """Draw each coder's codes a passage day by day."""
    height, dates = 340, sorted({day.day for day in days})
    at = {day: number for number, day in enumerate(dates, 1)}
    most = max((d.rate for d in days), default=1.0)
    x, y = _Scale(1, max(2, len(dates)), 70, _WIDTH - 215), _Scale(0, max(1.0, most), height - _BOTTOM, _TOP)
    coders = sorted({day.coder for day in days})
    labels = [(float(at[d]), f"{d:%d %b}") for d in dates[:: -(-len(dates) // 8) or 1]]
    parts = [*_axes(x, y, labels, _ticks(0, max(1.0, most)), "day", "codes a passage")]
    for number, coder in enumerate(coders):
        own = [(x(at[d.day]), y(d.rate)) for d in days if d.coder == coder]
        parts += _line(own, number)
    parts += _key(coders, _WIDTH - 175, _TOP)
    said = "; ".join(f"{d.coder} {d.day:%Y-%m-%d}: {d.codes} codes in {d.passages} passages" for d in days)
    return _svg("Codes a passage over time, by coder", said or "none yet", height, parts)


def drift_figure(found: Sequence[Drift]) -> str:
    """Draw how often each coder's codes hold the model's first suggestion, before and after seeing it."""
    height = 340
    x, y = _Scale(0, 1, 140, _WIDTH - 350), _Scale(0, 1, height - _BOTTOM, _TOP)
    parts = [*_axes(x, y, [(0, "coded blind"), (1, "after seeing it")], _ticks(0), "", "share of passages")]
    for number, one in enumerate(found):
        parts += _line([(x(0), y(one.before)), (x(1), y(one.after))], number)
    words = [f"{d.coder}: {d.before:.0%} to {d.after:.0%}, {_figure(d.moved)}" for d in found]
    parts += _key(words, _WIDTH - 315, _TOP)
    said = "; ".join(
        f"{d.coder}, {d.passages} passages: {d.before:.0%} before, {d.after:.0%} after, {d.toward} gained,"
        f" {d.away} lost" for d in found
    )  # fmt: skip
    return _svg("Codes that hold the model's first suggestion, by coder", said or "none yet", height, parts)


def curve_figure(
    title: str, curves: Mapping[str, Sequence[tuple[float, float]]], names: tuple[str, str], *, most: int = 0
) -> str:
    """Draw lines by name over shares, or over counts up to *most* where that is given; *names* of the axes.

    Every value upwards is a share in [0, 1].
    """
    height = 380
    x = _Scale(0, most or 1, 70, _WIDTH - 260)
    y = _Scale(0, 1, height - _BOTTOM, _TOP)
    parts = [*_axes(x, y, _whole(0, most) if most else _ticks(0), _ticks(0), *names)]
    for number, places in enumerate(curves.values()):
        parts += _line([(x(a), y(b)) for a, b in places], number)
    parts += _key(list(curves), _WIDTH - 220, _TOP)
    said = "; ".join(
        f"{name}: " + ", ".join(f"{a:.2f} {b:.2f}" for a, b in places) for name, places in curves.items()
    )
    return _svg(title, said, height, parts)


class _Scale:
    """A straight line from values to places."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high, self.first, self.last = low, high, first, last

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.first + share * (self.last - self.first), 1)


def _svg(title: str, said: str, height: float, parts: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" role="img"'
        f' font-family="sans-serif" font-size="13" fill="{_INK}"><title>{escape(title)}</title>'
        f"<desc>{escape(said)}</desc>"
        f'<rect width="{_WIDTH}" height="{height:g}" fill="#fff"/>'
    )
    return head + _text(16, 24, title, size=15) + "".join(parts) + "</svg>"


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, fill: str = _INK) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">'
        f"{escape(words)}</text>"
    )


def _interval(row: Row, figure: Figure, place: _Scale, y: float) -> Iterator[str]:
    """Yield a row's name, its interval as a bar with ends, its value as a mark, and both as numbers."""
    weight = "  " if row.level == "theme" else ""
    yield _text(place(place.low) - 12, y + 4, weight + row.name, anchor="end")
    if figure.value != figure.value:
        yield _text(place.last + 12, y + 4, "undefined", fill=_GREY)
        return
    if figure.low == figure.low:
        a, b = place(figure.low), place(figure.high)
        yield f'<path d="M{a} {y - 4}V{y + 4}M{a} {y}H{b}M{b} {y - 4}V{y + 4}" stroke="{_INK}" fill="none"/>'
    mark = _MARKS[0] if row.level == "theme" else _MARKS[3]
    yield f'<g transform="translate({place(figure.value)} {y})" stroke="{_INK}">{mark}</g>'
    yield _text(place.last + 12, y + 4, _figure(figure))


def _figure(figure: Figure) -> str:
    """Return "0.61 [0.40, 0.78]"; words where it is not defined."""
    if figure.value != figure.value:
        return "undefined"
    if figure.low != figure.low:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _short_frame(found: Agreement) -> str:
    frame = found.frame
    return f"{frame.units} {frame.unit}s of {frame.documents} documents, coders {', '.join(frame.coders)}"


def _said(rows: Iterable[Row], coefficient: str) -> str:
    told = ((row.name, getattr(row, coefficient)) for row in rows)
    return "; ".join(f"{n}: {_figure(f)}" for n, f in told)


def _ends(figures: Iterable[Figure]) -> list[float]:
    """Return every bound and value that is defined, and 0."""
    found = [v for f in figures for v in (f.value, f.low) if v == v]
    return [*found, 0.0]


def _ticks(low: float, high: float = 1.0) -> list[tuple[float, str]]:
    """Return round places between *low* and *high* with their words."""
    step = 0.2 if high - low <= 1.6 else 0.5 if high - low <= 4 else 1.0
    first = int(-(-low // step))
    return [(n * step, f"{n * step:.1f}") for n in range(first, int(high / step + 1e-9) + 1)]


def _whole(low: int, high: int) -> list[tuple[float, str]]:
    """Return whole numbers from *low* to *high*, about ten of them at most."""
    step = max(1, -(-(high - low) // 10))
    return [(float(n), str(n)) for n in range(low, high + 1, step)]


def _upright(place: _Scale, ticks: Iterable[tuple[float, str]], top: float, bottom: float) -> Iterator[str]:
    for value, words in ticks:
        x = place(value)
        yield f'<path d="M{x} {top:g}V{bottom:g}" stroke="{_PALE}"/>'
        yield _text(x, bottom + 16, words, anchor="middle", size=11)


def _axes(
    x: _Scale, y: _Scale, across: Iterable[tuple[float, str]], up: Iterable[tuple[float, str]], *names: str
) -> Iterator[str]:
    """Yield both axes with their words; *names* are those of the axes."""
    for value, words in up:
        yield f'<path d="M{x.first:g} {y(value)}H{x.last:g}" stroke="{_PALE}"/>'
        yield _text(x.first - 8, y(value) + 4, words, anchor="end", size=11)
    for value, words in across:
        yield _text(x(value), y.first + 18, words, anchor="middle", size=11)
    yield f'<path d="M{x.first:g} {y.first:g}H{x.last:g}" stroke="{_INK}"/>'
    yield _text((x.first + x.last) / 2, y.first + 36, names[0], anchor="middle", size=12)
    yield _text(16, _TOP - 12, names[1], size=12)


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _curve(places: Sequence[tuple[float, float]], number: int) -> str:
    dash = f' stroke-dasharray="{_DASHES[number % len(_DASHES)]}"' if number % len(_DASHES) else ""
    return f'<polyline points="{_points(places)}" fill="none" stroke="{_INK}" stroke-width="1.8"{dash}/>'


def _line(places: Sequence[tuple[float, float]], number: int) -> Iterator[str]:
    """Yield a line with a mark at each place; the n-th line has its own dash and mark."""
    if len(list(pairwise(places))):
        yield _curve(places, number)
    for x, y in places:
        yield _mark(number, x, y)


def _mark(number: int, x: float, y: float) -> str:
    return f'<g transform="translate({x:g} {y:g})" stroke="{_INK}">{_MARKS[number % len(_MARKS)]}</g>'


def _key(names: Sequence[str], x: float, y: float, bare: Iterable[int] = ()) -> Iterator[str]:
    """Yield a line of the legend for each name; those in *bare* have no mark."""
    plain = set(bare)
    for number, name in enumerate(names):
        at = y + _LINE * number
        yield _curve([(x - 10, at), (x + 12, at)], number)
        if number not in plain:
            yield _mark(number, x + 1, at)
        yield _text(x + 18, at + 4, name)


_PAINT: Mapping[str, str] = {"accepted": _INK, "changed": "url(#changed)", "rejected": "#fff"}


def _bar(rate: Rate, left: float, right: float, y: float) -> Iterator[str]:
    yield _text(left - 10, y + 13, rate.key, anchor="end")
    at = left
    for what, paint in _PAINT.items():
        width = (right - left) * getattr(rate, what) / rate.of if rate.of else 0.0
        if width:
            yield _box(at, y, width, paint)
        at += width
    yield _text(right + 10, y + 13, f"accepted: {_figure(rate.share)} of {rate.of}")


def _bar_key(x: float, y: float) -> Iterator[str]:
    for what, paint in _PAINT.items():
        yield _box(x, y - 11, 22, paint)
        yield _text(x + 28, y + 1, what)
        x += 110


def _box(x: float, y: float, width: float, paint: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="16" fill="{paint}" stroke="{_INK}"/>'
