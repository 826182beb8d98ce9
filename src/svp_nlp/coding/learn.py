"""Learn from confirmed codings: what the codebook says, blended with classifiers on what people decided.

The codebook's own text takes part in the training as further examples, so that one confirmed coding already
helps and none does no harm. Four voices are added, each on one scale over the themes: the codebook's ranking,
likeness to the mean of a theme's confirmed texts, and logistic regressions on embeddings (with the question
beside the answer) and on words; then how common a theme has been. Fitting takes well under two seconds for
1,000 passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from svp_nlp.coding.abstain import Calibration, Column, softmax
from svp_nlp.coding.rank import CodebookRanker, Material, over_themes, unit
from svp_nlp.coding.words import Matrix, content_words
from svp_nlp.engines.protocols import Vectors
from svp_nlp.model import Role

# Chosen on the development interviews, six files confirmed and six predicted, under two codebooks; the
# figures are flat around them.
_VOICE = 0.5
_PRIOR = 0.3
_PRIOR_FLOOR = 2.0
_CENTROID_FLOOR = 2.0
_QUESTION = 0.5
_PIECE_WEIGHT = 0.5
_RIDGE_VECTORS = 3.0
_RIDGE_WORDS = 10.0
_SHARPNESS = 1.6
# Fewer decisions than this of either kind say little about which passages are coded at all.
_LEAST_DECISIONS = 10


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Texts people decided on: ``labels`` (texts, themes) holds 1 where a theme was given."""

    material: Material = field(repr=False)
    labels: Matrix = field(repr=False)
    signs: Matrix = field(repr=False)


class Learned:
    """What was learned from *confirmed*; scores texts as the codebook does, people's decisions blended in."""

    def __init__(self, confirmed: Confirmed, ranker: CodebookRanker, calibration: Calibration) -> None:
        self.ranker = ranker
        self.calibration = calibration
        self.counts: Column = confirmed.labels.sum(axis=0)
        self._mean = ranker.mean(confirmed.material.vectors)
        self._asked_mean = ranker.mean(confirmed.material.asked[confirmed.material.was_asked])
        self._gate = _gate(confirmed, calibration)
        self.teaches = bool(self.counts.any()) and len(self.counts) > 1
        if self.teaches:
            self._learn_themes(confirmed)

    def themes(self, material: Material, scores: Matrix) -> Matrix:
        """Return the probability of each theme for a coded text; *scores* are the codebook's."""
        if not self.teaches:
            return self.calibration.themes(scores)
        answers = self._centred(material)
        voices = [
            answers @ self._centroids.T,
            self._on_vectors.decision_function(self._with_questions(material)),
            self._on_words.decision_function(self._bags.transform(material.texts)),
        ]
        blend = over_themes(scores) + _VOICE * sum(over_themes(_wide(v)) for v in voices)
        return softmax(_SHARPNESS * over_themes(blend + _PRIOR * np.log(self.counts + _PRIOR_FLOOR)))

    def coded(self, signs: Matrix, roles: Sequence[Role]) -> Column:
        """Return the probability that a coder gives each text any theme, shape (texts,)."""
        shipped = self.calibration.coded(signs, roles)
        if self._gate is None:
            return shipped
        learned = self._gate.predict_proba(_gate_columns(signs, self.calibration))[:, 1]
        interviewers = np.array([r is Role.INTERVIEWER for r in roles])
        return np.where(interviewers, shipped, learned)

    def _learn_themes(self, confirmed: Confirmed) -> None:
        """Fit the three voices; a text with two themes is an example of each."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        texts, themes = np.nonzero(confirmed.labels)
        pieces = self.ranker.pieces
        owners = np.array([p.theme for p in pieces])
        said = unit(self.ranker.piece_vectors - self.ranker.prototypes.mean(axis=0))
        answers = self._centred(confirmed.material)
        sums = [answers[confirmed.labels[:, j] > 0].sum(axis=0) for j in range(len(self.counts))]
        self._centroids = unit(np.stack(sums) + _CENTROID_FLOOR * self.ranker.directions)
        unasked = np.hstack([said, np.zeros_like(said)])
        examples = np.vstack([self._with_questions(confirmed.material)[texts], unasked])
        weights = np.concatenate([np.ones(len(texts)), np.full(len(pieces), _PIECE_WEIGHT)])
        targets = np.concatenate([themes, owners])
        self._on_vectors = LogisticRegression(C=_RIDGE_VECTORS, max_iter=1000)
        self._on_vectors.fit(examples, targets, sample_weight=weights)
        words = [*(confirmed.material.texts[i] for i in texts), *(p.text for p in pieces)]
        self._bags = TfidfVectorizer(analyzer=content_words, sublinear_tf=True)
        self._on_words = LogisticRegression(C=_RIDGE_WORDS, max_iter=1000)
        self._on_words.fit(self._bags.fit_transform(words), targets, sample_weight=weights)

    def _centred(self, material: Material) -> Vectors:
        return unit(material.vectors - self._mean)

    def _with_questions(self, material: Material) -> Vectors:
        before = material.was_asked[:, None] * unit(material.asked - self._asked_mean)
        return np.hstack([self._centred(material), _QUESTION * before])


def _gate(confirmed: Confirmed, calibration: Calibration) -> Any:
    """Refit coded-or-not on people's decisions, the shipped judgement one sign among others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    coded = confirmed.labels.any(axis=1)
    if min(coded.sum(), (~coded).sum()) < _LEAST_DECISIONS:
        return None
    gate = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    return gate.fit(_gate_columns(confirmed.signs, calibration), coded)


def _gate_columns(signs: Matrix, calibration: Calibration) -> Matrix:
    shipped = signs @ np.array(calibration.weights) + calibration.intercept
    return np.hstack([shipped[:, None], signs])


def _wide(decision: Matrix) -> Matrix:
    """Return two columns where scikit-learn gives one, as it does for two themes."""
    return np.stack([-decision, decision], axis=1) if decision.ndim == 1 else decision
