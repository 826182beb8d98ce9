"""What every recognizer is made of: a name, and a function from running text to spans.

A recognizer reads *running text*: caption lines are joined, ``\\n\\n`` stands between turns, curly quotes
are straight and odd spaces are plain, code point for code point (see `svp_nlp.redaction.running`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from svp_nlp.model import Label, Span

Found = tuple[Span, Label, float]


@dataclass(frozen=True, slots=True)
class Rules:
    """A named recognizer; the name is the witness in ``Finding.found_by``."""

    name: str
    find: Callable[[str], Iterable[Found]]

    def __call__(self, text: str) -> list[Found]:
        """Return what the rules find in *text*."""
        return list(self.find(text))


def span_of(match: re.Match[str], group: str | int = 0) -> Span:
    """Return where *group* matched."""
    return Span(match.start(group), match.end(group))


def each(
    pattern: re.Pattern[str], text: str, label: Label, score: float, group: str | int = 0
) -> Iterator[Found]:
    """Yield every match of *pattern* (or the part named *group*, where it took part)."""
    for match in pattern.finditer(text):
        if match.end(group) > match.start(group) >= 0:
            yield span_of(match, group), label, score


def any_of(words: Iterable[str]) -> str:
    """Return a regular expression for one of *words*, longest first."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"
