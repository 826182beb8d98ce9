"""Learn themes from examples: the pieces of the codebook from minute one, and what people confirmed.

One logistic regression over embeddings, character n-grams, words and the question before; the codebook's own
text takes part as examples, so that one confirmed coding already helps and none does no harm. Its voice is
added to the codebook's ranking. How loud it is, how much the commonness of a theme counts and how sharp the
probabilities are is chosen on confirmed codings, each predicted from the others, once there are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.abstain import (
    Calibration,
    Column,
    at_answer_length,
    conformal_threshold,
    softmax,
)
from svp_nlp.coding.rank import Centre, CodebookRanker, Fit, Material, unit
from svp_nlp.coding.speech import without_marks
from svp_nlp.coding.words import Matrix, content_words
from svp_nlp.engines.protocols import Vectors
from svp_nlp.model import Role

Rows = npt.NDArray[np.intp]

# What each sign weighs in the joint kernel, beside 1 for the embedding of the answer. Chosen on development
# interviews and two public sets together.
_LETTERS = 1.0
_WORDS = 0.3
_ASKED = 0.2
_RIDGE = 5.0
_PIECE_WEIGHT = {"label": 1.0, "definition": 1.5, "include": 1.0, "exemplar": 1.0, "routed": 0.5}
# The kernel's main directions that are kept, and the texts compared at a time: more cost time, less figures.
_DIRECTIONS = 400
_CHUNK = 2000
# Voices are tuned on held-out codings from so many coded texts on.
_LEAST_CODED = 40
_FOLDS = 5
_QUESTIONS = (0.0, 0.3)
_PRIORS = (0.0, 0.15, 0.3, 0.5)
_SHARPNESS = tuple(float(s) for s in np.geomspace(0.03, 2.0, 25))
_PRIOR_FLOOR = 2.0
# Scores are calibrated on as many themes as are shown.
_SHOWN = 3
_CURVE_RIDGE = 1.0
# Fewer decisions than this of either kind say little about which passages are coded at all.
_LEAST_DECISIONS = 10
_MORE_LIKELY_THAN_NOT = 0.5


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Texts people decided on: ``labels`` (texts, themes) holds 1 where a theme was given."""

    material: Material = field(repr=False)
    labels: Matrix = field(repr=False)
    signs: Matrix = field(repr=False)

    @property
    def coded(self) -> npt.NDArray[np.bool_]:
        """Tell for each text whether it was given any theme."""
        return np.asarray(self.labels.any(axis=1))

    def some(self, rows: Rows) -> Confirmed:
        """Return the texts in *rows*."""
        return Confirmed(self.material.some(rows), self.labels[rows], self.signs[rows])


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts that show themes: centred vectors, and one (text, theme) pair a row with its weight."""

    texts: tuple[str, ...] = field(repr=False)
    vectors: Vectors = field(repr=False)
    asked: Vectors = field(repr=False)
    pairs: Rows = field(repr=False)
    weights: Column = field(repr=False)

    @classmethod
    def of(cls, ranker: CodebookRanker, confirmed: Confirmed | None = None) -> Examples:
        """Take every piece of the codebook as an example of its theme, then every confirmed coding.

        A text with two themes is half an example of each.
        """
        said = unit(ranker.piece_vectors - ranker.prototypes.mean(axis=0))
        owners = np.array([(i, p.theme) for i, p in enumerate(ranker.pieces)], dtype=np.intp)
        weights = np.array([_PIECE_WEIGHT[p.kind] for p in ranker.pieces])
        pieces = cls(tuple(p.text for p in ranker.pieces), said, np.zeros_like(said), owners, weights)
        return pieces if confirmed is None else pieces._and(confirmed, Centre.of(confirmed.material, ranker))

    def _and(self, confirmed: Confirmed, centre: Centre) -> Examples:
        coded = confirmed.some(np.flatnonzero(confirmed.coded))
        texts, themes = np.nonzero(coded.labels)
        pairs = np.stack([texts + len(self.texts), themes], axis=1)
        return Examples(
            self.texts + coded.material.texts,
            np.vstack([self.vectors, centre.answers(coded.material)]),
            np.vstack([self.asked, centre.questions(coded.material)]),
            np.vstack([self.pairs, pairs]),
            np.concatenate([self.weights, (1.0 / coded.labels.sum(axis=1))[texts]]),
        )


class Likeness:
    """How like texts are to each of *examples*: embeddings, letters, words and questions in one kernel."""

    def __init__(self, examples: Examples) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.examples = examples
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self._words = TfidfVectorizer(analyzer=content_words, sublinear_tf=True)
        by_letters = self._letters.fit_transform([without_marks(t) for t in examples.texts])
        by_words = self._words.fit_transform(examples.texts)
        self._by_letters, self._by_words = by_letters.T, by_words.T
        themselves = by_letters @ by_letters.T, by_words @ by_words.T
        self.among_examples = self._joined(*themselves, examples.vectors, examples.asked)

    def answers(self, material: Material, centre: Centre) -> Matrix:
        """Return the likeness of each text, its question beside it, shape (texts, examples)."""
        return self._to(material.texts, centre.answers(material), centre.questions(material))

    def questions(self, material: Material, centre: Centre) -> Matrix:
        """Return the likeness of each question taken as a text."""
        asked = centre.questions(material)
        return self._to(material.questions, asked, np.zeros_like(asked))

    def _to(self, texts: Sequence[str], vectors: Vectors, asked: Vectors) -> Matrix:
        letters = self._letters.transform([without_marks(t) for t in texts]) @ self._by_letters
        return self._joined(letters, self._words.transform(texts) @ self._by_words, vectors, asked)

    def _joined(self, letters: Any, words: Any, vectors: Vectors, asked: Vectors) -> Matrix:
        kernel = vectors @ self.examples.vectors.T + _ASKED * asked @ self.examples.asked.T
        return np.asarray(kernel + _LETTERS * letters.toarray() + _WORDS * words.toarray())


class ExampleClassifier:
    """Multinomial logistic regression on examples, seen through their likeness to one another.

    *likeness* is square, *pairs* and *weights* are those of `Examples`; every theme has an example. Ridge
    regression needs only the kernel, of which the main directions are kept: fast while examples are few.
    """

    def __init__(self, likeness: Matrix, pairs: Rows, weights: Column) -> None:
        from sklearn.linear_model import LogisticRegression

        self._directions = _main_directions(likeness)
        self._model = LogisticRegression(C=_RIDGE, max_iter=1000)
        texts, themes = pairs.T
        self._model.fit((likeness @ self._directions)[texts], themes, sample_weight=weights)

    def __call__(self, likeness: Matrix) -> Matrix:
        """Return how well texts fit each theme, given their likeness to the examples."""
        decision = self._model.decision_function(likeness @ self._directions)
        # scikit-learn gives one column for two themes
        both = np.stack([-decision, decision], axis=1) if decision.ndim == 1 else decision
        return np.asarray(both - both.mean(axis=1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Voices:
    """How the codebook's ranking, the examples and the commonness of themes become probabilities.

    ``examples``, ``questions`` and ``prior`` are how loud these are beside the codebook's ranking of the
    answer; ``sharpness`` stands before the softmax. ``slope`` and ``offset`` of a logistic curve turn a share
    of 1 into the probability that the theme is given, as a text may have several.
    """

    examples: float
    questions: float
    prior: float
    sharpness: float
    slope: float = 1.0
    offset: float = 0.0

    def shares(self, scores: Fit, by_example: Fit, counts: Column) -> Matrix:
        """Return how the themes share a coded text, rows adding up to 1."""
        blend = scores.at(self.questions) + self.examples * by_example.at(self.questions)
        return softmax(self.sharpness * blend + self.prior * np.log(counts + _PRIOR_FLOOR))

    def probabilities(self, shares: Matrix) -> Matrix:
        """Return the probability that a coder gives each theme to a coded text."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.slope * _logit(shares) - self.offset)))

    def calibrated(self, shares: Matrix, labels: Matrix) -> Voices:
        """Return these voices with slope and offset fitted to the first three themes of each text."""
        from sklearn.linear_model import LogisticRegression

        first = np.argsort(-shares, axis=1, kind="stable")[:, :_SHOWN]
        given = np.take_along_axis(labels, first, axis=1).ravel() > 0
        if given.all() or not given.any():
            return self
        curve = LogisticRegression(C=_CURVE_RIDGE)
        curve.fit(_logit(np.take_along_axis(shares, first, axis=1)).reshape(-1, 1), given)
        return replace(self, slope=max(0.1, float(curve.coef_[0, 0])), offset=float(curve.intercept_[0]))


class Learner:
    """Turns texts into probabilities of themes, from the codebook and what was confirmed so far."""

    def __init__(
        self, ranker: CodebookRanker, calibration: Calibration, confirmed: Confirmed | None = None
    ) -> None:
        self.ranker = ranker
        self.calibration = calibration
        self.counts: Column = np.zeros(len(ranker.codebook.themes))
        self.voices = Voices(**calibration.voices)
        self.least_coded = calibration.least_coded
        self._gate: Any = None
        self._classifier: ExampleClassifier | None = None
        if len(self.counts) < 2:
            return
        examples = Examples.of(ranker, confirmed)
        self._likeness = Likeness(examples)
        self._classifier = ExampleClassifier(self._likeness.among_examples, examples.pairs, examples.weights)
        if confirmed is not None:
            self.counts = confirmed.labels.sum(axis=0)
            self._gate, self.least_coded = _gate(confirmed, calibration)
            self.voices = _tuned(self.voices, self._likeness, confirmed, ranker)

    def themes(self, material: Material, corpus: Material) -> Matrix:
        """Return the probability of each theme for a coded text, shape (texts, themes)."""
        if self._classifier is None:
            return np.ones((len(material.texts), 1))
        by_example = self.by_example(material, Centre.of(corpus, self.ranker))
        shares = self.voices.shares(self.ranker.scores(material, corpus), by_example, self.counts)
        return self.voices.probabilities(shares)

    def by_example(self, material: Material, centre: Centre) -> Fit:
        """Return how well each text, and the question before it, fits the examples of each theme."""
        answers, questions = (np.zeros((len(material.texts), len(self.counts))) for _ in range(2))
        classifier = self._classifier
        if classifier is None:
            return Fit(answers, questions)
        for start in range(0, len(answers), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(answers)))
            some = material.some(rows)
            answers[rows] = classifier(self._likeness.answers(some, centre))
            questions[rows] = classifier(self._likeness.questions(some, centre))
        return Fit(answers, questions * material.was_asked[:, None])

    def coded(self, signs: Matrix, roles: Sequence[Role]) -> Column:
        """Return the probability that a coder gives each text any theme, shape (texts,)."""
        shipped = self.calibration.coded(signs, roles)
        if self._gate is None:
            return shipped
        learned = self._gate.predict_proba(_gate_columns(signs, self.calibration))[:, 1]
        interviewers = np.array([r is Role.INTERVIEWER for r in roles])
        return np.where(interviewers, shipped, learned)

    def verdicts(
        self, signs: Matrix, roles: Sequence[Role], themes: Matrix, *, alone: bool
    ) -> tuple[Column, npt.NDArray[np.bool_]]:
        """Return for each text the probability that it is coded at all, and whether to say "none".

        Besides texts that are likely coded, those are kept that state a theme clearly: were they full
        answers, they would more likely than not be coded, and with their first theme. Where texts stand
        *alone*, without the interview around them, length says little and that is their probability. Once
        people's decisions teach what is coded, they alone say how short a passage may be.
        """
        coded, in_full = self.coded(signs, roles), self.coded(at_answer_length(signs), roles)
        first = themes.max(axis=1)
        clear = (in_full * first >= _MORE_LIKELY_THAN_NOT) & (self._gate is None)
        if alone:
            coded = np.where(clear, in_full, coded)
        unsure = first * themes.shape[1] < self.calibration.least_sure
        return coded, unsure | ~(clear | (coded >= self.least_coded))


def held_out(likeness: Likeness, coded: Material, centre: Centre) -> Fit:
    """Return the examples' voice on each coded text, the last examples, fitted without its neighbours.

    Folds are runs of neighbouring texts: passages of one interview mostly fall into one fold.
    """
    examples = likeness.examples
    first = len(examples.texts) - len(coded.texts)
    to_questions = likeness.questions(coded, centre)
    answers, questions = (np.zeros((len(coded.texts), int(examples.pairs[:, 1].max()) + 1)) for _ in range(2))
    for out in np.array_split(np.arange(len(coded.texts)), _FOLDS):
        kept = np.setdiff1d(np.arange(len(examples.texts)), out + first)
        mine = np.isin(examples.pairs[:, 0], kept)
        texts, themes = examples.pairs[mine].T
        pairs = np.stack([np.searchsorted(kept, texts), themes], axis=1)
        among = likeness.among_examples[np.ix_(kept, kept)]
        classifier = ExampleClassifier(among, pairs, examples.weights[mine])
        answers[out] = classifier(likeness.among_examples[np.ix_(out + first, kept)])
        questions[out] = classifier(to_questions[np.ix_(out, kept)])
    return Fit(answers, questions * coded.was_asked[:, None])


def _tuned(default: Voices, likeness: Likeness, confirmed: Confirmed, ranker: CodebookRanker) -> Voices:
    """Choose the voices with the least log loss on held-out codings; near the default while there are few.

    Examples are as loud as confirmed ones are many beside the pieces of the codebook: held-out texts would
    choose them too low, being judged by fewer examples than there are.
    """
    coded = confirmed.some(np.flatnonzero(confirmed.coded))
    voices = replace(default, examples=default.examples * (1 + len(coded.labels) / len(ranker.pieces)))
    if len(coded.labels) < _LEAST_CODED:
        return voices
    by_example = held_out(likeness, coded.material, Centre.of(confirmed.material, ranker))
    scores = ranker.scores(coded.material, confirmed.material)
    shares = coded.labels / coded.labels.sum(axis=1, keepdims=True)
    counts = coded.labels.sum(axis=0)

    def loss(voices: Voices) -> float:
        return -float((shares * np.log(voices.shares(scores, by_example, counts) + 1e-9)).sum())

    choices = product(_QUESTIONS, _PRIORS, _SHARPNESS)
    best = min((replace(voices, questions=q, prior=p, sharpness=s) for q, p, s in choices), key=loss)
    return best.calibrated(best.shares(scores, by_example, counts), coded.labels)


def _logit(shares: Matrix) -> Matrix:
    inside = np.clip(shares, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def _main_directions(kernel: Matrix) -> Matrix:
    """Return the map from kernel rows to coordinates along the kernel's main directions."""
    from scipy.linalg import eigh

    count = len(kernel)
    values, vectors = eigh(kernel, subset_by_index=(max(0, count - _DIRECTIONS), count - 1))
    kept = values > 1e-8
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def _gate(confirmed: Confirmed, calibration: Calibration) -> tuple[Any, float]:
    """Refit coded-or-not on people's decisions, the shipped judgement one sign among others.

    Returns the gate (None where there are too few decisions) and the probability below which to say "none":
    of coded passages judged by gates that did not know them, the stated share lies below it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    coded = confirmed.coded
    if min(coded.sum(), (~coded).sum()) < _LEAST_DECISIONS:
        return None, calibration.least_coded
    gate = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    columns = _gate_columns(confirmed.signs, calibration)
    folds = StratifiedKFold(_LEAST_DECISIONS)
    unseen = cross_val_predict(gate, columns, coded, cv=folds, method="predict_proba")[:, 1]
    threshold = conformal_threshold(unseen[coded], calibration.missed)
    known = _MORE_LIKELY_THAN_NOT if threshold is None else threshold
    return gate.fit(columns, coded), min(known, _MORE_LIKELY_THAN_NOT)


def _gate_columns(signs: Matrix, calibration: Calibration) -> Matrix:
    shipped = signs @ np.array(calibration.weights) + calibration.intercept
    return np.hstack([shipped[:, None], signs])
