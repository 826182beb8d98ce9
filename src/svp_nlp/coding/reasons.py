"""Why a theme is suggested: the sentence that carries it, the nearest exemplar, shared words, and what spoke
against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.rank import Centre, CodebookRanker, Material, route
from svp_nlp.coding.segment import sentences
from svp_nlp.coding.words import Matrix
from svp_nlp.engines.protocols import Embedder, Vectors
from svp_nlp.model import Codebook, Exemplar, Reason, Span

# A sentence shorter than this ("Exactly.") carries no theme by itself.
_LEAST_WORDS = 4
_NONE = -1


@dataclass(frozen=True, slots=True)
class Carriers:
    """Which sentence of a text carries each theme best, and the exclusion cue that speaks against it there.

    ``spans`` holds the sentences of all texts one after another, ``best`` (texts, themes) positions in it;
    ``exclusion`` (texts, themes) is the position of the theme's cue, -1 where none speaks against it.
    """

    spans: tuple[Span, ...] = field(repr=False)
    best: npt.NDArray[np.intp] = field(repr=False)
    exclusion: npt.NDArray[np.intp] = field(repr=False)

    @property
    def excluded(self) -> npt.NDArray[np.bool_]:
        """Tell for each text and theme whether an exclusion cue speaks against it."""
        return np.asarray(self.exclusion != _NONE)


class Explainer:
    """Finds what speaks for a theme in a text, and what against it.

    *codebook* is that of *ranker*, with confirmed texts among its exemplars where there are any.
    """

    def __init__(self, codebook: Codebook, ranker: CodebookRanker, embedder: Embedder) -> None:
        self.themes = codebook.themes
        self.ranker = ranker
        self.embedder = embedder
        self.exemplars = [_exemplars_of(ranker, j, t.exemplars) for j, t in enumerate(codebook.themes)]
        texts = [e.text for some in self.exemplars for e in some]
        self.vectors = np.split(embedder(texts), np.cumsum([len(e) for e in self.exemplars])[:-1])
        cases = [route(cue, {t.id: t for t in self.themes})[0] for t in self.themes for cue in t.exclude]
        self.cues = np.split(embedder(cases), np.cumsum([len(t.exclude) for t in self.themes])[:-1])

    def carriers(self, material: Material, centre: Centre) -> Carriers:
        """Find in each text the sentence nearest each theme, and whether an exclusion cue is nearer.

        A cue speaks against a theme where it is nearer to that sentence than everything that speaks for it.
        """
        spans = [_carriers(t) for t in material.texts]
        cut = [text[s.start : s.end] for text, some in zip(material.texts, spans, strict=True) for s in some]
        starts = np.cumsum([0, *map(len, spans)])
        said = Material.of(cut, None, self.embedder)
        likeness = self.ranker.likeness(centre.answers(said))
        rows = [a + likeness[a:b].argmax(axis=0) for a, b in pairwise(starts)]
        best = np.array(rows, dtype=np.intp).reshape(len(spans), len(self.themes))
        against = [self._against(j, said.vectors[best[:, j]]) for j in range(len(self.themes))]
        return Carriers(tuple(s for some in spans for s in some), best, np.stack(against, axis=1))

    def _against(self, theme: int, sentences: Vectors) -> npt.NDArray[np.intp]:
        """Return the theme's exclusion cue that speaks against it in each sentence, -1 for none."""
        if not len(self.cues[theme]):
            return np.full(len(sentences), _NONE, dtype=np.intp)
        own = [i for i, p in enumerate(self.ranker.pieces) if p.theme == theme and p.kind != "routed"]
        against = sentences @ self.cues[theme].T
        nearer = against.max(axis=1) > (sentences @ self.ranker.piece_vectors[own].T).max(axis=1)
        return np.where(nearer, against.argmax(axis=1), _NONE)

    def reasons(
        self, material: Material, themes: Matrix, ranked: npt.NDArray[np.intp], carriers: Carriers
    ) -> dict[tuple[int, int], Reason]:
        """Return a reason for every (text, theme) in *ranked*, given the themes' probabilities."""
        return {
            (i, j): self._reason(material, (i, j), themes[i], carriers)
            for i, row in enumerate(ranked.tolist())
            for j in row
        }

    def _reason(self, material: Material, at: tuple[int, int], themes: Matrix, carriers: Carriers) -> Reason:
        text, theme = at
        nearest = self.exemplars[theme][int((self.vectors[theme] @ material.vectors[text]).argmax())]
        others = themes.copy()
        others[theme] = -1.0
        rival = int(others.argmax())
        cue = int(carriers.exclusion[at])
        return Reason(
            exemplar=nearest.text,
            source=nearest.source,
            sentence=(carriers.spans[carriers.best[at]],),
            words=self.ranker.index.shared(material.texts[text], theme),
            against=self.themes[rival].id if len(self.themes) > 1 else "",
            margin=float(themes[theme] - themes[rival]) if len(self.themes) > 1 else float(themes[theme]),
            exclusion="" if cue == _NONE else self.themes[theme].exclude[cue],
        )


def _exemplars_of(ranker: CodebookRanker, theme: int, exemplars: Sequence[Exemplar]) -> list[Exemplar]:
    """Return a theme's exemplars, or what the codebook says of it where there are none."""
    said = [Exemplar(p.text, f"codebook, {p.kind}") for p in ranker.pieces if p.theme == theme]
    return list(exemplars) or [e for e in said if e.source != "codebook, routed"]


def _carriers(text: str) -> tuple[Span, ...]:
    """Return the sentences that may carry a theme; the whole text where all are short."""
    found = sentences(text)
    long = tuple(s for s in found if len(text[s.start : s.end].split()) >= _LEAST_WORDS)
    return long or (Span(0, len(text)),)
