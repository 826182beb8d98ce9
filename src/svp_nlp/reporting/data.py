"""What a report is made of: clean-side values only, put together by the study."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from svp_nlp.errors import StudyError
from svp_nlp.model import (
    Codebook,
    Label,
    Leak,
    Passage,
    Quote,
    Role,
    Suggestion,
    Suggestions,
    Topic,
    Transcript,
)


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    ``transcripts`` are the clean ones by id, in the order to show them. ``entity_counts`` holds, by
    transcript id, how many identifiers of each kind were replaced; never which. ``verified`` is True after
    a verification that found nothing, False after one that found ``leaks``, None before any.
    ``topics_message`` says what the topic search wants said, or why there are no topics;
    ``topic_map_svg`` is a picture as SVG text, or empty. ``receipt`` maps what was run to its facts.

    Raises StudyError when a suggestion, quote or topic refers to something that is not here.
    """

    title: str = field(repr=False)
    codebook: Codebook = field(repr=False)
    transcripts: Mapping[str, Transcript] = field(repr=False)
    entity_counts: Mapping[str, Mapping[Label, int]] = field(default_factory=dict, repr=False)
    review_open: int = 0
    verified: bool | None = None
    leaks: Sequence[Leak] = field(default=(), repr=False)
    passages: Sequence[Passage] = field(default=(), repr=False)
    suggestions: Sequence[Suggestions] = field(default=(), repr=False)
    quotes: Sequence[Quote] = field(default=(), repr=False)
    topics: Sequence[Topic] = field(default=(), repr=False)
    topics_message: str = field(default="", repr=False)
    topic_map_svg: str = field(default="", repr=False)
    receipt: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        themes = {theme.id for theme in self.codebook.themes}
        passages = {passage.id for passage in self.passages}
        _known("passage", "transcript", (p.transcript for p in self.passages), self.transcripts)
        _known("quote", "transcript", (q.transcript for q in self.quotes), self.transcripts)
        _known("quote", "theme", (q.theme for q in self.quotes), themes)
        _known("suggestion", "passage", (s.passage for s in self.suggestions), passages)
        _known("suggestion", "theme", (r.theme for s in self.suggestions for r in s.ranked), themes)
        _known("topic", "passage", (p for t in self.topics for p in t.passages), passages)

    def answers(self) -> tuple[Passage, ...]:
        """Return the passages that respondents speak.

        Interviewers' passages stand as the question over the answer. Where a transcript names no
        respondent, nobody is left out: every passage counts as an answer.
        """
        told = {p.transcript for p in self.passages if p.role is Role.RESPONDENT}
        return tuple(p for p in self.passages if p.transcript not in told or p.role is not Role.INTERVIEWER)

    def suggested(self, passage: Passage) -> tuple[Suggestion, ...]:
        """Return what is suggested for *passage*, best first; empty where the answer is "none"."""
        made = self._by_passage.get(passage.id)
        return () if made is None or made.abstained else made.ranked

    @cached_property
    def _by_passage(self) -> Mapping[str, Suggestions]:
        return {made.passage: made for made in self.suggestions}


def _known(what: str, kind: str, ids: Iterable[str], known: Container[str]) -> None:
    """Raise StudyError if one of *ids* is not among the *known*."""
    for id_ in ids:
        if id_ not in known:
            raise StudyError(
                f'a {what} refers to {kind} "{id_}", which this study does not have',
                hint="run `svp-nlp suggest`, `exemplars` and `topics` again; they belong to an older state",
            )
