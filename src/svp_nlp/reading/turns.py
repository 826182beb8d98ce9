"""Lines and labels to turns: who speaks what, and what nobody says."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from svp_nlp.model import Role, Span, Turn
from svp_nlp.reading.labels import (
    HEADER_KEYS,
    INTERVIEWER_WORDS,
    RESPONDENT_WORDS,
    SENTENCE_ENDS,
    LabelLine,
    Style,
    labels_of,
    name_key,
    read_as,
    role_word,
)
from svp_nlp.reading.lines import (
    Line,
    first_time,
    is_closer,
    is_rule,
    is_stamp,
    leading_clock,
    lines_of,
    page_furniture,
    page_starts_of,
    stamps_in,
    without_numbers,
)
from svp_nlp.reading.roles import roles_of


@dataclass(frozen=True, slots=True)
class Talk:
    """The turns of a text and everything in it that nobody says."""

    turns: tuple[Turn, ...] = field(repr=False)
    furniture: tuple[Span, ...] = field(repr=False)


@dataclass(slots=True)
class Draft:
    """A turn while it is being read."""

    label: Span | None = None
    speaker: str | None = field(default=None, repr=False)
    pieces: list[Span] = field(default_factory=list, repr=False)
    time: float | None = None
    role: Role = Role.UNKNOWN

    def same_speaker(self, name: str) -> bool:
        """Tell whether *name* is who speaks this turn."""
        return self.speaker is not None and name_key(self.speaker) == name_key(name)

    def speaks(self, text: str, span: Span) -> list[Span]:
        """Take what is said in *span*; return the bracketed times in it. One at the turn's head times it."""
        stamps = stamps_in(text, span)
        pieces = between(text, span, stamps)
        if stamps and self.time is None and not self.pieces and all(stamps[0].end <= p.start for p in pieces):
            self.time = first_time(text[stamps[0].start : stamps[0].end])
        self.pieces += pieces
        return stamps


def talk_of(text: str, starts: Sequence[int], limit: int | None = None) -> Talk:
    """Return the turns of a text whose lines are speech, with or without labels.

    *starts* is where its pages begin; only the text before *limit* is read.
    """
    body = text if limit is None else text[:limit]
    lines = lines_of(body)
    skipped = page_furniture(body, lines, page_starts_of(body))
    skipped |= {i for i, line in enumerate(lines) if _unsaid(text[line.span.start : line.span.end])}
    furniture = [lines[i].span for i in skipped]
    lines = _running(text, [line for i, line in enumerate(lines) if i not in skipped])
    lines, numbers = without_numbers(body, lines)
    furniture += numbers
    head = _header_lines(body, lines)
    furniture += [line.span for line in lines[:head]]
    lines = lines[head:]
    labels = labels_of(body, lines)
    if labels:
        drafts, more = _labelled(body, lines, labels)
    else:
        drafts, more = _paragraphs(body, lines)
    return finish(body, drafts, furniture + more, starts)


def _unsaid(words: str) -> bool:
    return is_stamp(words) or is_closer(words) or is_rule(words)


def _running(text: str, lines: Sequence[Line]) -> list[Line]:
    """Let a sentence run on over a page break: the first line of a page opens nothing by itself."""
    running = list(lines[:1])
    for before, line in pairwise(lines):
        broken = "\f" in text[before.span.end : line.span.start]
        goes_on = broken and text[before.span.end - 1] not in SENTENCE_ENDS
        running.append(Line(line.span, False) if goes_on else line)
    return running


def _header_lines(text: str, lines: Sequence[Line]) -> int:
    """Return how many lines at the top are a header such as "Date: ...", "Participant: P08"."""
    entries = [_entry(text, line.span) for line in lines]
    often = Counter(entry[0] for entry in entries if entry is not None)
    end = 0
    for i, (line, entry) in enumerate(zip(lines[:40], entries, strict=False)):
        if entry is None and len(text[line.span.start : line.span.end].split()) >= 12:
            break
        if entry is not None and entry[0].split()[0] in HEADER_KEYS and often[entry[0]] < 3:
            end = i + 1
        elif entry is not None and not _is_value(entry[1]):
            break
    # Lines that go on without a blank line, such as "Interviewer: Ann Lee", belong to the same header.
    while 0 < end < len(lines) and not lines[end].opens:
        entry = entries[end]
        if entry is None or not _is_value(entry[1]):
            break
        end += 1
    return end


def _entry(text: str, span: Span) -> tuple[str, str] | None:
    """Read a line as an entry of a header: its key and its value, divided by a colon or a tab."""
    label = read_as(text, span, Style.COLON) or read_as(text, span, Style.TAB)
    if label is None:
        return None
    return name_key(text[label.name.start : label.name.end]), text[label.body : span.end]


def _is_value(value: str) -> bool:
    """Tell whether the words behind a key are a value ("Ann Lee, RN") rather than speech."""
    words = value.split()
    return 0 < len(words) <= 8 and value[-1] not in ".?!…,;—–-" and words[0][:1].isupper()


def _labelled(
    text: str, lines: Sequence[Line], labels: Mapping[int, LabelLine]
) -> tuple[list[Draft], list[Span]]:
    """Put each line into the turn of the last label above it."""
    first = min(labels)
    drafts, furniture = _preamble(text, lines[:first])
    other = _unnamed_role(text, lines, labels)
    for i, line in enumerate(lines[first:], first):
        label = labels.get(i)
        start = line.span.start
        if label is not None:
            name = text[label.name.start : label.name.end]
            drafts.append(Draft(label.name, name, [], label.time))
            furniture += [trimmed(text, a) for a in label.asides]
            start = label.body
        elif other is not None and line.opens and drafts[-1].pieces and drafts[-1].label is not None:
            drafts.append(Draft(role=other))
        furniture += drafts[-1].speaks(text, Span(start, line.span.end))
    return drafts, furniture


def _unnamed_role(text: str, lines: Sequence[Line], labels: Mapping[int, LabelLine]) -> Role | None:
    """Return the role of those without a label where only the other side has one, else None.

    "Interviewer: ..." before each question and nothing before the answers is a common style.
    """
    names = {name_key(text[label.name.start : label.name.end]) for label in labels.values()}
    answered, last = set(), None
    for i, line in enumerate(lines):
        if i in labels:
            last = i
        elif line.opens and last is not None:
            answered.add(last)
    if len(names) != 1 or len(labels) < 3 or len(answered) * 5 < len(labels) * 4:
        return None
    word = role_word(names.pop())
    if word in INTERVIEWER_WORDS:
        return Role.RESPONDENT
    return Role.INTERVIEWER if word in RESPONDENT_WORDS else None


def _preamble(text: str, lines: Sequence[Line]) -> tuple[list[Draft], list[Span]]:
    """Sort what stands before the first label: titles are furniture, whole paragraphs are speech."""
    drafts: list[Draft] = []
    furniture: list[Span] = []
    for block in _blocks(lines):
        words = sum(len(text[line.span.start : line.span.end].split()) for line in block)
        if words >= 20 and any(text[line.span.end - 1] in '.?!…"”' for line in block):
            drafts += _one_turn(text, block, furniture)
        else:
            furniture += [line.span for line in block]
    return drafts, furniture


def _blocks(lines: Sequence[Line]) -> list[list[Line]]:
    blocks: list[list[Line]] = []
    for line in lines:
        if line.opens or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _paragraphs(text: str, lines: Sequence[Line]) -> tuple[list[Draft], list[Span]]:
    """Make every paragraph a turn of an unknown speaker."""
    clocks = {i: clock for i, line in enumerate(lines) if (clock := leading_clock(text, line.span))}
    if len(clocks) * 2 >= len(lines) and len(clocks) > 2:
        return _clocked(text, lines, clocks)
    blocks = [part for block in _blocks(lines) for part in _wrapped(text, block)]
    furniture: list[Span] = []
    return [draft for block in blocks for draft in _one_turn(text, block, furniture)], furniture


def _wrapped(text: str, block: Sequence[Line]) -> list[list[Line]]:
    """Part lines without a blank line between them into paragraphs.

    Long lines are a paragraph each; in text wrapped at a margin a paragraph ends with a sentence that stops
    well before the margin.
    """
    widths = sorted(len(line.span) for line in block)
    margin = widths[len(widths) * 9 // 10]
    if margin > 200:
        return [[line] for line in block]
    parts: list[list[Line]] = [[]]
    for line in block:
        parts[-1].append(line)
        if len(line.span) < 0.75 * margin and text[line.span.end - 1] in '.?!…"”':
            parts.append([])
    return [part for part in parts if part]


def _clocked(text: str, lines: Sequence[Line], clocks: Mapping[int, Span]) -> tuple[list[Draft], list[Span]]:
    """Make a turn of each line that begins with a time; the lines below it belong to it."""
    drafts: list[Draft] = []
    furniture: list[Span] = []
    for i, line in enumerate(lines):
        clock = clocks.get(i)
        start = line.span.start if clock is None else clock.end
        if clock is not None or not drafts:
            drafts.append(Draft())
        if clock is not None:
            drafts[-1].time = first_time(text[clock.start : clock.end])
            furniture.append(clock)
        furniture += drafts[-1].speaks(text, Span(start, line.span.end))
    return drafts, furniture


def _one_turn(text: str, block: Sequence[Line], furniture: list[Span]) -> list[Draft]:
    draft = Draft()
    for line in block:
        furniture += draft.speaks(text, line.span)
    return [draft] if draft.pieces else []


def between(text: str, span: Span, holes: Sequence[Span]) -> list[Span]:
    """Return what *span* holds outside *holes* (disjoint, in order), trimmed, without empty pieces."""
    pieces, at = [], span.start
    for hole in (*holes, Span(span.end, span.end)):
        piece = trimmed(text, Span(at, max(at, hole.start)))
        if piece:
            pieces.append(piece)
        at = hole.end
    return pieces


def trimmed(text: str, span: Span) -> Span:
    """Return *span* without the white space at its ends."""
    words = text[span.start : span.end]
    start = span.start + len(words) - len(words.lstrip())
    return Span(start, max(start, span.start + len(words.rstrip())))


def finish(text: str, drafts: Sequence[Draft], furniture: Sequence[Span], starts: Sequence[int]) -> Talk:
    """Number the drafts, give them roles and pages; a label under which nothing is said is furniture."""
    unsaid = [d.label for d in drafts if d.label is not None and not d.pieces]
    said = [d for d in drafts if d.pieces]
    words = [" ".join(text[p.start : p.end] for p in d.pieces) for d in said]
    keys = [None if d.speaker is None else name_key(d.speaker) for d in said]
    roles = roles_of(keys, words)
    turns = tuple(
        _turn(i, d, d.role if key is None else roles[key], starts)
        for i, (d, key) in enumerate(zip(said, keys, strict=True))
    )
    return Talk(turns, tuple(sorted(s for s in (*furniture, *unsaid) if s)))


def _turn(index: int, draft: Draft, role: Role, starts: Sequence[int]) -> Turn:
    start = draft.label.start if draft.label is not None else draft.pieces[0].start
    page = max(1, bisect.bisect_right(starts, start)) if starts else None
    turn = Turn(index, Span(start, draft.pieces[-1].end), tuple(draft.pieces), draft.label, draft.speaker)
    return replace(turn, role=role, page=page, time=draft.time)
