"""Lines and labels to turns: who speaks what, and what nobody says."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from svp_nlp.model import Role, Span, Turn
from svp_nlp.reading.labels import HEADER_KEYS, LabelLine, Style, labels_of, name_key, read_as
from svp_nlp.reading.lines import (
    Line,
    first_time,
    is_closer,
    is_rule,
    is_stamp,
    lines_of,
    page_furniture,
    page_starts_of,
    stamps_in,
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
    lines, furniture = _part(lines, skipped)
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


def _part(lines: Sequence[Line], skipped: set[int]) -> tuple[list[Line], list[Span]]:
    """Take the lines that nobody says out; what follows one of them opens nothing by itself."""
    kept = [line for i, line in enumerate(lines) if i not in skipped]
    return kept, [lines[i].span for i in sorted(skipped)]


def _header_lines(text: str, lines: Sequence[Line]) -> int:
    """Return how many lines at the top are a header such as "Date: ...", "Participant: P08"."""
    end = 0
    for i, line in enumerate(lines[:40]):
        label = read_as(text, line.span, Style.COLON)
        if len(line.span) > 200 or (label is None and _sentence(text, line.span)):
            break
        if label is None:
            continue
        first = name_key(text[label.name.start : label.name.end]).split()[0]
        if first in HEADER_KEYS:
            end = i + 1
    # A block of "Key: value" lines without a blank line between them ends together.
    while 0 < end < len(lines) and not lines[end].opens and read_as(text, lines[end].span, Style.COLON):
        end += 1
    return end


def _sentence(text: str, span: Span) -> bool:
    """Tell whether a line without a label reads as speech rather than as a title."""
    words = text[span.start : span.end]
    return len(words.split()) >= 12


def _labelled(
    text: str, lines: Sequence[Line], labels: Mapping[int, LabelLine]
) -> tuple[list[Draft], list[Span]]:
    """Put each line into the turn of the last label above it."""
    first = min(labels)
    drafts, furniture = _preamble(text, lines[:first])
    for i, line in enumerate(lines[first:], first):
        label = labels.get(i)
        start = line.span.start
        if label is not None:
            name = text[label.name.start : label.name.end]
            drafts.append(Draft(label.name, name, [], label.time))
            furniture += [trimmed(text, a) for a in label.asides]
            start = label.body
        furniture += drafts[-1].speaks(text, Span(start, line.span.end))
    return drafts, furniture


def _preamble(text: str, lines: Sequence[Line]) -> tuple[list[Draft], list[Span]]:
    """Sort what stands before the first label: titles are furniture, whole paragraphs are speech."""
    drafts: list[Draft] = []
    furniture: list[Span] = []
    for block in _blocks(lines):
        words = sum(len(text[line.span.start : line.span.end].split()) for line in block)
        if words >= 20:
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
    opening = sum(line.opens for line in lines)
    wide = sum(len(line.span) for line in lines) > 100 * len(lines)
    blocks = [[line] for line in lines] if wide and opening <= 1 else _blocks(lines)
    furniture: list[Span] = []
    return [draft for block in blocks for draft in _one_turn(text, block, furniture)], furniture


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
        _turn(i, d, Role.UNKNOWN if key is None else roles[key], starts)
        for i, (d, key) in enumerate(zip(said, keys, strict=True))
    )
    return Talk(turns, tuple(sorted(s for s in (*furniture, *unsaid) if s)))


def _turn(index: int, draft: Draft, role: Role, starts: Sequence[int]) -> Turn:
    start = draft.label.start if draft.label is not None else draft.pieces[0].start
    page = max(1, bisect.bisect_right(starts, start)) if starts else None
    turn = Turn(index, Span(start, draft.pieces[-1].end), tuple(draft.pieces), draft.label, draft.speaker)
    return replace(turn, role=role, page=page, time=draft.time)
