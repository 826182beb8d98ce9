"""The nouns: frozen values that hold positions in a text, not the text itself.

Positions are Unicode code points into the text exactly as decoded, half-open ``[start, end)``. A repr of
anything here shows positions, labels and counts only; ``transcript[span]`` is the one door through which
text comes out.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from svp_nlp.errors import SpanError


class Label(StrEnum):
    """What kind of identifier a finding is."""

    PERSON = "PERSON"
    INSTITUTION = "INSTITUTION"
    LOCATION = "LOCATION"
    DATE = "DATE"
    DATE_YEAR = "DATE_YEAR"
    CONTACT = "CONTACT"
    ID = "ID"
    AGE = "AGE"


class Role(StrEnum):
    """Who speaks a turn."""

    INTERVIEWER = "interviewer"
    RESPONDENT = "respondent"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What happens to a finding: replaced, replaced and queued for a person to look at, or left."""

    REDACTED = "redacted"
    REVIEW = "review"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range ``[start, end)`` of code points."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise SpanError(f"a span must satisfy 0 <= start <= end, got [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start

    def __bool__(self) -> bool:
        return self.end > self.start

    def contains(self, other: Span) -> bool:
        """Tell whether *other* lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Tell whether the two spans share at least one code point."""
        return self.start < other.end and other.start < self.end

    def shifted(self, by: int) -> Span:
        """Return the span moved by *by* code points."""
        return Span(self.start + by, self.end + by)


def hull(spans: Iterable[Span]) -> Span:
    """Return the smallest span that covers all of *spans* (at least one)."""
    found = list(spans)
    if not found:
        raise SpanError("a hull needs at least one span")
    return Span(min(s.start for s in found), max(s.end for s in found))


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's run of speech.

    ``span`` reaches from the speaker label (if there is one) to the last spoken character. ``speech`` holds
    the spoken pieces inside it in order, without label, timestamps, cue numbers or page furniture; a turn of
    one paragraph has one piece, a turn over many captions has one piece a caption line. ``label`` is where
    the speaker label stands (the name alone, without colon or brackets). ``page`` counts from 1; ``time`` is
    seconds from the start of the recording.
    """

    index: int
    span: Span
    speech: tuple[Span, ...]
    label: Span | None = None
    speaker: str | None = field(default=None, repr=False)
    role: Role = Role.UNKNOWN
    page: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a transcript came from and how its bytes were decoded. Paths identify, so they are not shown.

    ``names`` are the people that a document's properties, comments and tracked changes name; they stand
    outside the text. ``references`` are the characters that captions write as "&#39;" and the like: where
    they stand in the text, and how they are written.
    """

    path: Path | None = field(default=None, repr=False)
    encoding: str = "utf-8"
    bom: bool = False
    bytes_sha256: str = ""
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=(), repr=False)
    references: tuple[tuple[int, str], ...] = field(default=(), repr=False)


def sha256_of(text: str) -> str:
    """Return the hexadecimal SHA-256 of *text* as UTF-8 (lone surrogates kept)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Transcript:
    """An interview: its text exactly as decoded, and what is known of its structure.

    ``turns`` are disjoint and in order. ``furniture`` is everything that nobody says: cue numbers and
    timings, notes, page headers, document headers, comments, properties. Turn labels, speech and furniture
    never overlap, and together with whitespace and label punctuation they make up the whole text.
    ``page_starts[i]`` is where page ``i + 1`` begins (empty where the format has no pages).
    """

    id: str
    text: str = field(repr=False)
    turns: tuple[Turn, ...] = field(default=(), repr=False)
    furniture: tuple[Span, ...] = field(default=(), repr=False)
    format: str = "txt"
    page_starts: tuple[int, ...] = field(default=(), repr=False)
    source: Source = field(default_factory=Source)

    def __post_init__(self) -> None:
        for turn in self.turns:
            if turn.span.end > len(self.text):
                raise SpanError(
                    f"turn {turn.index} ends at {turn.span.end}, {self.id} has {len(self.text)} characters"
                )

    def __getitem__(self, span: Span) -> str:
        if span.end > len(self.text):
            raise SpanError(f"span ends at {span.end}, {self.id} has {len(self.text)} characters")
        return self.text[span.start : span.end]

    def __len__(self) -> int:
        return len(self.text)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the text; whatever is stored about the text carries it."""
        return sha256_of(self.text)

    def page_of(self, position: int) -> int | None:
        """Return the page (from 1) that *position* lies on, or None where there are no pages."""
        if not self.page_starts:
            return None
        return max(1, bisect.bisect_right(self.page_starts, position))

    def turn_at(self, position: int) -> Turn | None:
        """Return the turn that *position* lies in, or None."""
        starts = [t.span.start for t in self.turns]
        i = bisect.bisect_right(starts, position) - 1
        if i >= 0 and position < self.turns[i].span.end:
            return self.turns[i]
        return None

    def said(self, turn: Turn) -> str:
        """Return the words of a turn as one line of running text."""
        return Flow.of(self, turn.speech).text

    def _repr_html_(self) -> str:
        roles = {r: sum(t.role is r for t in self.turns) for r in Role}
        cells = "".join(f"<td>{r.value}</td><td>{n}</td>" for r, n in roles.items() if n)
        return (
            f"<table><tr><th colspan=2>transcript {self.id}</th></tr>"
            f"<tr><td>format</td><td>{self.format}</td></tr>"
            f"<tr><td>characters</td><td>{len(self.text)}</td></tr>"
            f"<tr><td>turns</td><td>{len(self.turns)}</td></tr><tr>{cells}</tr></table>"
        )


def only_markup(transcript: Transcript, before: Span, after: Span) -> bool:
    """Tell whether nothing but tags stands between two pieces: then they are one run of letters."""
    if not before.end < after.start:
        return False
    return re.fullmatch(r"(?:<[^<>\r\n]*>)+", transcript[Span(before.end, after.start)]) is not None


@dataclass(frozen=True, slots=True)
class Flow:
    """Running text put together from pieces of a transcript, with the way back.

    A name broken over two caption lines is whole here. Inside a piece every line break or tab becomes one
    space, so each code point of a piece keeps exactly one code point; between pieces stands ``joint``, or
    nothing where only markup parts them ("<c.red>Quintan</c>illa" is one word).
    """

    text: str = field(repr=False)
    pieces: tuple[Span, ...] = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, transcript: Transcript, pieces: Sequence[Span], joint: str = " ") -> Flow:
        """Join *pieces* of *transcript* with *joint* between them."""
        table = {ord(c): " " for c in "\r\n\t\v\f\u0085\u2028\u2029"}
        parts: list[str] = []
        starts: list[int] = []
        at = 0
        for number, piece in enumerate(pieces):
            if number and not only_markup(transcript, pieces[number - 1], piece):
                parts.append(joint)
                at += len(joint)
            starts.append(at)
            text = transcript[piece].translate(table)
            parts.append(text)
            at += len(text)
        return cls("".join(parts), tuple(pieces), tuple(starts))

    def to_source(self, span: Span) -> tuple[Span, ...]:
        """Return the pieces of the transcript that *span* of this flow covers, joints left out."""
        return tuple(self._back(span))

    def _back(self, span: Span) -> Iterator[Span]:
        first = max(0, bisect.bisect_right(self.starts, span.start) - 1)
        for piece, start in zip(self.pieces[first:], self.starts[first:], strict=True):
            if start >= span.end:
                return
            lo, hi = max(span.start, start), min(span.end, start + len(piece))
            if lo < hi:
                yield Span(piece.start + lo - start, piece.start + hi - start)


@dataclass(frozen=True, slots=True)
class Finding:
    """An identifier found in a transcript.

    ``score`` is the confidence in [0, 1]; ``entity`` names the person, place or thing within the study
    ("PERSON 3"; empty before linking); ``found_by`` names the witnesses that agree on it.
    """

    span: Span
    label: Label
    score: float = 1.0
    entity: str = ""
    found_by: tuple[str, ...] = ()
    status: Status = Status.REDACTED


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement: ``source`` in the transcript became ``clean`` in the redacted text."""

    source: Span
    clean: Span
    label: Label
    entity: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A transcript with its identifiers replaced, and the way back.

    ``transcript`` is the clean transcript (its own text, turns and furniture at their new positions);
    ``source_sha256`` pins the text the edits were made on.
    """

    transcript: Transcript
    edits: tuple[Edit, ...] = field(repr=False)
    source_sha256: str

    def to_source(self, span: Span) -> Span:
        """Map a span of the clean text home; a replacement touched at all counts whole."""
        return _map(span, self.edits, back=True)

    def to_clean(self, span: Span) -> Span:
        """Map a span of the source text to the clean text; an identifier touched at all counts whole."""
        return _map(span, self.edits, back=False)


def _map(span: Span, edits: Sequence[Edit], *, back: bool) -> Span:
    """Carry *span* over *edits*: tight outside replacements, whole across them."""
    here = [e.clean if back else e.source for e in edits]
    there = [e.source if back else e.clean for e in edits]
    starts = [s.start for s in here]

    # A start belongs to the last replacement that begins at or before it, an end to the last one that begins
    # before it: so a neighbour that is only touched, or has vanished to nothing, stays outside.
    i = bisect.bisect_right(starts, span.start) - 1
    if i < 0:
        start = span.start
    elif span.start < here[i].end:
        start = there[i].start
    else:
        start = there[i].end + span.start - here[i].end
    i = bisect.bisect_left(starts, span.end) - 1
    end = span.end if i < 0 else there[i].end + max(0, span.end - here[i].end)
    return Span(start, max(start, end))


@dataclass(frozen=True, slots=True)
class Leak:
    """An identifier left on the clean side: in which file or place, where, of which entity, found how."""

    place: str
    span: Span
    label: Label
    entity: str
    how: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What is coded: a turn, or a part of a long one, of a clean transcript.

    ``pieces`` are the spoken pieces in the clean text; ``question`` holds the pieces of the interviewer's
    turn before it, kept as context.
    """

    id: str
    transcript: str
    turn: int
    pieces: tuple[Span, ...] = field(repr=False)
    question: tuple[Span, ...] = field(default=(), repr=False)
    role: Role = Role.UNKNOWN
    page: int | None = None
    time: float | None = None

    @property
    def span(self) -> Span:
        """The passage from its first to its last code point."""
        return hull(self.pieces)

    @property
    def citation(self) -> str:
        """How a quote from here is cited: "B page 7", else "B turn 12, 00:03:41"."""
        if self.page is not None:
            return f"{self.transcript} page {self.page}"
        if self.time is None:
            return f"{self.transcript} turn {self.turn + 1}"
        hours, rest = divmod(int(self.time), 3600)
        return f"{self.transcript} turn {self.turn + 1}, {hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A quote that shows what a theme means, and where it was said ("B page 7")."""

    text: str = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """A code of the codebook: id ("need.sequelae"), label, meaning, cues and exemplars."""

    id: str
    label: str
    domain: str
    definition: str = field(default="", repr=False)
    include: tuple[str, ...] = field(default=(), repr=False)
    exclude: tuple[str, ...] = field(default=(), repr=False)
    exemplars: tuple[Exemplar, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """A group of themes."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Codebook:
    """Domains and themes with what they mean."""

    title: str
    version: str
    domains: tuple[Domain, ...]
    themes: tuple[Theme, ...]
    attribution: str = field(default="", repr=False)

    def theme(self, id: str) -> Theme:
        """Return the theme called *id*; raises KeyError if there is none."""
        for theme in self.themes:
            if theme.id == id:
                return theme
        raise KeyError(id)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a theme was suggested.

    ``exemplar`` and ``source``: the nearest exemplar of the theme (codebook text) and its citation;
    ``sentence``: the pieces of the passage that carry it; ``words``: shared content words;
    ``against``: the runner-up theme and how far behind it is; ``exclusion``: the theme's own exclusion cue
    (codebook text) where the sentence is nearer to it than to anything that speaks for the theme.
    """

    exemplar: str = field(default="", repr=False)
    source: str = ""
    sentence: tuple[Span, ...] = ()
    words: tuple[str, ...] = field(default=(), repr=False)
    against: str = ""
    margin: float = 0.0
    exclusion: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One theme proposed for one passage. Has no effect until somebody accepts it."""

    theme: str
    domain: str
    score: float
    because: Reason = field(default_factory=Reason)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is proposed for one passage: themes, how likely it is coded at all, and whether to say "none".

    ``domain`` is filled in where the first theme is unsure and yet one domain is likely; else it is empty.
    """

    passage: str
    coded: float
    ranked: tuple[Suggestion, ...]
    abstained: bool
    domain: str = ""

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def __getitem__(self, rank: int) -> Suggestion:
        return self.ranked[rank]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{i}</td><td>{s.theme}</td><td>{s.score:.2f}</td></tr>"
            for i, s in enumerate(self.ranked, 1)
        )
        said = "none suggested; nearest:" if self.abstained else "suggested, for a person to decide:"
        return (
            f"<p>{said} (coded at all: {self.coded:.2f})</p>"
            f"<table><tr><th></th><th>theme</th><th>score</th></tr>{rows}</table>"
        )


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the suggestions of a theme rest on: how many texts show what it means.

    ``cues`` counts its inclusion cues, ``exemplars`` its quotes in the codebook, ``confirmed`` the passages
    people gave it that were learned from. ``few``: these are too few. ``behind``: most other themes have
    far more confirmed passages. `svp_nlp.coding.grounds` says when.
    """

    theme: str
    cues: int
    exemplars: int
    confirmed: int
    few: bool = False
    behind: bool = False

    @property
    def texts(self) -> int:
        """How many texts show the theme: cues, exemplars and confirmed passages."""
        return self.cues + self.exemplars + self.confirmed

    @property
    def weak(self) -> bool:
        """Whether too little is known of the theme, for either reason."""
        return self.few or self.behind


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim quote proposed as exemplar of a theme; ``pieces`` point into the clean transcript."""

    theme: str
    transcript: str
    passage: str
    pieces: tuple[Span, ...] = field(repr=False)
    score: float = 0.0
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """An emergent theme: passages that belong together and that no code explains.

    ``passages`` are passage ids, most typical first; ``words`` its most telling words; ``domain`` the
    nearest domain of the codebook, or None when it lies outside; ``likeness`` the cosine to that domain;
    ``stability`` the share of seeded runs in which it came back.
    """

    words: tuple[str, ...] = field(repr=False)
    passages: tuple[str, ...] = field(repr=False)
    domain: str | None = None
    likeness: float = 0.0
    stability: float = 1.0
