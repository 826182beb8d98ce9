"""Suggest themes for passages, with the reason for each and the option "none"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.abstain import Calibration, Column, shipped_calibration, signs
from svp_nlp.coding.learn import Confirmed, Learner
from svp_nlp.coding.rank import Centre, CodebookRanker, Material, route
from svp_nlp.coding.segment import passage_text, question_text, sentences
from svp_nlp.coding.words import Matrix
from svp_nlp.engines.protocols import Embedder, Vectors
from svp_nlp.errors import CodebookError
from svp_nlp.model import (
    Codebook,
    Exemplar,
    Flow,
    Passage,
    Reason,
    Role,
    Span,
    Suggestion,
    Suggestions,
    Transcript,
)

# A sentence shorter than this ("Exactly.") carries no theme by itself.
_LEAST_WORDS = 4
# Below this the first theme is unsure; a domain is offered where it holds more than this share of the scores.
_SURE = 0.5


class ThemeSuggester:
    """Suggests themes of *codebook*; works from the codebook alone, better after `fit`.

    >>> suggester = ThemeSuggester(codebook, embedder)        # doctest: +SKIP
    >>> suggester.suggest(["Nobody here has heard of us."])   # doctest: +SKIP
    """

    def __init__(
        self, codebook: Codebook, embedder: Embedder, *, calibration: Calibration | None = None
    ) -> None:
        if not codebook.themes:
            raise CodebookError("the codebook has no themes", hint="list at least one theme under a domain")
        self.codebook = codebook
        self.embedder = embedder
        self.calibration = calibration or shipped_calibration()
        self.ranker = CodebookRanker(codebook, embedder)
        self.learner: Learner | None = None
        self._explain = _Explainer(codebook, self.ranker, embedder)

    def fit(
        self,
        texts: Sequence[str],
        codings: Sequence[Iterable[str]],
        *,
        questions: Sequence[str] | None = None,
        citations: Sequence[str] | None = None,
    ) -> Self:
        """Learn from what people decided: for each text its themes, none at all for "no theme applies".

        Give confirmed or adjudicated codings only, never suggestions nobody decided on. Each call starts
        anew. Confirmed texts also become exemplars, cited by *citations*. Raises CodebookError for a theme
        that is not in the codebook.
        """
        if len(texts) != len(codings):
            found = f"{len(texts)} texts and {len(codings)} codings"
            raise CodebookError(f"{found}; one coding a text was expected")
        if not texts:
            self.learner = None
            self._explain = _Explainer(self.codebook, self.ranker, self.embedder)
            return self
        labels = _labels(self.codebook, codings)
        material = Material.of(texts, questions, self.embedder)
        confirmed = Confirmed(material, labels, signs(self.ranker, material))
        self.learner = Learner(self.ranker, self.calibration, confirmed)
        self._explain = _Explainer(
            _with_exemplars(self.codebook, texts, labels, citations), self.ranker, self.embedder
        )
        return self

    def suggest(
        self,
        texts: Sequence[str],
        *,
        questions: Sequence[str] | None = None,
        roles: Sequence[Role] | None = None,
        top: int = 3,
    ) -> tuple[Suggestions, ...]:
        """Return for each text its *top* themes, best first, how likely it is coded at all, or "none".

        *questions* holds the interviewer's words before each text ("" for none), *roles* who speaks; without
        either the texts stand alone, and a short one is judged by what it says. Give a whole study at once:
        texts are compared with what is usual among them. ``score`` is the probability that a coder who codes
        the text gives it this theme; reasons point into the text.
        """
        if not texts:
            return ()
        material = Material.of(texts, questions, self.embedder)
        who = _speakers(roles, len(texts))
        corpus, themes, coded, none = self._judged(material, who, alone=questions is None and roles is None)
        ranked = np.argsort(-themes, axis=1, kind="stable")[:, :top]
        reasons = self._explain.reasons(material, themes, ranked, Centre.of(corpus, self.ranker))
        return tuple(
            Suggestions(
                passage=str(i + 1),
                coded=float(coded[i]),
                ranked=tuple(self._suggestion(j, themes[i, j], reasons[i, j]) for j in ranked[i].tolist()),
                abstained=bool(none[i]),
                domain="" if none[i] else self._likely_domain(themes[i]),
            )
            for i in range(len(texts))
        )

    def nearest(
        self,
        theme: str,
        texts: Sequence[str],
        *,
        questions: Sequence[str] | None = None,
        roles: Sequence[Role] | None = None,
    ) -> tuple[tuple[int, float, tuple[Span, ...]], ...]:
        """Return the places of *texts* in the order in which they fit *theme*, with score and sentence.

        The score is the probability that a coder gives a text the theme at all. Raises KeyError for a theme
        that is not in the codebook.
        """
        if not texts:
            return ()
        j = self.codebook.themes.index(self.codebook.theme(theme))
        material, who = Material.of(texts, questions, self.embedder), _speakers(roles, len(texts))
        corpus, themes, coded, _ = self._judged(material, who, alone=questions is None and roles is None)
        scores = coded * themes[:, j]
        column = np.full((len(texts), 1), j, dtype=np.intp)
        reasons = self._explain.reasons(material, themes, column, Centre.of(corpus, self.ranker))
        order = np.argsort(-scores, kind="stable").tolist()
        return tuple((i, float(scores[i]), reasons[i, j].sentence) for i in order)

    @property
    def _learned(self) -> Learner:
        if self.learner is None:
            self.learner = Learner(self.ranker, self.calibration)
        return self.learner

    def _judged(
        self, material: Material, who: Sequence[Role], *, alone: bool
    ) -> tuple[Material, Matrix, Column, npt.NDArray[np.bool_]]:
        """Return what *material* is compared with, each theme's probability, that of any, and "none"."""
        learned, judged = self._learned, signs(self.ranker, material)
        answers = np.array([r is not Role.INTERVIEWER for r in who], dtype=bool)
        corpus = material.some(np.flatnonzero(answers))
        themes = learned.themes(material, corpus, learned.likely(judged, who, alone=alone)[answers])
        coded, none = learned.verdicts(judged, who, themes, alone=alone)
        return corpus, themes, coded, none

    def _likely_domain(self, themes: Matrix) -> str:
        """Return the domain with most of the scores where no theme is likely by itself, "" where none has."""
        if themes.max() >= _SURE:
            return ""
        shares = {d.id: 0.0 for d in self.codebook.domains}
        for theme, score in zip(self.codebook.themes, themes / themes.sum(), strict=True):
            shares[theme.domain] = shares.get(theme.domain, 0.0) + float(score)
        best = max(shares, key=lambda domain: shares[domain])
        return best if shares[best] > _SURE else ""

    def _suggestion(self, theme: int, score: float, because: Reason) -> Suggestion:
        of = self.codebook.themes[theme]
        return Suggestion(of.id, of.domain, float(score), because)


def suggest_passages(
    suggester: ThemeSuggester,
    transcripts: Mapping[str, Transcript] | Iterable[Transcript],
    passages: Sequence[Passage],
    *,
    top: int = 3,
) -> tuple[Suggestions, ...]:
    """Suggest themes for *passages* of *transcripts*; the sentences in the reasons point into these."""
    found = transcripts.values() if isinstance(transcripts, Mapping) else transcripts
    by_id = {t.id: t for t in found}
    made = suggester.suggest(
        [passage_text(by_id[p.transcript], p) for p in passages],
        questions=[question_text(by_id[p.transcript], p) for p in passages],
        roles=[p.role for p in passages],
        top=top,
    )
    flows = [Flow.of(by_id[p.transcript], p.pieces) for p in passages]
    return tuple(_placed(m, p.id, flow) for m, p, flow in zip(made, passages, flows, strict=True))


class _Explainer:
    """Finds what speaks for a theme in a text: sentence, exemplar, shared words, and the runner-up."""

    def __init__(self, codebook: Codebook, ranker: CodebookRanker, embedder: Embedder) -> None:
        self.themes = codebook.themes
        self.ranker = ranker
        self.embedder = embedder
        self.exemplars = [_exemplars_of(ranker, j, t.exemplars) for j, t in enumerate(codebook.themes)]
        texts = [e.text for some in self.exemplars for e in some]
        self.vectors = np.split(embedder(texts), np.cumsum([len(e) for e in self.exemplars])[:-1])
        cases = [route(cue, {t.id: t for t in self.themes})[0] for t in self.themes for cue in t.exclude]
        self.excluded = np.split(embedder(cases), np.cumsum([len(t.exclude) for t in self.themes])[:-1])

    def reasons(
        self, material: Material, themes: Matrix, ranked: npt.NDArray[np.intp], centre: Centre
    ) -> dict[tuple[int, int], Reason]:
        """Return a reason for every (text, theme) in *ranked*."""
        spans = [_carriers(t) for t in material.texts]
        cut = [text[s.start : s.end] for text, some in zip(material.texts, spans, strict=True) for s in some]
        borders = np.cumsum([len(some) for some in spans])[:-1]
        said = Material.of(cut, None, self.embedder)
        likeness = np.split(self.ranker.likeness(centre.answers(said)), borders)
        vectors = np.split(said.vectors, borders)
        found = {}
        for i, row in enumerate(ranked.tolist()):
            for j in row:
                best = int(likeness[i][:, j].argmax())
                reason = self._reason(material, i, j, spans[i][best], themes[i])
                found[i, j] = replace(reason, exclusion=self._exclusion(j, vectors[i][best]))
        return found

    def _exclusion(self, theme: int, sentence: Vectors) -> str:
        """Return the theme's exclusion cue that is nearer to *sentence* than all that speaks for it."""
        if not len(self.excluded[theme]):
            return ""
        own = [i for i, p in enumerate(self.ranker.pieces) if p.theme == theme and p.kind != "routed"]
        against = self.excluded[theme] @ sentence
        nearer = against.max() > (self.ranker.piece_vectors[own] @ sentence).max()
        return self.themes[theme].exclude[int(against.argmax())] if nearer else ""

    def _reason(self, material: Material, text: int, theme: int, sentence: Span, themes: Matrix) -> Reason:
        nearest = self.exemplars[theme][int((self.vectors[theme] @ material.vectors[text]).argmax())]
        others = themes.copy()
        others[theme] = -1.0
        rival = int(others.argmax())
        return Reason(
            exemplar=nearest.text,
            source=nearest.source,
            sentence=(sentence,),
            words=self.ranker.index.shared(material.texts[text], theme),
            against=self.themes[rival].id if len(self.themes) > 1 else "",
            margin=float(themes[theme] - themes[rival]) if len(self.themes) > 1 else float(themes[theme]),
        )


def _labels(codebook: Codebook, codings: Sequence[Iterable[str]]) -> Matrix:
    """Return 1 where a theme was given, shape (codings, themes)."""
    position = {t.id: j for j, t in enumerate(codebook.themes)}
    labels = np.zeros((len(codings), len(position)))
    for i, themes in enumerate(codings):
        for theme in themes:
            if theme not in position:
                known = ", ".join(position)
                raise CodebookError(f'unknown theme "{theme}" in coding {i + 1}; themes: {known}')
            labels[i, position[theme]] = 1.0
    return labels


def _exemplars_of(ranker: CodebookRanker, theme: int, exemplars: Sequence[Exemplar]) -> list[Exemplar]:
    """Return a theme's exemplars, or what the codebook says of it where there are none."""
    said = [Exemplar(p.text, f"codebook, {p.kind}") for p in ranker.pieces if p.theme == theme]
    return list(exemplars) or [e for e in said if e.source != "codebook, routed"]


def _with_exemplars(
    codebook: Codebook, texts: Sequence[str], labels: Matrix, citations: Sequence[str] | None
) -> Codebook:
    """Return *codebook* with the confirmed texts among its exemplars."""
    cited = citations if citations is not None else ["confirmed"] * len(texts)
    confirmed = [Exemplar(t, c) for t, c in zip(texts, cited, strict=True)]
    themes = []
    for theme, given in zip(codebook.themes, labels.T, strict=True):
        more = tuple(e for e, yes in zip(confirmed, given, strict=True) if yes)
        themes.append(replace(theme, exemplars=theme.exemplars + more))
    return replace(codebook, themes=tuple(themes))


def _speakers(roles: Sequence[Role] | None, count: int) -> tuple[Role, ...]:
    return tuple(roles) if roles is not None else (Role.UNKNOWN,) * count


def _carriers(text: str) -> tuple[Span, ...]:
    """Return the sentences that may carry a theme; the whole text where all are short."""
    found = sentences(text)
    long = tuple(s for s in found if len(text[s.start : s.end].split()) >= _LEAST_WORDS)
    return long or (Span(0, len(text)),)


def _placed(made: Suggestions, passage: str, flow: Flow) -> Suggestions:
    """Return *made* with its sentences as positions in the transcript."""
    ranked = []
    for one in made.ranked:
        pieces = tuple(piece for span in one.because.sentence for piece in flow.to_source(span))
        ranked.append(replace(one, because=replace(one.because, sentence=pieces)))
    return replace(made, passage=passage, ranked=tuple(ranked))
