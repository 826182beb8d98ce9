"""When to say "none": how likely a coder codes a passage at all, and how sure the ranking is.

The weights are shipped in ``calibration.json`` with where they come from; ``benchmarks/calibrate.py`` writes
it. They know nothing of any codebook's themes, so they serve other codebooks, less exactly; confirmed
codings replace them (see `svp_nlp.coding.learn`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.rank import CodebookRanker, Material, unit
from svp_nlp.coding.words import Matrix
from svp_nlp.engines.protocols import Vectors
from svp_nlp.model import Role

Column = npt.NDArray[np.float64]

SIGNS = ("length", "plain", "codebook", "words", "question on codebook", "question plain", "names")
"""What tells coded text from other text; one column each of `signs`."""

COMPARED = ("length", "codebook", "words")
"""Signs that count by how far they fall short of what the study's clearest passages reach: one study's people
speak in longer turns, or nearer to the codebook's words, than another's."""

# Names and numbers inside a sentence, masked identifiers: plain facts are full of them.
_FACT = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+|\[[A-Z_]+\b|\d+")
_NEAREST = 3
# What one passage in ten exceeds is the level of a study. So many passages are trusted half to tell it, fewer
# hardly: the clearest of five passages need not be clear.
LEVEL = 0.9
_HALF_TRUSTED = 30
# Words from which on an answer is as long as those that coders usually code.
_ANSWER_WORDS = 40
# Interviewers' turns are hardly ever coded (0 of 265 in the development interviews); they stay listed.
_INTERVIEWER_LOGIT = -5.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Shipped numbers: weights of `SIGNS`, their intercept, and what makes scores probabilities of themes.

    ``usual`` holds the level that `COMPARED` signs usually reach in a study, and ``reach`` how far a study's
    own level is followed away from it: a study that says nothing of the codebook has none to compare with.
    ``voices`` holds the numbers of `svp_nlp.coding.learn.Voices` before anything is confirmed.
    ``least_coded`` and ``least_sure`` are where saying "none" begins: probability of being coded at all, and
    of the first theme in multiples of an even guess. ``missed`` is the share of coded passages told "none"
    that ``least_coded`` was chosen to keep to.
    """

    weights: tuple[float, ...]
    intercept: float
    voices: Mapping[str, float]
    least_coded: float
    least_sure: float
    missed: float
    source: str
    usual: Mapping[str, float] = field(default_factory=dict)
    reach: Mapping[str, float] = field(default_factory=dict)

    def level(self, signs: Matrix | None = None) -> Column:
        """Return what the clearest passages of a study reach in each sign, shape (len(SIGNS),).

        *signs* are those of all its passages that are not an interviewer's; without any it is the usual
        level. It is 0 for signs that are not compared.
        """
        usual = np.array([self.usual.get(sign, 0.0) for sign in SIGNS])
        if signs is None or not len(signs):
            return usual
        own = np.quantile(signs, LEVEL, axis=0)
        trust = len(signs) ** 2 / (len(signs) ** 2 + _HALF_TRUSTED**2)
        drawn = usual + trust * (own - usual)
        reach = np.array([self.reach.get(sign, 0.0) for sign in SIGNS])
        return np.asarray(np.clip(drawn, usual - reach, usual + reach))

    def logit(self, signs: Matrix, level: Column) -> Column:
        """Return the log odds that a coder gives each text any theme, in a study of that `level`."""
        return np.asarray((signs - level) @ np.array(self.weights) + self.intercept)

    def coded(self, signs: Matrix, roles: Sequence[Role], level: Column | None = None) -> Column:
        """Return the probability that a coder gives each text any theme, shape (texts,).

        *level* is that of their study; the usual one where there is no study around the texts.
        """
        logit = self.logit(signs, self.level() if level is None else level)
        logit += np.array([_INTERVIEWER_LOGIT if r is Role.INTERVIEWER else 0.0 for r in roles])
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))


@cache
def shipped_calibration() -> Calibration:
    """Return the calibration that comes with the package."""
    text = resources.files("svp_nlp.coding").joinpath("calibration.json").read_text(encoding="utf-8")
    content = json.loads(text)
    weights = tuple(float(content["weights"][sign]) for sign in SIGNS)
    voices, usual, reach = (
        {name: float(value) for name, value in content[group].items()}
        for group in ("voices", "usual", "reach")
    )
    numbers = (float(content[k]) for k in ("intercept", "least_coded", "least_sure", "missed"))
    intercept, least_coded, least_sure, missed = numbers
    return Calibration(
        weights, intercept, voices, least_coded, least_sure, missed, content["source"], usual, reach
    )


def signs(ranker: CodebookRanker, material: Material) -> Matrix:
    """Return what tells coded text from other text, shape (texts, len(SIGNS)).

    Length in log words; likeness to plain talk and to the codebook as a whole; shared words; likeness of the
    question to either; and the rate of names and numbers. None depends on what else is in the study.
    """
    words = ranker.index.scores(material.texts).max(axis=1, initial=0.0) / ranker.index.typical_weight
    counts = [len(t.split()) for t in material.texts]
    facts = [len(_FACT.findall(t)) / max(10, n) for t, n in zip(material.texts, counts, strict=True)]
    asked = material.was_asked
    columns = [
        np.log1p(counts),
        _nearest(material.vectors, ranker.plain),
        material.vectors @ unit(ranker.prototypes.mean(axis=0)),
        words,
        asked * _nearest(material.asked, ranker.piece_vectors),
        asked * _nearest(material.asked, ranker.plain),
        np.array(facts),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def at_answer_length(signs: Matrix) -> Matrix:
    """Return *signs* as they were if every shorter text were a full answer that says the same.

    In an interview short turns are seldom coded, so length tells most. A clear statement that is cut out of
    its turn, or short for once, is to be judged by what it says.
    """
    column = SIGNS.index("length")
    raised = signs.copy()
    raised[:, column] = np.maximum(raised[:, column], np.log1p(_ANSWER_WORDS))
    return raised


def conformal_threshold(scores: Column, missed: float) -> float | None:
    """Return the score below which at most a share *missed* of new coded passages will lie.

    *scores* are those of coded passages, each judged without itself. With n of them and k = floor((n + 1) x
    missed) it is the k-th smallest: a new passage from the same source lies below it with probability at most
    *missed* (split conformal prediction, Vovk 2012, within one class). None where n is too small for that.
    """
    k = int((len(scores) + 1) * missed)
    return float(np.sort(scores)[k - 1]) if k else None


def softmax(logits: Matrix) -> Matrix:
    """Return rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _nearest(vectors: Vectors, others: Vectors) -> Column:
    """Return each row's mean cosine with its three nearest among *others*."""
    return np.asarray(np.sort(vectors @ others.T, axis=1)[:, -_NEAREST:].mean(axis=1), dtype=np.float64)
