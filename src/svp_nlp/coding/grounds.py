"""What the suggestions of each theme rest on, and which themes too little is known of.

Measured on 937 passages of 37 invented interviews, 455 of them coded, with two codebooks for the same
fifteen themes (``benchmarks/grounds.py``; texts the suggester was developed on, so compare rather than
promise). Up to eighteen interviews taken by chance were learned from, and cues, exemplars or both were left
out of the codebook in turn. Of the passages with a theme that had fewer than `ENOUGH_TEXTS` texts .40 [.34,
.47] were suggested it first, of the other themes' .72 [.71, .74] (36 draws, means over themes, bootstrap
over draws). Two runs of other draws gave .51 and .73, and with the other codebook .53 and .69. A cue counts
like an exemplar or a confirmed passage: with six cues a theme and nothing else, .70.

A theme is behind where it has less than half of the median theme's confirmed passages: .49 [.38, .56] in
the same draws, and .34 [.30, .37] against .71 [.68, .74] where the numbers of confirmed passages were drawn
by chance (36 draws, ``--by-chance``). Where such a theme is suggested it is mostly right, but it is
suggested too seldom: the others crowd it out. That happens to a theme that joins the codebook late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from svp_nlp.model import Codebook, Grounds, Theme
from svp_nlp.wording import plural

ENOUGH_TEXTS = 7
"""A theme with fewer inclusion cues, exemplars and confirmed passages together has few."""

LEAST_USUAL = 2
"""As long as the median theme has fewer confirmed passages, no theme is behind the others."""

_NAMED = 8


def grounds(codebook: Codebook, confirmed: Mapping[str, int]) -> tuple[Grounds, ...]:
    """Return what is known of each theme of *codebook*, in its order.

    *confirmed* counts the passages learned from by theme; a theme that is missing there has none.
    """
    usual = median([confirmed.get(t.id, 0) for t in codebook.themes] or [0])
    return tuple(_grounds_of(theme, confirmed.get(theme.id, 0), usual) for theme in codebook.themes)


def remark(found: Sequence[Grounds]) -> str:
    """Say which themes too little is known of, and what that does to suggestions; "" where there is none.

    >>> remark([Grounds("need.sleep", 2, 1, 0, few=True), Grounds("need.fear", 6, 2, 3)])[:60]
    '1 of 2 themes has fewer than 7 inclusion cues, exemplars and'
    """
    few = [g for g in found if g.few]
    behind = [g for g in found if g.behind and not g.few]
    said = []
    if few:
        texts = f"fewer than {ENOUGH_TEXTS} inclusion cues, exemplars and confirmed passages together"
        said.append(_sentence(few, len(found), texts, [g.texts for g in few]))
    if behind:
        fewer = "less than half as many confirmed passages as the usual theme"
        said.append(_sentence(behind, len(found), fewer, [g.confirmed for g in behind]))
    if said:
        said.append("What belongs there is missed more often; svp-nlp find DIR THEME lists likely passages.")
    return " ".join(said)


def _grounds_of(theme: Theme, confirmed: int, usual: float) -> Grounds:
    cues, exemplars = len(theme.include), len(theme.exemplars)
    few = cues + exemplars + confirmed < ENOUGH_TEXTS
    behind = usual >= LEAST_USUAL and 2 * confirmed < usual
    return Grounds(theme.id, cues, exemplars, confirmed, few, behind)


def _sentence(themes: Sequence[Grounds], of: int, what: str, counts: Sequence[int]) -> str:
    if len(themes) == of:
        return f"All {plural(of, 'theme')} have {what}." if of > 1 else f"The only theme has {what}."
    named = [f"{theme.theme} ({count})" for theme, count in zip(themes, counts, strict=True)]
    left = len(named) - _NAMED
    more = f" and {left} more" if left > 0 else ""
    has = "has" if len(themes) == 1 else "have"
    return f"{len(themes)} of {plural(of, 'theme')} {has} {what}: {', '.join(named[:_NAMED])}{more}."
