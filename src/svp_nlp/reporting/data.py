"""What a report is made of: clean-side values only, put together by the study."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from svp_nlp.errors import StudyError
from svp_nlp.model import (
    Codebook,
    Grounds,
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
class Decided:
    """What people decided about passages; what was only suggested is not here.

    ``themes`` maps a passage that was decided to its themes (none: read, and no theme applies); ``how``
    counts these passages by why their coding counts, in words. ``differing`` passages have coders who differ
    and nobody who resolved it, ``foreign`` ones themes the codebook no longer has; neither counts. ``quotes``
    were marked by coders. ``agreement`` says how far coders agree, with unit, frame and interval, or why that
    is not known; ``figures`` names the files in reports/review/; ``notes`` say what became of codings when
    the codebook changed.
    """

    themes: Mapping[str, frozenset[str]]
    how: Mapping[str, int] = field(default_factory=dict)
    differing: int = 0
    foreign: int = 0
    coders: int = 0
    quotes: Sequence[Quote] = field(default=(), repr=False)
    agreement: str = ""
    figures: Sequence[str] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    ``transcripts`` are the clean ones by id, in the order to show them. ``entity_counts`` holds, by
    transcript id, how many identifiers of each kind were replaced; never which. ``verified`` is True after
    a verification that found nothing, False after one that found ``leaks``, None before any.
    ``topics_message`` says what the topic search wants said, or why there are no topics;
    ``topic_map_svg`` is a picture as SVG text, or empty. ``receipt`` maps what was run to its facts.
    ``decided`` is None where nobody decided anything yet. ``grounds`` says what the suggestions of each theme
    rest on (empty: not known), ``grounds_remark`` which themes too little is known of.

    Raises StudyError when a suggestion, quote, topic or decision refers to something that is not here.
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
    decided: Decided | None = None
    grounds: Sequence[Grounds] = field(default=(), repr=False)
    grounds_remark: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        themes = {theme.id for theme in self.codebook.themes}
        passages = {passage.id for passage in self.passages}
        _known("passage", "transcript", (p.transcript for p in self.passages), self.transcripts)
        _known("quote", "transcript", (q.transcript for q in self.quotes), self.transcripts)
        _known("quote", "theme", (q.theme for q in self.quotes), themes)
        _known("suggestion", "passage", (s.passage for s in self.suggestions), passages)
        _known("suggestion", "theme", (r.theme for s in self.suggestions for r in s.ranked), themes)
        _known("count of what is known", "theme", (g.theme for g in self.grounds), themes)
        _known("topic", "passage", (p for t in self.topics for p in t.passages), passages)
        if self.decided is not None:
            _known("decision", "passage", self.decided.themes, passages)
            _known("decision", "theme", (t for given in self.decided.themes.values() for t in given), themes)

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
