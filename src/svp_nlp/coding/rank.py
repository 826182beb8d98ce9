"""How well a text fits each theme of a codebook before anybody has confirmed anything.

What a theme means is taken from its own text: label, definition, inclusion cues and exemplars, and the
exclusion cues of other themes that point to it ("…: need.sequelae"). Two measures are added, each brought to
one scale over the themes: cosine between embeddings, and shared words (BM25). Three steps make cosines of
spoken answers and of a codebook's prose comparable: themes are centred on the codebook's mean, texts on the
mean of the corpus, and word scores are also standardised over the corpus, since long themes share words with
everything. The question before an answer counts as a weaker text of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml

from svp_nlp.coding.speech import without_marks
from svp_nlp.coding.words import Matrix, WordIndex
from svp_nlp.engines.protocols import Embedder, LayeredEmbedder, Vectors
from svp_nlp.model import Codebook, Theme

# What each kind of codebook text weighs in a theme's prototype (mean vectors of a kind). Cues say what
# counts in most detail; chosen on the development interviews with two codebooks, flat around these values.
_KINDS: Mapping[str, float] = {
    "label": 1.0,
    "definition": 1.0,
    "include": 2.0,
    "exemplar": 1.0,
    "routed": 0.5,
}
_WORDS = 0.5
_QUESTION_WORDS = 0.67
# The corpus mean is drawn towards plain talk as if so many passages of it had been read: a handful of
# passages would otherwise be centred on themselves.
_PLAIN_WEIGHT = 10.0
# From so many texts on, what is usual in the corpus counts more than the rule that no theme is favoured.
_TRUSTED_CORPUS = 30.0


@dataclass(frozen=True, slots=True)
class Material:
    """Texts with the questions before them, and their vectors, one row a text.

    ``inner`` and ``inner_asked`` are the vectors of texts and questions by an inner layer of the model.
    """

    texts: tuple[str, ...] = field(repr=False)
    questions: tuple[str, ...] = field(repr=False)
    vectors: Vectors = field(repr=False)
    asked: Vectors = field(repr=False)
    inner: Vectors = field(repr=False)
    inner_asked: Vectors = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], questions: Sequence[str] | None, embedder: Embedder) -> Material:
        """Embed *texts* and *questions* ("" where nothing was asked), pseudonyms and noises left out."""
        before = tuple(questions) if questions is not None else ("",) * len(texts)
        said = [without_marks(t) for t in (*texts, *before)]
        (vectors, asked), (inner, inner_asked) = (
            (found[: len(texts)], found[len(texts) :]) for found in layers(said, embedder)
        )
        return cls(tuple(texts), before, vectors, asked, inner, inner_asked)

    @property
    def was_asked(self) -> npt.NDArray[np.bool_]:
        """Tell for each text whether there is a question before it."""
        return np.array([bool(q) for q in self.questions], dtype=bool)

    def some(self, rows: npt.NDArray[np.intp]) -> Material:
        """Return the texts in *rows*."""
        texts = tuple(self.texts[i] for i in rows)
        questions = tuple(self.questions[i] for i in rows)
        vectors = (v[rows] for v in (self.vectors, self.asked, self.inner, self.inner_asked))
        return Material(texts, questions, *vectors)


@dataclass(frozen=True, slots=True)
class CodebookText:
    """One piece of a codebook: of which theme (by position), of what kind, and what it says."""

    theme: int
    kind: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Centre:
    """What answers and questions of a corpus have in common; drawn towards plain talk when there are few."""

    answer: Vectors = field(repr=False)
    question: Vectors = field(repr=False)
    inner: Vectors = field(repr=False)
    inner_question: Vectors = field(repr=False)

    @classmethod
    def of(cls, corpus: Material, ranker: CodebookRanker) -> Centre:
        """Take the means over *corpus*."""
        plain, inner = ranker.plain.mean(axis=0), ranker.inner_plain.mean(axis=0)
        asked = corpus.was_asked
        return cls(
            _mean(corpus.vectors, plain),
            _mean(corpus.asked[asked], plain),
            _mean(corpus.inner, inner),
            _mean(corpus.inner_asked[asked], inner),
        )

    def answers(self, material: Material) -> Vectors:
        """Return unit vectors of the texts, seen from the centre."""
        return unit(material.vectors - self.answer)

    def questions(self, material: Material) -> Vectors:
        """Return unit vectors of the questions, seen from the centre; zero where nothing was asked."""
        return unit(material.asked - self.question) * material.was_asked[:, None].astype(np.float32)

    def answers_in_layers(self, material: Material) -> Vectors:
        """Return unit vectors whose products are the mean of the cosines by the last and the inner layer."""
        return side_by_side(self.answers(material), unit(material.inner - self.inner))

    def questions_in_layers(self, material: Material) -> Vectors:
        """Return the same of the questions; zero where nothing was asked."""
        inner = unit(material.inner_asked - self.inner_question)
        return side_by_side(self.questions(material), inner * material.was_asked[:, None].astype(np.float32))


@dataclass(frozen=True, slots=True)
class Fit:
    """How well answers, and the questions before them, fit each theme: two matrices (texts, themes)."""

    answers: Matrix = field(repr=False)
    questions: Matrix = field(repr=False)

    def at(self, question: float) -> Matrix:
        """Return the answers' fit with *question* times that of the questions added."""
        return self.answers + question * self.questions

    def some(self, rows: npt.NDArray[np.intp]) -> Fit:
        """Return the fit of the texts in *rows*."""
        return Fit(self.answers[rows], self.questions[rows])


class CodebookRanker:
    """Ranks the themes of a codebook for texts, from what the codebook says.

    ``prototypes`` holds a unit vector a theme, ``pieces`` and ``piece_vectors`` what they are made of,
    ``inner_pieces`` the vectors of the pieces by an inner layer of the model.
    """

    def __init__(self, codebook: Codebook, embedder: Embedder) -> None:
        self.codebook = codebook
        self.pieces = codebook_texts(codebook)
        self.piece_vectors, self.inner_pieces = layers([without_marks(p.text) for p in self.pieces], embedder)
        self.prototypes = self.prototypes_without(None)
        self.directions = unit(self.prototypes - self.prototypes.mean(axis=0))
        self.index = WordIndex(
            [" ".join(p.text for p in self.pieces if p.theme == j) for j in range(len(codebook.themes))]
        )
        self.plain, self.inner_plain = layers(plain_talk(), embedder)

    def scores(self, material: Material, corpus: Material) -> Fit:
        """Return the fit of each text, and of the question before it, with each theme.

        *corpus* is what texts are centred on and scaled by, usually the whole study's passages.
        """
        centre = Centre.of(corpus, self)
        usual = self.likeness(np.vstack([centre.answers(corpus), unit(self.plain - centre.answer)]))
        answers = against(self.likeness(centre.answers(material)), usual)
        answers += _WORDS * self._word_fit(material.texts, corpus.texts)
        questions = against(self.likeness(centre.questions(material)), usual)
        questions += _QUESTION_WORDS * self._word_fit(material.questions, corpus.texts)
        return Fit(answers, questions * material.was_asked[:, None])

    def likeness(self, centred: Vectors) -> Matrix:
        """Return the cosines of centred vectors with the centred themes."""
        return np.asarray(centred @ self.directions.T, dtype=np.float64)

    def _word_fit(self, texts: Sequence[str], corpus: Sequence[str]) -> Matrix:
        usual = self.index.scores([*corpus, *plain_talk()])
        return against(self.index.scores(texts) - usual.mean(axis=0), usual - usual.mean(axis=0))

    def prototypes_without(self, piece: int | None) -> Vectors:
        """Return the themes' prototypes as they would be without one piece of the codebook."""
        rows = np.zeros((len(self.codebook.themes), self.piece_vectors.shape[1]), dtype=np.float32)
        for j in range(len(rows)):
            for kind, weight in _KINDS.items():
                owned = (i for i, p in enumerate(self.pieces) if p.theme == j and p.kind == kind)
                of_kind = [i for i in owned if i != piece]
                if of_kind:
                    rows[j] += weight * self.piece_vectors[of_kind].mean(axis=0)
        return unit(rows)


def codebook_texts(codebook: Codebook) -> tuple[CodebookText, ...]:
    """Return everything a codebook says for its themes, exclusion cues given to the theme they point to."""
    found = [CodebookText(j, kind, text) for j, t in enumerate(codebook.themes) for kind, text in _said(t)]
    position = {t.id: j for j, t in enumerate(codebook.themes)}
    for theme in codebook.themes:
        for cue in theme.exclude:
            case, targets = route(cue, position)
            found += [CodebookText(position[t], "routed", case) for t in targets if t != theme.id]
    return tuple(found)


def route(cue: str, themes: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """Split an exclusion cue into the case it describes and the themes it points to.

    >>> route("Fear itself: challenges.stigma (both if told)", {"challenges.stigma": 0})
    ('Fear itself', ('challenges.stigma',))
    """
    case, colon, rest = cue.rpartition(": ")
    named = [w for w in re.findall(r"[\w.\-]*\w", rest) if w in themes]
    if not colon or not named:
        return cue, ()
    return case, tuple(named[:1])


def layers(texts: Sequence[str], embedder: Embedder) -> tuple[Vectors, Vectors]:
    """Return the vectors of *texts* by the last and by an inner layer, the same where there is no other."""
    if isinstance(embedder, LayeredEmbedder):
        return embedder.layers(texts)
    vectors = embedder(texts)
    return vectors, vectors


def side_by_side(last: Vectors, inner: Vectors) -> Vectors:
    """Join unit vectors of two layers to unit vectors, whose products are the mean of both cosines."""
    return np.asarray(np.hstack([last, inner]) * np.float32(np.sqrt(0.5)))


def unit(vectors: Vectors) -> Vectors:
    """Return *vectors* scaled to length 1 (zero stays zero)."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def against(values: Matrix, usual: Matrix) -> Matrix:
    """Return *values* seen from each row's mean, in units of how far *usual* rows spread around theirs."""
    centred, spread = (m - m.mean(axis=1, keepdims=True) for m in (values, usual))
    return np.asarray(centred / (np.sqrt((spread**2).mean()) + 1e-9))


def _mean(vectors: Vectors, plain: Vectors) -> Vectors:
    total = _PLAIN_WEIGHT * plain + vectors.sum(axis=0)
    return np.asarray(total / (_PLAIN_WEIGHT + len(vectors)), dtype=np.float32)


@cache
def plain_talk() -> tuple[str, ...]:
    """Return sentences of the kind every research interview has and no theme is about."""
    text = resources.files("svp_nlp.coding").joinpath("plain_talk.yaml").read_text(encoding="utf-8")
    return tuple(sentence for group in yaml.safe_load(text).values() for sentence in group)


def _said(theme: Theme) -> list[tuple[str, str]]:
    said = [("label", theme.label), ("definition", theme.definition)]
    said += [("include", cue) for cue in theme.include]
    said += [("exemplar", e.text) for e in theme.exemplars]
    return [(kind, text) for kind, text in said if text]
