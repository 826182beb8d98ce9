"""Quote exemplars: for every theme a few passages' words that show it best, verbatim, with citation."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from svp_nlp.coding.segment import passage_text, sentences
from svp_nlp.coding.speech import clarity, length_fit, self_containedness, words
from svp_nlp.engines.protocols import Embedder, Vectors
from svp_nlp.model import Codebook, Flow, Passage, Quote, Role, Span, Suggestions, Theme, Transcript

if TYPE_CHECKING:
    import pandas as pd

_LEAST_WORDS = 8
_MOST_WORDS = 80
# A sentence longer than this (captions have no stops) may be cut before a conjunction.
_LONG_SENTENCE = 45
_CLAUSE = re.compile(r"\s(?=(?:and|but|so|because|then)\s)", re.I)
# Another theme speaks for a passage too when its score comes this near to the first one's.
_NEARLY_FIRST = 0.8
# What a gap, an already quoted transcript and an alike quote cost, in units of the score.
_GAP_COST = 0.03
_SAME_TRANSCRIPT_COST = 0.08
_LIKENESS_COST = 0.25


class Quotes(tuple[Quote, ...]):
    """Quotes, best first within each theme, themes in the codebook's order."""

    __slots__ = ()

    def to_frame(self, transcripts: Mapping[str, Transcript] | None = None) -> pd.DataFrame:
        """Return one row a quote: theme, citation, transcript, passage, score, start, end; text if asked.

        With *transcripts* a column ``text`` holds the words; without them the frame holds positions only.
        """
        import pandas as pd

        rows = [
            {
                "theme": q.theme,
                "citation": q.citation,
                "transcript": q.transcript,
                "passage": q.passage,
                "score": q.score,
                "start": q.pieces[0].start,
                "end": q.pieces[-1].end,
            }
            | ({} if transcripts is None else {"text": quote_text(transcripts[q.transcript], q)})
            for q in self
        ]
        columns = ["theme", "citation", "transcript", "passage", "score", "start", "end"]
        return pd.DataFrame(rows, columns=columns if transcripts is None else [*columns, "text"])


LEAST_SUPPORT = 0.3
"""Below this probability of having a theme a passage is not quoted for it: better no quote than a bad one."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A passage that may be quoted for a theme; ``support`` in [0, 1], 1 where a person confirmed it."""

    theme: str
    passage: Passage
    support: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """A possible quote: some sentences of a passage, as spans into its flow, with their vector."""

    spans: tuple[Span, ...]
    text: str = field(repr=False)
    vector: Vectors = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Rated:
    """A cut as a quote, with its vector for telling quotes apart."""

    quote: Quote
    vector: Vectors = field(repr=False)
    confirmed: bool


def exemplars(
    codebook: Codebook,
    transcripts: Mapping[str, Transcript],
    passages: Sequence[Passage],
    suggestions: Sequence[Suggestions],
    *,
    embedder: Embedder,
    codings: Mapping[str, Sequence[str]] | None = None,
    per_theme: int = 3,
    doubtful: Collection[str] = (),
) -> Quotes:
    """Choose up to *per_theme* quotes for every theme of *codebook*, verbatim and with citation.

    *codings* are people's decisions, passage id to themes (none: an empty list): where a passage has one,
    its suggestion is not looked at, and confirmed passages come before suggested ones. Passages on which
    the suggester abstained, interviewers' passages and those in *doubtful* (an open redaction doubt) give
    no quotes. Ranked by fit to the theme, likeness to the theme's other passages, self-containedness,
    clarity and length; a theme's quotes are spread over transcripts and unlike each other (maximal
    marginal relevance, Carbonell & Goldstein 1998). No stretch is quoted for two themes. A theme with no
    fitting passage has no quote.
    """
    usable = [p for p in respondents(passages) if p.id not in doubtful]
    candidates = list(_candidates(codebook, usable, suggestions, codings or {}))
    if not candidates:
        return Quotes()
    texts = {c.passage.id: passage_text(transcripts[c.passage.transcript], c.passage) for c in candidates}
    space = _Space.of(codebook, candidates, texts, embedder)
    short = space.shortlist(candidates, size=max(8, 3 * per_theme))
    cuts = _cuts_of(short, transcripts, space)
    rated = {
        theme: [r for c in some for r in _rate(c, cuts.get(c.passage.id, ()), space, transcripts)]
        for theme, some in short.items()
    }
    return Quotes(_pick(codebook, rated, per_theme))


def quote_text(transcript: Transcript, quote: Quote) -> str:
    """Return the words of *quote* as one line; "…" stands where speech between two pieces was left out.

    Verbatim but for white space: line breaks and runs of spaces become one space.
    """
    parts = [" ".join(transcript[quote.pieces[0]].split())]
    for before, after in pairwise(quote.pieces):
        parts.append(" … " if _speech_between(transcript, before, after) else " ")
        parts.append(" ".join(transcript[after].split()))
    return "".join(parts)


def respondents(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages respondents speak; where a transcript names none, those of unknown speakers."""
    known = {p.transcript for p in passages if p.role is Role.RESPONDENT}
    return [
        p
        for p in passages
        if p.role is Role.RESPONDENT or (p.role is Role.UNKNOWN and p.transcript not in known)
    ]


def theme_texts(theme: Theme) -> list[str]:
    """Return what the codebook says a theme means: label, definition, cues, exemplars."""
    said = [theme.label, theme.definition, *theme.include, *(e.text for e in theme.exemplars)]
    return [text for text in said if text.strip()]


def unit(vectors: Vectors) -> Vectors:
    """Return *vectors* with rows of length 1; rows of length 0 stay as they are."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _speech_between(transcript: Transcript, before: Span, after: Span) -> bool:
    """Tell whether anything is said between two pieces; line ends and caption timings are not speech."""
    turn = transcript.turn_at(before.start)
    if turn is None or not turn.span.contains(after):
        return True
    gap = Span(before.end, max(before.end, after.start))
    said = (Span(max(gap.start, s.start), min(gap.end, s.end)) for s in turn.speech if s.overlaps(gap))
    return any(transcript[s].strip() for s in said)


def _candidates(
    codebook: Codebook,
    passages: Sequence[Passage],
    suggestions: Sequence[Suggestions],
    codings: Mapping[str, Sequence[str]],
) -> Iterator[_Candidate]:
    """Yield which passages speak for which themes: as people decided, else as suggested."""
    themes = {t.id for t in codebook.themes}
    made = {s.passage: s for s in suggestions}
    for passage in passages:
        if passage.id in codings:
            for theme in dict.fromkeys(codings[passage.id]):
                if theme in themes:
                    yield _Candidate(theme, passage, 1.0, True)
        elif passage.id in made and not made[passage.id].abstained:
            yield from _suggested(passage, made[passage.id], themes)


def _suggested(passage: Passage, made: Suggestions, themes: Collection[str]) -> Iterator[_Candidate]:
    best = max((s.score for s in made.ranked), default=0.0)
    for suggestion in made.ranked:
        if suggestion.theme in themes and suggestion.score > 0 and suggestion.score >= _NEARLY_FIRST * best:
            support = min(1.0, max(0.0, made.coded * suggestion.score))
            if support >= LEAST_SUPPORT:
                yield _Candidate(suggestion.theme, passage, support, False)


@dataclass(frozen=True)
class _Space:
    """Themes and passages as vectors, centred so that what all themes share counts nothing."""

    embed: Embedder = field(repr=False)
    mean: Vectors = field(repr=False)
    meanings: Mapping[str, Vectors] = field(repr=False)
    typical: Mapping[str, Vectors] = field(repr=False)
    vectors: Mapping[str, Vectors] = field(repr=False)

    @classmethod
    def of(
        cls, codebook: Codebook, candidates: Sequence[_Candidate], texts: Mapping[str, str], embed: Embedder
    ) -> _Space:
        """Embed what the themes mean and what the candidates say."""
        ids = list(texts)
        said = embed([texts[i] for i in ids])
        meant = prototypes(codebook.themes, embed)
        # One theme alone has nothing to be told apart from: then the passages' mean is what all share.
        mean = np.mean(list(meant.values()), axis=0) if len(meant) > 1 else said.mean(axis=0)
        vectors = dict(zip(ids, unit(said - mean), strict=True))
        meanings = {t: unit(v - mean) for t, v in meant.items()}
        weights: dict[str, Vectors] = defaultdict(lambda: np.zeros_like(mean))
        for c in candidates:
            weights[c.theme] = weights[c.theme] + c.support * vectors[c.passage.id]
        return cls(embed, mean, meanings, {t: unit(v) for t, v in weights.items()}, vectors)

    def near(self, theme: str, vector: Vectors) -> tuple[float, float]:
        """Return the cosines of *vector* to what *theme* means and to what its passages usually say."""
        return float(vector @ self.meanings[theme]), float(vector @ self.typical[theme])

    def shortlist(self, candidates: Iterable[_Candidate], size: int) -> dict[str, list[_Candidate]]:
        """Return each theme's *size* most promising passages, confirmed ones first."""
        by_theme: dict[str, list[_Candidate]] = defaultdict(list)
        for c in candidates:
            by_theme[c.theme].append(c)

        def promise(c: _Candidate) -> tuple[bool, float, str]:
            worth = c.support + sum(self.near(c.theme, self.vectors[c.passage.id]))
            return not c.confirmed, -worth, c.passage.id

        return {t: sorted(cs, key=promise)[:size] for t, cs in by_theme.items()}


def prototypes(themes: Sequence[Theme], embed: Embedder) -> dict[str, Vectors]:
    """Return one unit vector a theme: the mean of what the codebook says it means. One call to *embed*."""
    texts = [theme_texts(t) or [t.id] for t in themes]
    rows = embed([text for one in texts for text in one])
    ends = np.cumsum([len(one) for one in texts])
    means = [rows[end - len(one) : end].mean(axis=0) for one, end in zip(texts, ends, strict=True)]
    return {t.id: unit(m) for t, m in zip(themes, means, strict=True)}


def _cuts_of(
    short: Mapping[str, Sequence[_Candidate]], transcripts: Mapping[str, Transcript], space: _Space
) -> dict[str, list[_Cut]]:
    """Return the possible quotes of every shortlisted passage; sentences are embedded in one go."""
    passages = {c.passage.id: c.passage for cs in short.values() for c in cs}
    flows = {i: Flow.of(transcripts[p.transcript], p.pieces) for i, p in passages.items()}
    parts = {i: list(_sentences(flow.text)) for i, flow in flows.items()}
    flat = [(i, s) for i, spans in parts.items() for s in spans]
    rows = iter(space.embed([flows[i].text[s.start : s.end] for i, s in flat]) - space.mean)
    vectors = {i: np.stack([next(rows) for _ in spans]) for i, spans in parts.items() if spans}
    return {i: list(_cuts(flows[i].text, parts[i], v)) for i, v in vectors.items()}


def _sentences(text: str) -> Iterator[Span]:
    """Yield sentences; one that runs on and on (captions without stops) is cut before conjunctions."""
    for sentence in sentences(text):
        said = text[sentence.start : sentence.end]
        start = 0
        if len(said.split()) > _LONG_SENTENCE:
            for stop in _CLAUSE.finditer(said):
                if len(said[start : stop.start()].split()) >= _LEAST_WORDS:
                    yield Span(sentence.start + start, sentence.start + stop.start())
                    start = stop.end()
        yield Span(sentence.start + start, sentence.end)


def _cuts(text: str, parts: Sequence[Span], vectors: Vectors) -> Iterator[_Cut]:
    """Yield every run of sentences of quotable length, also with one inner sentence left out."""
    sizes = [len(words(text[p.start : p.end])) for p in parts]
    for first in range(len(parts)):
        for last in range(first, len(parts)):
            run = list(range(first, last + 1))
            if sum(sizes[first : last + 1]) > _MOST_WORDS + max(sizes[first : last + 1]):
                break
            for chosen in [run, *([k for k in run if k != out] for out in run[1:-1])]:
                if _LEAST_WORDS <= sum(sizes[k] for k in chosen) <= _MOST_WORDS:
                    yield _cut(text, [parts[k] for k in chosen], vectors[chosen], [sizes[k] for k in chosen])


def _cut(text: str, parts: Sequence[Span], vectors: Vectors, sizes: Sequence[int]) -> _Cut:
    spans = [parts[0]]
    for part in parts[1:]:
        if text[spans[-1].end : part.start].strip():
            spans.append(part)
        else:
            spans[-1] = Span(spans[-1].start, part.end)
    weights = np.asarray(sizes, dtype=np.float32)[:, None]
    said = " … ".join(text[s.start : s.end] for s in spans)
    return _Cut(tuple(spans), said, unit((vectors * weights).sum(axis=0)))


def _rate(
    candidate: _Candidate, cuts: Iterable[_Cut], space: _Space, transcripts: Mapping[str, Transcript]
) -> Iterator[_Rated]:
    """Yield a candidate's cuts as quotes with scores in [0, 1]."""
    passage, transcript = candidate.passage, transcripts[candidate.passage.transcript]
    flow = Flow.of(transcript, passage.pieces)
    for cut in cuts:
        pieces = tuple(p for s in cut.spans for p in flow.to_source(s))
        page = transcript.page_of(pieces[0].start) or passage.page
        worth = _score(cut, *space.near(candidate.theme, cut.vector))
        score = max(0.0, worth) * (0.5 + 0.5 * candidate.support)
        cited = replace(passage, page=page).citation
        quote = Quote(candidate.theme, passage.transcript, passage.id, pieces, score, cited)
        yield _Rated(quote, cut.vector, candidate.confirmed)


def _score(cut: _Cut, fit: float, typicality: float) -> float:
    """Weigh what makes a good quote: meaning over half, form the rest."""
    said = cut.text.replace(" … ", " ")
    form = 0.2 * self_containedness(cut.text) + 0.15 * clarity(said) + 0.1 * length_fit(len(words(said)))
    return 0.35 * max(0.0, fit) + 0.2 * max(0.0, typicality) + form - _GAP_COST * (len(cut.spans) - 1)


def _pick(codebook: Codebook, rated: Mapping[str, list[_Rated]], per_theme: int) -> Iterator[Quote]:
    """Yield quotes: the best of all themes is taken first, so that no theme takes another's by its place."""
    chosen: dict[str, list[_Rated]] = {t.id: [] for t in codebook.themes}
    rest = {t: list(rs) for t, rs in rated.items()}
    while True:
        offers = [o for t in rest if len(chosen[t]) < per_theme and (o := _best(rest[t], chosen[t]))]
        if not offers:
            break
        _, best = max(offers, key=lambda o: (o[0], o[1].quote.theme))
        chosen[best.quote.theme].append(best)
        rest = {t: [r for r in rs if not _same_words(t, r.quote, best.quote)] for t, rs in rest.items()}
    for theme in codebook.themes:
        ranked = sorted(chosen[theme.id], key=lambda r: (not r.confirmed, -r.quote.score, r.quote.passage))
        yield from (r.quote for r in ranked)


def _best(rated: Sequence[_Rated], chosen: Sequence[_Rated]) -> tuple[tuple[bool, float], _Rated] | None:
    """Return the next quote for a theme by marginal relevance, confirmed before suggested."""
    taken = Counter(c.quote.transcript for c in chosen)

    def worth(r: _Rated) -> tuple[bool, float]:
        alike = max((float(r.vector @ c.vector) for c in chosen), default=0.0)
        loss = _LIKENESS_COST * max(0.0, alike) + _SAME_TRANSCRIPT_COST * taken[r.quote.transcript]
        return r.confirmed, r.quote.score - loss

    if not rated:
        return None
    best = max(rated, key=worth)
    return worth(best), best


def _same_words(theme: str, one: Quote, other: Quote) -> bool:
    """Tell whether *one* must go once *other* is taken: its words, or the same passage for the same theme."""
    if one.passage != other.passage:
        return False
    return theme == other.theme or any(a.overlaps(b) for a in one.pieces for b in other.pieces)
