"""Plain ways to suggest a code, printed beside ours: what is gained must be gained over these.

"commonest" ranks themes by how often coders gave them in the other files. "TF-IDF profile" is what NVivo's
"code by existing patterns" does: stemmed words of each code's text against those of the turn; stop words stay
and counts are taken as logarithms, which was the strongest of the variants tried. "length" and
"similarity" only tell coded turns from others: the more words, or the nearer to any theme, the likelier.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from svp_nlp.evaluation.suggestions import Key, TurnGold, TurnSuggestion
from svp_nlp.model import Codebook, Theme, Transcript

if TYPE_CHECKING:
    from svp_nlp.engines.protocols import Embedder, Vectors

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def commonest(units: Sequence[TurnGold], codebook: Codebook) -> dict[Key, TurnSuggestion]:
    """Rank themes by their share among the coded turns of all other files (it has seen the coders' work)."""
    ids = [theme.id for theme in codebook.themes]
    made: dict[Key, TurnSuggestion] = {}
    for file in dict.fromkeys(unit.transcript for unit in units):
        others = [unit.themes for unit in units if unit.transcript != file and unit.themes]
        counts = Counter(theme for themes in others for theme in themes)
        ranked = sorted(((id, counts[id] / max(1, len(others))) for id in ids), key=lambda pair: -pair[1])
        made |= {u.key: TurnSuggestion(tuple(ranked), 1.0) for u in units if u.transcript == file}
    return made


def tfidf_profile(
    units: Sequence[TurnGold], texts: Sequence[str], codebook: Codebook
) -> dict[Key, TurnSuggestion]:
    """Rank themes by the cosine of stemmed TF-IDF vectors: the theme's whole codebook text and the turn."""
    scores = profile_scores([[theme_text(t)] for t in codebook.themes], texts)
    return {unit.key: _ranked(codebook, row) for unit, row in zip(units, scores, strict=True)}


def profile_scores(examples: Sequence[Sequence[str]], texts: Sequence[str]) -> Vectors:
    """Return cosines of shape (texts, codes) between texts and each code's profile, its summed examples."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    flat = [text for group in examples for text in group]
    vectorizer = TfidfVectorizer(tokenizer=stems, token_pattern=None, lowercase=False, sublinear_tf=True)
    vectorizer.fit([*flat, *texts])
    profiles = np.vstack(
        [np.asarray(vectorizer.transform(group or [""]).sum(axis=0)).ravel() for group in examples]
    )
    norms = np.linalg.norm(profiles, axis=1, keepdims=True)
    profiles = profiles / np.where(norms, norms, 1)
    return np.asarray(vectorizer.transform(list(texts)) @ profiles.T, dtype=np.float32)


def stems(text: str) -> list[str]:
    """Return the stems (Snowball English) of the words of *text*."""
    from snowballstemmer import stemmer

    words = [w.replace("’", "'") for w in _WORD.findall(text.lower())]
    return list(stemmer("english").stemWords(words))


def length_alone(units: Sequence[TurnGold]) -> dict[Key, TurnSuggestion]:
    """Say that a turn is the likelier coded the more words it has."""
    return {unit.key: TurnSuggestion((), float(unit.words)) for unit in units}


def similarity_alone(
    units: Sequence[TurnGold], texts: Sequence[str], codebook: Codebook, embedder: Embedder
) -> dict[Key, TurnSuggestion]:
    """Rank by the plain cosine to the mean of each theme's embedded label, definition, cues and exemplars."""
    themes = np.vstack([_mean_direction(embedder(_parts(t))) for t in codebook.themes])
    scores = embedder(texts) @ themes.T
    return {unit.key: _ranked(codebook, row) for unit, row in zip(units, scores, strict=True)}


def said(units: Sequence[TurnGold], transcripts: Mapping[str, Transcript]) -> list[str]:
    """Return the words of each unit as running text."""
    return [transcripts[u.transcript].said(transcripts[u.transcript].turns[u.turn]) for u in units]


def theme_text(theme: Theme) -> str:
    """Return all that the codebook says for a theme as one text (exclusions left out)."""
    return " ".join(_parts(theme))


def _parts(theme: Theme) -> list[str]:
    parts = [theme.label, theme.definition, *theme.include, *(e.text for e in theme.exemplars)]
    return [part for part in parts if part]


def _mean_direction(vectors: Vectors) -> Vectors:
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def _ranked(codebook: Codebook, row: Vectors) -> TurnSuggestion:
    pairs = ((theme.id, float(score)) for theme, score in zip(codebook.themes, row, strict=True))
    ranked = tuple(sorted(pairs, key=lambda pair: -pair[1]))
    return TurnSuggestion(ranked, ranked[0][1])
