"""Emergent themes: what respondents speak of again and again that no theme of the codebook explains.

The known themes are peeled off with our own suggestions; what is left is grouped by BERTopic, and a group is
a topic only when it comes back, is told in more than one transcript in words they share, and is more than
chance (see `grouping`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from svp_nlp.coding.exemplars import exemplars, prototypes, quote_text, respondents, unit
from svp_nlp.coding.grouping import BY_CHANCE, Group, lasting_groups
from svp_nlp.coding.segment import passage_text
from svp_nlp.coding.speech import stop_words, without_marks, words
from svp_nlp.coding.topic_map import plane, topic_map
from svp_nlp.engines.bertopic import Bertopic, Labels
from svp_nlp.engines.protocols import Embedder, Vectors
from svp_nlp.model import Codebook, Domain, Exemplar, Passage, Suggestions, Theme, Topic, Transcript
from svp_nlp.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

LEAST_WORDS = 8
"""Passages shorter than this say too little to be grouped."""
LEAST_PASSAGES = 30
"""Below this many unexplained passages topics are not looked for."""

LIKELY = 0.5
"""A passage counts as explained where its first suggestion is more likely right than not."""

_LEAST_IN_TOPIC = 4
_RANDOM_GROUPS = 500
_SURE = 0.95
_PAIRS = 10
_BLOCK = 1024

__all__ = ["LEAST_PASSAGES", "LEAST_WORDS", "Topics", "propose_theme", "topic_map", "topics"]


@dataclass(frozen=True, slots=True)
class Topics:
    """What `topics` found.

    ``found`` are the topics, largest first. Of the respondents' passages long enough to be grouped,
    ``explained`` carry a theme of the codebook and ``residue`` do not. ``message`` says in a sentence what
    came of it. ``similar`` are pairs of like passages (id, id, cosine), given where there is no topic.
    ``points`` place every such passage in the plane (first two principal components) for `topic_map`;
    ``unexplained`` are the ids of those no theme explains.
    """

    found: tuple[Topic, ...]
    explained: int
    residue: int
    settings: Mapping[str, Any]
    message: str
    similar: tuple[tuple[str, str, float], ...] = ()
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict, repr=False)
    unexplained: frozenset[str] = field(default=frozenset(), repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a topic: words, size, domain, likeness, stability, passages (ids)."""
        import pandas as pd

        rows = [
            {
                "words": ", ".join(t.words),
                "size": len(t.passages),
                "domain": t.domain,
                "likeness": t.likeness,
                "stability": t.stability,
                "passages": list(t.passages),
            }
            for t in self.found
        ]
        return pd.DataFrame(rows, columns=["words", "size", "domain", "likeness", "stability", "passages"])


@dataclass(frozen=True)
class _Corpus:
    """The passages that count, their words and vectors, and which of them no theme explains."""

    passages: tuple[Passage, ...]
    texts: tuple[str, ...] = field(repr=False)
    vectors: Vectors = field(repr=False)
    unexplained: Labels = field(repr=False)

    @property
    def residue(self) -> Vectors:
        """The vectors of the unexplained passages."""
        return np.asarray(self.vectors[self.unexplained])

    def passage(self, row: int) -> Passage:
        """Return the passage of a row of `residue`."""
        return self.passages[int(self.unexplained[row])]


def topics(
    codebook: Codebook,
    transcripts: Mapping[str, Transcript],
    passages: Sequence[Passage],
    suggestions: Sequence[Suggestions],
    *,
    embedder: Embedder,
    codings: Mapping[str, Sequence[str]] | None = None,
    seeds: int = 5,
    progress: Progress = silent,
) -> Topics:
    """Look for themes the codebook does not have.

    A passage is explained when a person coded it (*codings*, passage id to themes) or, where nobody decided,
    when its first suggestion is more likely right than not (coded at all, and with that theme).
    Interviewers' passages and those under `LEAST_WORDS` words are left out. *seeds* runs, each on a sample
    of 85 % of the passages and with its own seed, judge what was found.
    Below `LEAST_PASSAGES` unexplained passages, and where no group passes, pairs of like passages are given
    instead. The same input gives the same topics.
    """
    corpus = _corpus(transcripts, respondents(passages), _explained(suggestions, codings or {}), embedder)
    engine = Bertopic(least=_LEAST_IN_TOPIC, stop_words=stop_words())
    groups, by_chance = _groups(corpus, engine, seeds, progress)
    compass = _Compass.of(codebook, corpus.vectors, embedder) if groups else None
    found = tuple(_topic(corpus, g, compass) for g in groups if compass is not None)
    return Topics(
        found,
        explained=len(corpus.passages) - len(corpus.unexplained),
        residue=len(corpus.unexplained),
        settings={
            "engine": engine.name,
            "method": engine.method(len(corpus.unexplained)),
            "embedder": embedder.name,
            "seeds": seeds,
            "least_words": LEAST_WORDS,
            "least_passages": LEAST_PASSAGES,
            "most_by_chance": BY_CHANCE,
        },
        message=_message(found, len(corpus.unexplained), by_chance),
        similar=() if found else tuple(_similar(corpus)),
        points={
            p.id: (float(x), float(y))
            for p, (x, y) in zip(corpus.passages, plane(corpus.vectors), strict=True)
        },
        unexplained=frozenset(corpus.passages[i].id for i in corpus.unexplained),
    )


def propose_theme(
    topic: Topic,
    transcripts: Mapping[str, Transcript],
    passages: Sequence[Passage],
    *,
    embedder: Embedder,
    quotes: int = 3,
) -> Theme:
    """Draft a codebook entry from *topic*, for a person to name, define, accept or drop.

    The label is the topic's words, the exemplars its best quotes with their citations. ``domain`` is empty
    where the topic lies outside the codebook's domains: that, too, is for a person to decide.
    """
    names = topic.words[:3] or ("unnamed",)
    among = [p for p in passages if p.id in set(topic.passages)]
    home = topic.domain or ""
    bare = Theme(".".join([home or "emergent", "_".join(names)]), ", ".join(names).capitalize(), home)
    alone = Codebook("", "", (Domain(home, home),), (bare,))
    decided = {p.id: (bare.id,) for p in among}
    chosen = exemplars(alone, transcripts, among, (), embedder=embedder, codings=decided, per_theme=quotes)
    told = _count(len({p.transcript for p in among}), "transcript")
    return Theme(
        bare.id,
        bare.label,
        home,
        f"Draft from {_count(len(among), 'passage')}, {told}: {', '.join(topic.words)}.",
        exemplars=tuple(Exemplar(quote_text(transcripts[q.transcript], q), q.citation) for q in chosen),
    )


def _explained(
    suggestions: Sequence[Suggestions], codings: Mapping[str, Sequence[str]]
) -> Callable[[Passage], bool]:
    """Return the test whether a theme of the codebook explains a passage."""
    suggested = {s.passage for s in suggestions if s.ranked and s.coded * s.ranked[0].score > LIKELY}
    return lambda p: bool(codings[p.id]) if p.id in codings else p.id in suggested


def _corpus(
    transcripts: Mapping[str, Transcript],
    passages: Sequence[Passage],
    explained: Callable[[Passage], bool],
    embedder: Embedder,
) -> _Corpus:
    """Gather the passages long enough, in order of their ids so that the caller's order changes nothing."""
    texts = {p.id: passage_text(transcripts[p.transcript], p) for p in passages}
    kept = [p for p in passages if len(words(texts[p.id])) >= LEAST_WORDS]
    kept.sort(key=lambda p: (p.transcript, p.turn, p.span.start))
    # Pseudonyms would gather passages that name many people or dates, whatever they speak of.
    vectors = embedder([" ".join(without_marks(texts[p.id]).split()) for p in kept])
    rows = np.array([i for i, p in enumerate(kept) if not explained(p)], dtype=np.int64)
    return _Corpus(tuple(kept), tuple(" ".join(words(texts[p.id])) for p in kept), vectors, rows)


def _groups(corpus: _Corpus, engine: Bertopic, seeds: int, progress: Progress) -> tuple[list[Group], float]:
    """Return the groups of unexplained passages that are topics, and how many would be by chance."""
    if len(corpus.unexplained) < LEAST_PASSAGES:
        return [], 0.0
    told = np.array([p.transcript for p in corpus.passages])[corpus.unexplained]
    needed = min(2, len(set(told)))

    def wide(rows: Labels) -> bool:
        return len(set(told[rows])) >= needed

    def done(over: int, total: int) -> None:
        progress("topics", over, total)

    texts = [corpus.texts[i] for i in corpus.unexplained]
    return lasting_groups(texts, corpus.residue, engine, seeds=seeds, wide=wide, done=done)


@dataclass(frozen=True)
class _Compass:
    """Where the codebook's domains lie among the passages.

    ``axes`` holds a unit row for each of ``domains``, ``said`` a row for each passage, both centred on their
    own mean, so that what all passages share makes no domain near.
    """

    domains: tuple[str, ...]
    axes: Vectors = field(repr=False)
    said: Vectors = field(repr=False)

    @classmethod
    def of(cls, codebook: Codebook, vectors: Vectors, embedder: Embedder) -> _Compass:
        """Place the domains by what their themes mean."""
        meant = prototypes(codebook.themes, embedder)
        homes = {d.id: [meant[t.id] for t in codebook.themes if t.domain == d.id] for d in codebook.domains}
        rows = np.stack([np.mean(some, axis=0) for some in homes.values() if some])
        middle = vectors.mean(axis=0)
        axes = unit(rows - (rows.mean(axis=0) if len(rows) > 1 else middle))
        return cls(tuple(d for d, some in homes.items() if some), axes, vectors - middle)

    def nearest(self, members: Labels) -> tuple[str | None, float]:
        """Return the nearest domain of some passages, None if they lie outside, and their cosine to it.

        They lie outside when 5 or more in 100 random groups of as many passages are as far out towards any
        domain (a permutation test).
        """
        mean = self.said[members].mean(axis=0)
        best = int(np.argmax(self.axes @ mean))
        near = float(self.axes[best] @ mean) > self._by_chance(len(members))
        return (self.domains[best] if near else None), float(self.axes[best] @ unit(mean))

    def _by_chance(self, size: int) -> float:
        rng = np.random.default_rng(size)
        draws = (rng.choice(len(self.said), size=size, replace=False) for _ in range(_RANDOM_GROUPS))
        return float(np.quantile([(self.axes @ self.said[d].mean(axis=0)).max() for d in draws], _SURE))


def _topic(corpus: _Corpus, group: Group, compass: _Compass) -> Topic:
    vectors = corpus.residue[group.rows]
    typical = vectors @ unit(vectors.mean(axis=0))
    order = sorted(range(len(group.rows)), key=lambda i: (-round(float(typical[i]), 6), int(group.rows[i])))
    domain, likeness = compass.nearest(corpus.unexplained[group.rows])
    ids = tuple(corpus.passage(int(group.rows[i])).id for i in order)
    return Topic(group.words, ids, domain, likeness, group.stability)


def _message(found: Sequence[Topic], residue: int, by_chance: float) -> str:
    if residue < LEAST_PASSAGES:
        few = f"{_count(residue, 'passage')} {'is' if residue == 1 else 'are'} too few for topics"
        return f"{few} ({LEAST_PASSAGES} needed): similar pairs are listed instead"
    if not found:
        return (
            f"no topic in {residue} unexplained passages came back in most runs and held together better than"
            " chance: similar pairs are listed instead"
        )
    held = sum(len(t.passages) for t in found)
    what = f"{_count(len(found), 'topic')} in {held} of {residue} unexplained passages"
    chance = f"about {by_chance:.0f}" if by_chance >= 0.5 else "none"
    return f"{what}; in data without topics {chance} would have come up"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _similar(corpus: _Corpus) -> list[tuple[str, str, float]]:
    """Return the likest pairs of unexplained passages, each the other's nearest, of different turns."""
    vectors = corpus.residue
    if len(vectors) < 2:
        return []
    numbers: dict[tuple[str, int], int] = {}
    spoken = (corpus.passage(i) for i in range(len(vectors)))
    turns = np.array([numbers.setdefault((p.transcript, p.turn), len(numbers)) for p in spoken])
    nearest, cosine = np.empty(len(vectors), dtype=np.int64), np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(vectors)))
        near = vectors[block] @ vectors.T
        near[turns[block][:, None] == turns[None, :]] = -np.inf
        nearest[block], cosine[block] = near.argmax(axis=1), near.max(axis=1)
    pairs = [
        (i, int(j)) for i, j in enumerate(nearest) if i < j and nearest[j] == i and np.isfinite(cosine[i])
    ]
    pairs.sort(key=lambda p: -cosine[p[0]])
    return [
        (corpus.passage(i).id, corpus.passage(j).id, min(1.0, float(cosine[i]))) for i, j in pairs[:_PAIRS]
    ]
