"""The page that shows a study: one file, nothing fetched, no script."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from svp_nlp.model import Domain, Grounds, Label, Passage, Quote, Suggestion, Theme, Topic, Transcript
from svp_nlp.reporting.data import ReportData
from svp_nlp.reporting.tables import decided_counts
from svp_nlp.reporting.texts import (
    LABEL_WORDS,
    Piece,
    chance,
    opening,
    passage_pieces,
    pieces_of,
    plural,
    quoted,
    running,
)

if TYPE_CHECKING:
    import jinja2

_QUOTES_A_TOPIC = 3
_LONGEST_TOPIC_QUOTE = 420


def html_report(data: ReportData) -> str:
    """Return the report of a study as one HTML page.

    The page holds its style, runs no script and may load nothing (Content-Security-Policy with the hash of
    the style). All text comes from *data* and is escaped; pseudonyms, page and turn citations lead back.
    """
    page = _Page(data)
    style = _template_text("report.css")
    environment = _environment()
    environment.filters["pieces"] = pieces_of
    return environment.get_template("report.html").render(
        data=data, page=page, style=style, policy=_policy(style), plural=plural, chance=chance
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What verification says: a mark that reads without colour, a headline, and what it means."""

    kind: str
    mark: str
    headline: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _TranscriptRow:
    """A line of the transcripts table; ``counts`` in the order of the labels."""

    id: str
    format: str
    turns: int
    words: int
    pages: int | None
    counts: tuple[int, ...]
    suggested: int
    answers: int


@dataclass(frozen=True, slots=True)
class _ThemeRow:
    """A theme with how often it is suggested, its exemplary quotes, and what its suggestions rest on."""

    theme: Theme
    first: int
    among: int
    quotes: tuple[_QuoteShown, ...]
    grounds: Grounds | None


@dataclass(frozen=True, slots=True)
class _DecidedRow:
    """A theme with how many passages of how many transcripts people gave it, and the quotes they marked."""

    theme: Theme
    passages: int
    transcripts: int
    quotes: tuple[_QuoteShown, ...]


@dataclass(frozen=True, slots=True)
class _QuoteShown:
    """A quote with its citation and the anchor of its passage."""

    text: str = field(repr=False)
    citation: str
    anchor: str


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A suggestion with the words of its reason."""

    suggestion: Suggestion
    label: str
    domain: str
    sentence: str = field(repr=False)
    against: str = ""


@dataclass(frozen=True, slots=True)
class _PassageShown:
    """A passage with its question, its words and what is suggested."""

    passage: Passage
    anchor: str
    question: str = field(repr=False)
    text: tuple[Piece, ...] = field(repr=False)
    opening: str = field(repr=False)
    coded: float
    domain: str
    proposals: tuple[_Proposal, ...]
    decided: str | None = None


@dataclass(frozen=True, slots=True)
class _TopicShown:
    """An emergent topic with the domain it lies nearest to and its most typical passages."""

    topic: Topic
    domain: str | None
    transcripts: int
    quotes: tuple[_QuoteShown, ...]


class _Page:
    """What the template shows, computed from the data."""

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self.labels = tuple(LABEL_WORDS.values())
        self.passages = {p.id: p for p in data.passages}
        self.anchors = {p.id: f"passage-{n}" for n, p in enumerate(data.passages, 1)}
        self.coded = {s.passage: s.coded for s in data.suggestions}
        self.likely_domain = {s.passage: s.domain for s in data.suggestions}
        self.themes = {theme.id: theme for theme in data.codebook.themes}
        self.domains = {domain.id: domain for domain in data.codebook.domains}
        self.answers = data.answers()

    @cached_property
    def state(self) -> _State:
        """The state of verification."""
        if self.data.leaks or self.data.verified is False:
            return _State("bad", "✕", "Not clean", _not_clean(len(self.data.leaks)))
        if self.data.verified is None:
            return _State("unknown", "?", "Not verified", _NOT_VERIFIED)
        if self.data.review_open:
            return _State("good", "…", "Verified, review not finished", _VERIFIED)
        return _State("good", "✓", "Verified clean", _VERIFIED)

    @property
    def leak_rows(self) -> list[tuple[str, Label, str, int]]:
        """Leaks by place, kind and how they were found, with their number."""
        counts = Counter((leak.place, leak.label, leak.how) for leak in self.data.leaks)
        return [(*key, n) for key, n in sorted(counts.items())]

    @cached_property
    def transcript_rows(self) -> list[_TranscriptRow]:
        """The lines of the transcripts table."""
        return [self._transcript_row(id_, t) for id_, t in self.data.transcripts.items()]

    @cached_property
    def totals(self) -> _TranscriptRow:
        """The last line of the transcripts table."""
        rows = self.transcript_rows
        pages = [r.pages for r in rows if r.pages is not None]
        return _TranscriptRow(
            "All", "", sum(r.turns for r in rows), sum(r.words for r in rows),
            sum(pages) if pages else None, tuple(map(sum, zip(*(r.counts for r in rows), strict=True))),
            sum(r.suggested for r in rows), sum(r.answers for r in rows),
        )  # fmt: skip

    @property
    def theme_groups(self) -> list[tuple[int, Domain, list[_ThemeRow]]]:
        """Themes by domain, in the order of the codebook."""
        ranked = [self.data.suggested(p) for p in self.answers]
        first = Counter(r[0].theme for r in ranked if r)
        among = Counter(s.theme for r in ranked for s in r[:3])
        return [
            (number, domain, [self._theme_row(t, first, among) for t in self._themes_of(domain)])
            for number, domain in enumerate(self.data.codebook.domains, 1)
        ]

    @property
    def decided_groups(self) -> list[tuple[int, Domain, list[_DecidedRow]]]:
        """Themes by domain as people decided them, in the order of the codebook."""
        counts = decided_counts(self.data)
        return [
            (number, domain, [self._decided_row(t, counts) for t in self._themes_of(domain)])
            for number, domain in enumerate(self.data.codebook.domains, 1)
        ]

    @cached_property
    def decided_answers(self) -> int:
        """The number of answers that people decided on."""
        decided = {} if self.data.decided is None else self.data.decided.themes
        return sum(p.id in decided for p in self.answers)

    @property
    def transcript_groups(self) -> list[tuple[str, list[_PassageShown]]]:
        """Answers by transcript, in the order they were spoken."""
        return [
            (id_, [self._passage(p) for p in self.answers if p.transcript == id_])
            for id_ in self.data.transcripts
        ]

    @cached_property
    def suggested(self) -> int:
        """The number of answers for which a theme is suggested."""
        return sum(bool(self.data.suggested(p)) for p in self.answers)

    @property
    def topics(self) -> list[_TopicShown]:
        """The emergent topics."""
        return [self._topic(topic) for topic in self.data.topics]

    @property
    def topic_map(self) -> str:
        """The map of topics as a picture address; a picture runs nothing, whatever its text says."""
        svg = self.data.topic_map_svg.encode("utf-8")
        return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"

    @property
    def versions(self) -> list[str]:
        """The versions of svp-nlp that the receipt names."""
        steps = (s for s in self.data.receipt.values() if isinstance(s, Mapping))
        found = (s.get("svp_nlp") for s in (self.data.receipt, *steps))
        return sorted({str(version) for version in found if version})

    def _themes_of(self, domain: Domain) -> list[Theme]:
        return [t for t in self.data.codebook.themes if t.domain == domain.id]

    def _transcript_row(self, id_: str, transcript: Transcript) -> _TranscriptRow:
        counts = self.data.entity_counts.get(id_, {})
        answers = [p for p in self.answers if p.transcript == id_]
        return _TranscriptRow(
            id_,
            transcript.format,
            len(transcript.turns),
            sum(len(transcript.said(turn).split()) for turn in transcript.turns),
            len(transcript.page_starts) or None,
            tuple(counts.get(label, 0) for label in LABEL_WORDS),
            sum(bool(self.data.suggested(p)) for p in answers),
            len(answers),
        )

    def _theme_row(self, theme: Theme, first: Counter[str], among: Counter[str]) -> _ThemeRow:
        quotes = tuple(self._quote(q) for q in self.data.quotes if q.theme == theme.id)
        grounds = next((g for g in self.data.grounds if g.theme == theme.id), None)
        return _ThemeRow(theme, first[theme.id], among[theme.id], quotes, grounds)

    def _decided_row(self, theme: Theme, counts: Mapping[tuple[str, str], int]) -> _DecidedRow:
        found = [counts[theme.id, t] for t in self.data.transcripts if counts[theme.id, t]]
        marked = () if self.data.decided is None else self.data.decided.quotes
        quotes = tuple(self._quote(q) for q in marked if q.theme == theme.id)
        return _DecidedRow(theme, sum(found), len(found), quotes)

    def _decided(self, passage: Passage) -> str | None:
        """Return the labels of the themes people gave, "no theme", or None where nobody decided."""
        given = None if self.data.decided is None else self.data.decided.themes.get(passage.id)
        if given is None:
            return None
        return ", ".join(t.label for t in self.data.codebook.themes if t.id in given) or "no theme"

    def _quote(self, quote: Quote) -> _QuoteShown:
        text = quoted(self.data.transcripts[quote.transcript], quote)
        return _QuoteShown(text, quote.citation, self.anchors.get(quote.passage, ""))

    def _passage(self, passage: Passage) -> _PassageShown:
        transcript = self.data.transcripts[passage.transcript]
        ranked = self.data.suggested(passage)[:3]
        marked: Sequence[Any] = ranked[0].because.sentence if ranked else ()
        return _PassageShown(
            passage,
            self.anchors[passage.id],
            running(transcript, passage.question),
            passage_pieces(transcript, passage, marked),
            opening(running(transcript, passage.pieces)),
            self.coded.get(passage.id, 0.0),
            self._domain_label(self.likely_domain.get(passage.id, "")),
            tuple(self._proposal(transcript, s) for s in ranked),
            self._decided(passage),
        )

    def _domain_label(self, id_: str) -> str:
        domain = self.domains.get(id_)
        return id_ if domain is None else domain.label

    def _proposal(self, transcript: Transcript, suggestion: Suggestion) -> _Proposal:
        theme = self.themes[suggestion.theme]
        domain = self.domains.get(suggestion.domain or theme.domain)
        rival = self.themes.get(suggestion.because.against)
        return _Proposal(
            suggestion,
            theme.label,
            "" if domain is None else domain.label,
            running(transcript, suggestion.because.sentence),
            suggestion.because.against if rival is None else rival.label,
        )

    def _topic(self, topic: Topic) -> _TopicShown:
        found = [self.passages[id_] for id_ in topic.passages]
        domain = self.domains.get(topic.domain or "")
        return _TopicShown(
            topic,
            topic.domain if domain is None else domain.label,
            len({p.transcript for p in found}),
            tuple(self._topic_quote(p) for p in found[:_QUOTES_A_TOPIC]),
        )

    def _topic_quote(self, passage: Passage) -> _QuoteShown:
        text = running(self.data.transcripts[passage.transcript], passage.pieces)
        return _QuoteShown(opening(text, _LONGEST_TOPIC_QUOTE), passage.citation, self.anchors[passage.id])


_VERIFIED = (
    "Every name and number on the study's list of known identifiers and on its roster was searched for in "
    "the clean files, in all the spellings we know of. None was found."
)
_NOT_VERIFIED = (
    "The clean files have not been searched for left-over identifiers since they were written. Run "
    "`svp-nlp verify` before anything leaves this machine."
)


def _not_clean(number: int) -> str:
    if not number:
        return "The last verification failed. Run `svp-nlp verify` and do not share anything yet."
    there = plural(number, "known identifier is", "known identifiers are")
    return f"{there} still in the clean files. Do not share anything yet."


def _policy(style: str) -> str:
    """Return the Content-Security-Policy: nothing but this very style and pictures inside the page."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _template_text(name: str) -> str:
    # The hash in the policy is of what stands between the style tags, so line ends must not vary.
    text = (files("svp_nlp.reporting") / "templates" / name).read_text(encoding="utf-8")
    return "\n" + text.replace("\r\n", "\n").strip() + "\n"


def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("svp_nlp.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
