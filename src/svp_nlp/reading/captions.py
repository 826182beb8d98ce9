"""Captions: WebVTT and SubRip cues to turns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from svp_nlp.errors import ReadError
from svp_nlp.model import Span, hull
from svp_nlp.reading.labels import LabelLine, Style, labels_of
from svp_nlp.reading.lines import Line, first_time, is_closer, lines_of
from svp_nlp.reading.turns import Draft, Talk, between, finish, trimmed

_CLOCK = r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING = re.compile(rf"{_CLOCK}\s*-->\s*{_CLOCK}.*")
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)\b|WEBVTT")
_TAG = re.compile(r"</?(?:[a-zA-Z][^<>\n]*|\d[\d:.,]*)?>|\{\\[^{}\n]*\}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]+)*[ \t]+(?P<name>[^<>\n]+?)\s*>")
_SILENCE = 2.0
_ENDS = re.compile(r"[.?!…][\"'”’)\]]*$")


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: when it is shown and the lines of its payload."""

    start: float
    end: float
    lines: tuple[Span, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Row:
    """A payload line cut up: the name of a voice tag, a written label, and the spoken pieces."""

    cue: Cue
    voice: Span | None
    label: LabelLine | None
    pieces: tuple[Span, ...] = field(repr=False)


def captions_of(text: str, format: str, name: str) -> Talk:
    """Return the turns of captions; consecutive cues of one speaker are one turn.

    Raises ReadError where there is no cue; *name* stands for the text in the message.
    """
    cues, furniture = _cues(text)
    if not cues:
        example = "00:00:01,000 --> 00:00:04,000" if format == "srt" else "00:00:01.000 --> 00:00:04.000"
        raise ReadError(
            f"{name} has no captions: no line such as {example} with words below it",
            hint="export the captions again, or give a plain transcript the suffix .txt",
        )
    rows, tags = _rows(text, cues)
    drafts, more = _drafts(text, rows)
    return finish(text, drafts, [*furniture, *tags, *more], ())


def _cues(text: str) -> tuple[list[Cue], list[Span]]:
    """Split captions into cues and what stands around them (header, notes, cue ids, timings)."""
    cues: list[Cue] = []
    furniture: list[Span] = []
    payload: list[Span] | None = None  # None outside a cue
    lines = lines_of(text)
    for i, line in enumerate(lines):
        words = text[line.span.start : line.span.end]
        if _TIMING.fullmatch(words):
            start, end = (first_time(part) or 0.0 for part in words.split("-->", 1))
            payload = []
            cues.append(Cue(start, end, ()))
        elif payload is None or _leaves_cue(text, lines, i):
            payload = None
        else:
            payload.append(line.span)
            cues[-1] = replace(cues[-1], lines=tuple(payload))
            continue
        furniture.append(line.span)
    return [cue for cue in cues if cue.lines], furniture


def _leaves_cue(text: str, lines: Sequence[Line], i: int) -> bool:
    """Tell whether a line below a cue's words is a note or the next cue's id rather than more words."""
    words = text[lines[i].span.start : lines[i].span.end]
    if lines[i].opens:
        return _BLOCK.match(words) is not None or _is_id(text, lines, i)
    return words.isdigit() and _is_id(text, lines, i)


def _is_id(text: str, lines: Sequence[Line], i: int) -> bool:
    """Tell whether the line is a cue's number or name: a timing stands right below it."""
    if i + 1 >= len(lines) or lines[i + 1].opens:
        return False
    below = lines[i + 1].span
    return _TIMING.fullmatch(text[below.start : below.end]) is not None


def _rows(text: str, cues: Sequence[Cue]) -> tuple[list[_Row], list[Span]]:
    """Cut tags out of the payload lines and find the labels written in them."""
    flat: list[tuple[Cue, Span | None, Span, list[Span]]] = []
    shown: list[Line] = []
    furniture: list[Span] = []
    for cue in cues:
        for n, line in enumerate(cue.lines):
            for voice, part, tags in _voices(text, line):
                furniture += _around(tags, voice)
                pieces = between(text, part, tags)
                if pieces:
                    body = hull(pieces)
                    flat.append((cue, voice, body, tags))
                    shown.append(Line(body, n == 0))
                elif voice is not None:
                    furniture.append(voice)
    labels = labels_of(text, shown, (Style.COLON, Style.BRACKET))
    rows: list[_Row] = []
    for i, (cue, voice, body, tags) in enumerate(flat):
        label = labels.get(i)
        start = body.start if label is None else label.body
        said = between(text, Span(start, body.end), [t for t in tags if t.start >= start])
        rows.append(_Row(cue, voice, label, tuple(said)))
    return rows, furniture


def _voices(text: str, line: Span) -> list[tuple[Span | None, Span, list[Span]]]:
    """Split a payload line where a voice tag begins; give each part its tags."""
    voices = list(_VOICE.finditer(text, line.start, line.end))
    starts = [v.start() for v in voices]
    cuts = sorted({line.start, *starts, line.end})
    parts = []
    for start, end in itertools.pairwise(cuts):
        name = next((Span(*v.span("name")) for v in voices if v.start() == start), None)
        tags = [Span(m.start(), m.end()) for m in _TAG.finditer(text, start, end)]
        parts.append((name, Span(start, end), tags))
    return parts


def _around(tags: Sequence[Span], voice: Span | None) -> list[Span]:
    """Return the tags as furniture, with the name of the voice left out of its tag."""
    out = []
    for tag in tags:
        if voice is not None and tag.contains(voice):
            out += [Span(tag.start, voice.start), Span(voice.end, tag.end)]
        else:
            out.append(tag)
    return out


def _drafts(text: str, rows: Sequence[_Row]) -> tuple[list[Draft], list[Span]]:
    """Run the rows of one speaker together; a name said again inside a turn is furniture."""
    drafts: list[Draft] = []
    furniture: list[Span] = []
    before: Cue | None = None
    named = any(row.voice or row.label for row in rows)
    for row in rows:
        name = row.voice or (row.label.name if row.label else None)
        furniture += [trimmed(text, a) for a in row.label.asides] if row.label else []
        furniture += [row.label.name] if row.label and row.voice else []
        speaker = None if name is None else text[name.start : name.end]
        pause = 0.0 if named or before is None or before is row.cue else row.cue.start - before.end
        if not drafts or _changes(text, drafts[-1], speaker, pause):
            drafts.append(Draft(name, speaker, [], row.cue.start))
        elif name is not None:
            furniture.append(name)
        for piece in row.pieces:
            if is_closer(text[piece.start : piece.end]):
                furniture.append(piece)
                continue
            furniture += drafts[-1].speaks(text, piece)
        before = row.cue
    return drafts, furniture


def _changes(text: str, draft: Draft, speaker: str | None, pause: float) -> bool:
    """Tell whether a row begins a new turn: another speaker, or a *pause* (seconds) where nobody is named."""
    if speaker is not None:
        return not draft.same_speaker(speaker)
    if not draft.pieces:
        return False
    last = draft.pieces[-1]
    ended = _ENDS.search(text[last.start : last.end]) is not None
    return pause >= _SILENCE or (ended and pause >= _SILENCE / 4)
