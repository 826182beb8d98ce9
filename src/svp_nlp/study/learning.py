"""How much another coded transcript helps: suggestions learned from some, judged on the others."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from svp_nlp.errors import StudyError
from svp_nlp.model import Codebook, Passage, Suggestions
from svp_nlp.progress import Progress, silent
from svp_nlp.settings import Settings
from svp_nlp.study import coding
from svp_nlp.study import folder as f

if TYPE_CHECKING:
    from svp_nlp.review.adjudication import FinalCoding

DRAWS = 3
"""How many orders of the transcripts are drawn for each number to learn from."""

SIZES = 6
"""At how many numbers of transcripts the curve is computed at most."""


@dataclass(frozen=True, slots=True)
class Point:
    """What suggestions reach after learning from *transcripts*: shares of coded passages of the others."""

    transcripts: int
    first: float
    three: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class LearningCurve:
    """How often a theme people gave is suggested first, or in the first three, by transcripts learned from.

    Each point is the mean over random choices of which to learn from; ``lowest`` and ``highest`` are those of
    the first theme. ``passages`` counts the coded passages, ``of`` the transcripts.
    """

    points: tuple[Point, ...]
    passages: int
    of: int

    def table(self) -> str:
        """Return the curve as lines of text."""
        head = f"{self.passages} coded passages of {self.of} transcripts; judged on those not learned from"
        rows = [
            f"{p.transcripts:11d}  {p.first:.3f} [{p.lowest:.3f}, {p.highest:.3f}]  {p.three:.3f}"
            for p in self.points
        ]
        return "\n".join([head, "transcripts  first [lowest, highest draw]  first three", *rows])

    def as_dict(self) -> dict[str, object]:
        """Return the curve as plain values for JSON."""
        names = Point.__slots__
        points = [{name: getattr(p, name) for name in names} for p in self.points]
        return {"passages": self.passages, "transcripts": self.of, "points": points}

    def figure(self) -> str:
        """Return the curve as an SVG picture."""
        from svp_nlp.review.figures import curve_figure

        curves = {
            "first": [(p.transcripts, p.first) for p in self.points],
            "among the first three": [(p.transcripts, p.three) for p in self.points],
        }
        title = "What suggestions reach by transcripts learned from"
        return curve_figure(title, curves, ("transcripts learned from", "share right"), most=self.of)


def learning_curve(
    layout: f.Layout,
    settings: Settings,
    codebook: Codebook,
    final: Mapping[str, FinalCoding],
    progress: Progress = silent,
) -> LearningCurve:
    """Compute the curve over the transcripts with final codings; StudyError for fewer than three."""
    from svp_nlp.coding.suggest import suggest_passages

    transcripts = coding.load_transcripts(layout)
    cut = coding.all_passages(transcripts, settings)
    known = coding.usable(final, codebook)
    decided = [p for p in cut if p.id in known]
    documents = sorted({p.transcript for p in decided if known[p.id]})
    if len(documents) < 3:
        raise StudyError(
            f"{len(documents)} transcripts have final codings; at least three are needed to learn and judge",
            hint="code more of them: svp-nlp review STUDY",
        )
    model = coding.embedder(layout, settings)
    chance = random.Random(0)  # noqa: S311 (draws of transcripts, nothing secret)
    points = []
    sizes = _sizes(len(documents))
    for number, size in enumerate(sizes):
        progress("learning", number, len(sizes))
        draws = [set(chance.sample(documents, size)) for _ in range(DRAWS if size else 1)]
        reached = []
        for learned in draws:
            codings = {p.id: known[p.id] for p in decided if p.transcript in learned}
            suggester = coding.taught(codebook, model, transcripts, cut, codings)
            judged = [p for p in decided if p.transcript not in learned and known[p.id]]
            made = suggest_passages(suggester, transcripts, judged)
            reached.append(_reached(judged, made, known))
        firsts = [first for first, _ in reached]
        points.append(
            Point(size, fmean(firsts), fmean(three for _, three in reached), min(firsts), max(firsts))
        )
    progress("learning", len(sizes), len(sizes))
    return LearningCurve(tuple(points), sum(bool(known[p.id]) for p in decided), len(documents))


def _sizes(documents: int) -> list[int]:
    """Return numbers of transcripts to learn from, none first, evenly up to all but one."""
    most = documents - 1
    return sorted({round(most * n / (SIZES - 1)) for n in range(SIZES)})


def _reached(
    passages: Sequence[Passage], made: Sequence[Suggestions], known: Mapping[str, Sequence[str]]
) -> tuple[float, float]:
    ranked = [[s.theme for s in m.ranked] for m in made]
    gold = [set(known[p.id]) for p in passages]
    first = fmean(bool(g & set(r[:1])) for g, r in zip(gold, ranked, strict=True))
    return first, fmean(bool(g & set(r[:3])) for g, r in zip(gold, ranked, strict=True))
