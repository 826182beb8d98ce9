"""Suggest themes for passages, with the reason for each and the option "none"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.abstain import Calibration, Column, shipped_calibration, signs
from svp_nlp.coding.grounds import grounds
from svp_nlp.coding.learn import Confirmed, Learner
from svp_nlp.coding.rank import Centre, CodebookRanker, Material
from svp_nlp.coding.reasons import Carriers, Explainer
from svp_nlp.coding.segment import passage_text, question_text
from svp_nlp.coding.surroundings import Surroundings
from svp_nlp.coding.words import Matrix
from svp_nlp.engines.protocols import Embedder
from svp_nlp.errors import CodebookError
from svp_nlp.model import (
    Codebook,
    Exemplar,
    Flow,
    Grounds,
    Passage,
    Reason,
    Role,
    Span,
    Suggestion,
    Suggestions,
    Transcript,
)

# Below this the first theme is unsure; a domain is offered where it holds more than this share of the scores.
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """Texts with what is known of each: question, speaker, interview; ``alone`` where nothing is."""

    material: Material = field(repr=False)
    roles: tuple[Role, ...] = field(repr=False)
    interviews: tuple[str, ...] | None = field(repr=False)
    alone: bool

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        questions: Sequence[str] | None,
        roles: Sequence[Role] | None,
        interviews: Sequence[str] | None,
        embedder: Embedder,
    ) -> Told:
        """Embed *texts* and *questions*; without *roles* nobody knows who speaks."""
        who = (Role.UNKNOWN,) * len(texts) if roles is None else tuple(roles)
        whose = None if interviews is None else tuple(interviews)
        alone = questions is None and roles is None
        return cls(Material.of(texts, questions, embedder), who, whose, alone)

    @property
    def answers(self) -> npt.NDArray[np.bool_]:
        """Tell for each text whether it is not an interviewer's."""
        return np.array([r is not Role.INTERVIEWER for r in self.roles], dtype=bool)


class ThemeSuggester:
    """Suggests themes of *codebook*; works from the codebook alone, better after `fit`.

    ``grounds`` says for each theme how much its suggestions rest on, and where that is little.

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
        self.grounds: tuple[Grounds, ...] = grounds(codebook, {})
        self._explain = Explainer(codebook, self.ranker, embedder)

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
        labels = _labels(self.codebook, codings)
        given = zip(self.codebook.themes, labels.sum(axis=0), strict=True)
        self.grounds = grounds(self.codebook, {theme.id: int(count) for theme, count in given})
        if not texts:
            self.learner = None
            self._explain = Explainer(self.codebook, self.ranker, self.embedder)
            return self
        material = Material.of(texts, questions, self.embedder)
        confirmed = Confirmed(material, labels, signs(self.ranker, material))
        self.learner = Learner(self.ranker, self.calibration, confirmed)
        self._explain = Explainer(
            _with_exemplars(self.codebook, texts, labels, citations), self.ranker, self.embedder
        )
        return self

    def suggest(
        self,
        texts: Sequence[str],
        *,
        questions: Sequence[str] | None = None,
        roles: Sequence[Role] | None = None,
        interviews: Sequence[str] | None = None,
        top: int = 3,
    ) -> tuple[Suggestions, ...]:
        """Return for each text its *top* themes, best first, how likely it is coded at all, or "none".

        *questions* holds the interviewer's words before each text ("" for none), *roles* who speaks; without
        either the texts stand alone, and a short one is judged by what it says. *interviews* names the
        interview each text is from, in the order said: answers around a text then tell a little of its
        domain. Give a whole study at once: texts are compared with what is usual among them.

        ``score`` is the probability that a coder who codes the text gives it this theme; reasons point into
        the text.
        """
        if not texts:
            return ()
        told = Told.of(texts, questions, roles, interviews, self.embedder)
        themes, coded, none, carriers = self._judged(told)
        ranked = np.argsort(-themes, axis=1, kind="stable")[:, :top]
        reasons = self._explain.reasons(told.material, themes, ranked, carriers)
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
        interviews: Sequence[str] | None = None,
    ) -> tuple[tuple[int, float, tuple[Span, ...]], ...]:
        """Return the places of *texts* in the order in which they fit *theme*, with score and sentence.

        The score is the probability that a coder gives a text the theme at all. Raises KeyError for a theme
        that is not in the codebook.
        """
        if not texts:
            return ()
        j = self.codebook.themes.index(self.codebook.theme(theme))
        themes, coded, _, carriers = self._judged(Told.of(texts, questions, roles, interviews, self.embedder))
        scores = coded * themes[:, j]
        order = np.argsort(-scores, kind="stable").tolist()
        return tuple((i, float(scores[i]), (carriers.spans[carriers.best[i, j]],)) for i in order)

    @property
    def _learned(self) -> Learner:
        if self.learner is None:
            self.learner = Learner(self.ranker, self.calibration)
        return self.learner

    def _judged(self, told: Told) -> tuple[Matrix, Column, npt.NDArray[np.bool_], Carriers]:
        """Return each theme's probability, that of any, where to say "none", and what carries the themes."""
        learned, judged, material = self._learned, signs(self.ranker, told.material), told.material
        corpus = material.some(np.flatnonzero(told.answers))
        likely = learned.likely(judged, told.roles, alone=told.alone)
        carriers = self._explain.carriers(material, Centre.of(corpus, self.ranker))
        domains = [t.domain for t in self.codebook.themes]
        around = Surroundings.of(told.interviews, told.roles, likely, domains, carriers.excluded)
        themes = learned.themes(material, corpus, likely[told.answers], around)
        coded, none = learned.verdicts(judged, told.roles, themes, alone=told.alone)
        return themes, coded, none, carriers

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
        interviews=[p.transcript for p in passages],
        top=top,
    )
    flows = [Flow.of(by_id[p.transcript], p.pieces) for p in passages]
    return tuple(_placed(m, p.id, flow) for m, p, flow in zip(made, passages, flows, strict=True))


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


def _placed(made: Suggestions, passage: str, flow: Flow) -> Suggestions:
    """Return *made* with its sentences as positions in the transcript."""
    ranked = []
    for one in made.ranked:
        pieces = tuple(piece for span in one.because.sentence for piece in flow.to_source(span))
        ranked.append(replace(one, because=replace(one.because, sentence=pieces)))
    return replace(made, passage=passage, ranked=tuple(ranked))
