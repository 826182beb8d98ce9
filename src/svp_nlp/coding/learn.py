"""Learn themes from examples: the pieces of the codebook from minute one, and what people confirmed.

One logistic regression over embeddings (by two layers of the model), character n-grams, words and the
question before; the codebook's own text takes part as examples, so that one confirmed coding already helps
and none does no harm. Its voice is added to the codebook's ranking. How loud it is, how much the commonness
of a theme counts and how sharp the probabilities are is chosen on confirmed codings, each predicted from the
others, once there are enough. From then on the study's undecided passages teach too (see
`svp_nlp.coding.undecided`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from copy import copy
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
from svp_nlp.coding.rank import Centre, CodebookRanker, Fit, Material, side_by_side, unit
from svp_nlp.coding.speech import without_marks
from svp_nlp.coding.undecided import (
    Places,
    StudyFit,
    as_common,
    matching_power,
    own_commonness,
    to_power,
)
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
_HASHES = 2**20
_PIECE_WEIGHT = {"label": 1.0, "definition": 1.5, "include": 1.0, "exemplar": 1.0, "routed": 0.5}
# The kernel's main directions that are kept, and the texts compared at a time: more cost time, less figures.
_DIRECTIONS = 400
_CHUNK = 2000
# Voices are tuned on held-out codings from so many coded texts on.
_LEAST_CODED = 40
_FOLDS = 5
# More undecided passages than this teach no more, and cost time.
_MOST_UNDECIDED = 3000
_QUESTIONS = (0.0, 0.3, 0.5, 0.8)
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

    @property
    def shares(self) -> Matrix:
        """Return how its themes share each text, shape (texts, themes)."""
        shares = np.zeros((len(self.texts), int(self.pairs[:, 1].max()) + 1))
        shares[self.pairs[:, 0], self.pairs[:, 1]] = 1.0
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    @property
    def text_weights(self) -> Column:
        """Return the weight of each text, that of its pairs added up."""
        found = np.zeros(len(self.texts))
        np.add.at(found, self.pairs[:, 0], self.weights)
        return found

    @classmethod
    def of(cls, ranker: CodebookRanker, confirmed: Confirmed | None = None) -> Examples:
        """Take every piece of the codebook as an example of its theme, then every confirmed coding.

        A text with two themes is half an example of each.
        """
        said = side_by_side(
            unit(ranker.piece_vectors - ranker.prototypes.mean(axis=0)),
            unit(ranker.inner_pieces - ranker.inner_pieces.mean(axis=0)),
        )
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
            np.vstack([self.vectors, centre.answers_in_layers(coded.material)]),
            np.vstack([self.asked, centre.questions_in_layers(coded.material)]),
            np.vstack([self.pairs, pairs]),
            np.concatenate([self.weights, (1.0 / coded.labels.sum(axis=1))[texts]]),
        )


class Likeness:
    """How like texts are to each of *examples*: embeddings, letters, words and questions in one kernel."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        self._letters = _weighed_signs(analyzer="char_wb", ngram_range=(2, 5))
        self._words = _weighed_signs(analyzer=content_words)
        by_letters = self._letters.fit_transform([without_marks(t) for t in examples.texts])
        by_words = self._words.fit_transform(examples.texts)
        self._by_letters, self._by_words = by_letters.T, by_words.T
        themselves = by_letters @ by_letters.T, by_words @ by_words.T
        self.among_examples = self._joined(*themselves, examples.vectors, examples.asked)

    def of(self, material: Material, centre: Centre) -> Fit:
        """Return the likeness of each text, its question beside it, and that of each question as a text.

        Both have the shape (texts, examples); questions are 0 where nothing was asked.
        """
        vectors, asked = centre.answers_in_layers(material), centre.questions_in_layers(material)
        answers = self._to(material.texts, vectors, asked)
        return Fit(answers, self.of_questions(material, centre))

    def of_questions(self, material: Material, centre: Centre) -> Matrix:
        """Return the likeness of each question before the texts, 0 where nothing was asked."""
        questions = np.zeros((len(material.texts), len(self.examples.texts)))
        rows = np.flatnonzero(material.was_asked)
        asked = centre.questions_in_layers(material)[rows]
        questions[rows] = self._to([material.questions[i] for i in rows], asked, np.zeros_like(asked))
        return questions

    def _to(self, texts: Sequence[str], vectors: Vectors, asked: Vectors) -> Matrix:
        if not texts:
            return np.zeros((0, len(self.examples.texts)))
        letters = self._letters.transform([without_marks(t) for t in texts]) @ self._by_letters
        return self._joined(letters, self._words.transform(texts) @ self._by_words, vectors, asked)

    def _joined(self, letters: Any, words: Any, vectors: Vectors, asked: Vectors) -> Matrix:
        kernel = vectors @ self.examples.vectors.T + _ASKED * asked @ self.examples.asked.T
        return np.asarray(kernel + _LETTERS * letters.toarray() + _WORDS * words.toarray())


def _weighed_signs(**options: Any) -> Any:
    """Return TF-IDF in which a sign that no example has still makes a text less like the examples.

    With a vocabulary it would not count, and a text that shares a word with an example would be as like it as
    one that says little else. Signs are hashed, since only their products matter.
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    counted = HashingVectorizer(n_features=_HASHES, alternate_sign=False, norm=None, **options)
    return make_pipeline(counted, TfidfTransformer(sublinear_tf=True))


class ExampleClassifier:
    """Multinomial logistic regression on examples, seen through their likeness to one another.

    *likeness* is square, *pairs* and *weights* are those of `Examples`; every theme has an example. Ridge
    regression needs only the kernel, of which the main directions are kept: fast while examples are few.
    """

    def __init__(self, likeness: Matrix, pairs: Rows, weights: Column) -> None:
        self._directions = _main_directions(likeness)
        self._known = self.places(likeness)
        self._pairs, self._weights = pairs, weights
        self._learn(np.ones(len(likeness), dtype=bool))

    def _learn(self, kept: npt.NDArray[np.bool_], start: Any = None) -> None:
        from sklearn.linear_model import LogisticRegression

        mine = kept[self._pairs[:, 0]]
        texts, themes = self._pairs[mine].T
        self._model = LogisticRegression(C=_RIDGE, max_iter=1000, warm_start=start is not None)
        if start is not None:
            self._model.coef_, self._model.intercept_ = start.coef_.copy(), start.intercept_.copy()
        self._model.fit(self._known[texts], themes, sample_weight=self._weights[mine])

    def without(self, out: Rows) -> ExampleClassifier:
        """Return what the examples other than *out* teach alone, seen along the directions of all.

        The directions know no theme, so that a text held out stays unknown; the way to the others' optimum
        is shorter from that of all.
        """
        other = copy(self)
        kept = np.ones(len(self._known), dtype=bool)
        kept[out] = False
        other._learn(kept, self._model)
        return other

    def places(self, likeness: Matrix) -> Matrix:
        """Return where texts lie along the main directions, given their likeness to the examples."""
        return np.asarray(likeness @ self._directions)

    def fit(self, likeness: Fit) -> Fit:
        """Return how well texts, and the questions before them, fit each theme."""
        asked = np.asarray(likeness.questions.any(axis=1))
        return Fit(self(likeness.answers), self(likeness.questions) * asked[:, None])

    def __call__(self, likeness: Matrix) -> Matrix:
        """Return how well texts fit each theme, given their likeness to the examples."""
        if not len(likeness):
            return np.zeros((0, len(self._model.classes_)))
        decision = self._model.decision_function(self.places(likeness))
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
        self._taught: Taught | None = None
        self._decided: frozenset[str] = frozenset()
        self._nones = 0.0
        # Texts are seen from where the examples are: people may confirm evenly, or one theme first, and then
        # the middle of the study is elsewhere.
        self._centre = None if confirmed is None else Centre.of(confirmed.material, ranker)
        if len(self.counts) < 2:
            return
        examples = Examples.of(ranker, confirmed)
        with _one_thread():
            self._likeness = Likeness(examples)
            among = self._likeness.among_examples
            self._classifier = ExampleClassifier(among, examples.pairs, examples.weights)
            if confirmed is not None:
                self._learn(confirmed, self._classifier)

    def _learn(self, confirmed: Confirmed, classifier: ExampleClassifier) -> None:
        self.counts = confirmed.labels.sum(axis=0)
        self._decided = frozenset(confirmed.material.texts)
        self._gate, self.least_coded = _gate(confirmed, self.calibration)
        self._nones = 1.0 - float(confirmed.coded.mean())
        # Examples are as loud as confirmed ones are many beside the pieces of the codebook: held-out texts
        # would choose them too low, being judged by fewer examples than there are.
        louder = 1 + confirmed.coded.sum() / len(self.ranker.pieces)
        self.voices = replace(self.voices, examples=self.voices.examples * louder)
        if confirmed.coded.sum() >= _LEAST_CODED:
            self._taught = Taught(self._likeness, classifier, confirmed, self.ranker)
            self.voices = self._taught.tuned(self.voices)

    def themes(
        self,
        material: Material,
        corpus: Material,
        likely: Column | None = None,
        corrected: Callable[[Matrix], Matrix] = np.asarray,
    ) -> Matrix:
        """Return the probability of each theme for a coded text, shape (texts, themes).

        *corpus* is the study around them, *likely* how likely each of its passages is coded at all;
        *corrected* may change how the themes share the texts (see `svp_nlp.coding.surroundings`).
        """
        if self._classifier is None:
            return np.ones((len(material.texts), 1))
        centre = self._centre or Centre.of(corpus, self.ranker)
        if self._taught is None:
            by_example = self.by_example(material, centre)
            shares = self.voices.shares(self.ranker.scores(material, corpus), by_example, self.counts)
            return self.voices.probabilities(corrected(shares))
        weights = np.ones(len(corpus.texts)) if likely is None else self._counting(likely)
        with _one_thread():
            study = self._study(corpus, weights, centre)
            fit, power, voices = self._study_fit(self._taught, self._classifier, study)
            shares = np.zeros((len(material.texts), len(self.counts)))
            for rows in _chunks(len(shares)):
                near = self._likeness.of(material.some(rows), centre)
                shares[rows] = fit(self._classifier.places(near.at(voices.questions)))
        return voices.probabilities(corrected(to_power(shares, power)))

    def _counting(self, likely: Column) -> Column:
        """Return how much of each undecided passage counts, given how *likely* it is coded at all.

        People who found hardly a text without a theme code everything, short remarks too; what they leave
        uncoded cannot be told from their decisions, but its share can.
        """
        return likely if self._gate is not None else 1.0 - self._nones * (1.0 - likely)

    def _study(self, corpus: Material, likely: Column, centre: Centre) -> Undecided:
        """Return the passages of *corpus* that nobody decided on, evenly thinned where there are many."""
        open_ = np.array([i for i, t in enumerate(corpus.texts) if t not in self._decided], dtype=np.intp)
        rows = open_[:: max(1, -(-len(open_) // _MOST_UNDECIDED))]
        some = corpus.some(rows)
        return Undecided(self._likeness.of(some, centre), self.ranker.scores(some, corpus), likely[rows])

    def _study_fit(
        self, taught: Taught, classifier: ExampleClassifier, study: Undecided
    ) -> tuple[StudyFit, float, Voices]:
        """Return what the examples and the study's undecided passages teach together.

        With it the power that its shares need, and voices calibrated to them.
        """
        examples, voices = self._likeness.examples, self.voices
        shares = voices.shares(study.scores, classifier.fit(study.likeness), self.counts)
        common = own_commonness(shares, study.weights)
        known = Places(
            classifier.places(self._likeness.among_examples), examples.shares, examples.text_weights
        )
        rows = classifier.places(study.likeness.at(voices.questions))
        fit = StudyFit(known, Places(rows, as_common(shares, common), study.weights))
        told = taught.as_undecided(voices, fit, classifier, common)
        power = matching_power(fit(rows), study.weights, told)
        return fit, power, voices.calibrated(told, taught.labels)

    def by_example(self, material: Material, centre: Centre) -> Fit:
        """Return how well each text, and the question before it, fits the examples of each theme."""
        answers, questions = (np.zeros((len(material.texts), len(self.counts))) for _ in range(2))
        if self._classifier is None:
            return Fit(answers, questions)
        for rows in _chunks(len(answers)):
            fit = self._classifier.fit(self._likeness.of(material.some(rows), centre))
            answers[rows], questions[rows] = fit.answers, fit.questions
        return Fit(answers, questions)

    def coded(self, signs: Matrix, roles: Sequence[Role], level: Column | None = None) -> Column:
        """Return the probability that a coder gives each text any theme, shape (texts,).

        *level* is that of the study (see `Calibration.level`); decisions learned from need none.
        """
        shipped = self.calibration.coded(signs, roles, level)
        if self._gate is None:
            return shipped
        learned = self._gate.predict_proba(_gate_columns(signs, self.calibration))[:, 1]
        interviewers = np.array([r is Role.INTERVIEWER for r in roles])
        return np.where(interviewers, shipped, learned)

    def likely(self, signs: Matrix, roles: Sequence[Role], *, alone: bool) -> Column:
        """Return how likely each text is coded; texts *alone* are taken for full answers."""
        if alone:
            return self.coded(at_answer_length(signs), roles)
        return self.coded(signs, roles, self.level(signs, roles))

    def level(self, signs: Matrix, roles: Sequence[Role]) -> Column:
        """Return the level of a study, told from what is not said by interviewers."""
        said = np.array([r is not Role.INTERVIEWER for r in roles], dtype=bool)
        return self.calibration.level(signs[said])

    def verdicts(
        self, signs: Matrix, roles: Sequence[Role], themes: Matrix, *, alone: bool
    ) -> tuple[Column, npt.NDArray[np.bool_]]:
        """Return for each text the probability that it is coded at all, and whether to say "none".

        Besides texts that are likely coded, those are kept that state a theme clearly: were they full
        answers, they would more likely than not be coded, and with their first theme. Where texts stand
        *alone*, without the interview around them, length says little and that is their probability. Once
        people's decisions teach what is coded, they alone say how short a passage may be.
        """
        level = None if alone else self.level(signs, roles)
        coded, in_full = (self.coded(s, roles, level) for s in (signs, at_answer_length(signs)))
        first = themes.max(axis=1)
        clear = (in_full * first >= _MORE_LIKELY_THAN_NOT) & (self._gate is None)
        if alone:
            coded = np.where(clear, in_full, coded)
        unsure = first * themes.shape[1] < self.calibration.least_sure
        return coded, unsure | ~(clear | (coded >= self.least_coded))


@dataclass(frozen=True, slots=True)
class Undecided:
    """Passages nobody decided on: likeness to all examples, the codebook's scores, and weights."""

    likeness: Fit = field(repr=False)
    scores: Fit = field(repr=False)
    weights: Column = field(repr=False)


class Taught:
    """Confirmed codings, each judged by what the others teach: to tune voices and to calibrate scores on.

    The coded texts are the last of the examples. Of each theme, runs of neighbouring texts are held out
    together: passages of one interview mostly fall into one fold.
    """

    def __init__(
        self,
        likeness: Likeness,
        classifier: ExampleClassifier,
        confirmed: Confirmed,
        ranker: CodebookRanker,
    ) -> None:
        coded = confirmed.some(np.flatnonzero(confirmed.coded))
        centre = Centre.of(confirmed.material, ranker)
        self._likeness = likeness
        self.labels = coded.labels
        self._counts: Column = coded.labels.sum(axis=0)
        self._scores = ranker.scores(coded.material, confirmed.material)
        first = len(likeness.examples.texts) - len(coded.labels)
        self._near = Fit(likeness.among_examples[first:], likeness.of_questions(coded.material, centre))
        self._by_example = Fit(np.zeros_like(self.labels), np.zeros_like(self.labels))
        for out in folds(coded.labels):
            fit = classifier.without(out + first).fit(self._near.some(out))
            self._by_example.answers[out], self._by_example.questions[out] = fit.answers, fit.questions

    def tuned(self, default: Voices) -> Voices:
        """Choose the voices with the least log loss on held-out codings."""
        shares = self.labels / self.labels.sum(axis=1, keepdims=True)

        def loss(voices: Voices) -> float:
            return -float((shares * np.log(self.guesses(voices) + 1e-9)).sum())

        choices = product(_QUESTIONS, _PRIORS, _SHARPNESS)
        return min((replace(default, questions=q, prior=p, sharpness=s) for q, p, s in choices), key=loss)

    def guesses(self, voices: Voices) -> Matrix:
        """Return how the themes share each coded text, judged by the others."""
        return voices.shares(self._scores, self._by_example, self._counts)

    def as_undecided(
        self, voices: Voices, fit: StudyFit, classifier: ExampleClassifier, common: Column
    ) -> Matrix:
        """Return how the themes share each coded text, judged by *fit* as if nobody had decided on it."""
        chosen = np.arange(len(self._likeness.examples.texts))[-len(self.labels) :]
        rows = classifier.places(self._near.at(voices.questions))
        return fit.as_undecided(chosen, rows, as_common(self.guesses(voices), common))


def folds(labels: Matrix) -> list[Rows]:
    """Return rows to hold out together: of each theme's texts, in their order, runs of one in five.

    A text counts for its rarest theme, so that each fold knows something of every theme.
    """
    rarest = np.where(labels > 0, labels.sum(axis=0), np.inf).argmin(axis=1)
    fold = np.zeros(len(labels), dtype=np.intp)
    for theme in np.unique(rarest):
        rows = np.flatnonzero(rarest == theme)
        fold[rows] = (np.arange(len(rows)) * _FOLDS // max(_FOLDS, len(rows)) + theme) % _FOLDS
    return [np.flatnonzero(fold == k) for k in np.unique(fold)]


def _one_thread() -> AbstractContextManager[object]:
    """Keep linear algebra on one thread: on matrices of this size a second waits more than it helps."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def _chunks(count: int) -> Iterator[Rows]:
    return (np.arange(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK))


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
    return np.hstack([calibration.logit(signs, calibration.level())[:, None], signs])
