"""From transcript to passages: the units that are coded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from svp_nlp.model import Flow, Passage, Role, Span, Transcript, Turn

_ENDER = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)")
_WORD = re.compile(r"\S+")
_BEFORE_STOP = re.compile(r"([\w.]+)\.$")
# Words whose full stop does not end a sentence. Those that often do ("etc.", "Inc.", "a.m.") count as an
# end when a capital follows, as any stop does, and are not listed.
_ABBREVIATION = re.compile(
    r"[A-HJ-Z]|(?i:drs?|mrs?|ms|mx|prof|st|mt|ft|rev|hon|gen|col|capt|lt|sgt|fr|sr|jr|vs|e\.g|i\.e|cf|approx"
    r"|dept|est|fig|vol|pp|ca|al)"
)
_BACKCHANNEL_WORDS = 3


def passages(transcript: Transcript, *, most_words: int = 220) -> tuple[Passage, ...]:
    """Cut *transcript* into passages: every turn that says something, long ones at sentence ends.

    Interviewers' turns are passages too, with their role, so that nothing is hidden. A passage has at most
    *most_words* words; together the passages of a turn hold every character of its speech but the spaces at
    the cuts. Ids are turn numbers as people cite them, from 1: "B:12", and "B:12.2" for the second part.
    """
    return tuple(_passages(transcript, most_words))


def passage_text(transcript: Transcript, passage: Passage) -> str:
    """Return the words of *passage* as one line of running text."""
    return Flow.of(transcript, passage.pieces).text


def question_text(transcript: Transcript, passage: Passage) -> str:
    """Return the interviewer's words before *passage* as one line, empty where there are none."""
    return Flow.of(transcript, passage.question).text


def sentences(text: str) -> tuple[Span, ...]:
    """Split running text into sentences; spaces between them belong to none.

    A stop ends a sentence when a capital, a digit, a quote or a bracket follows, and in text without any
    capital always; known abbreviations and single initials do not. A dash or three dots before "I" do not.
    """
    without_case = text == text.lower()
    cuts = [m.end() for m in _ENDER.finditer(text) if _ends_sentence(text, m, without_case)]
    return _trimmed(text, [0, *cuts, len(text)])


def _passages(transcript: Transcript, most_words: int) -> Iterator[Passage]:
    for turn in transcript.turns:
        flow = Flow.of(transcript, turn.speech)
        parts = _parts(flow, most_words)
        question = _question_before(transcript, turn)
        for number, part in enumerate(parts, start=1):
            pieces = flow.to_source(part)
            yield Passage(
                id=f"{transcript.id}:{turn.index + 1}" + (f".{number}" if len(parts) > 1 else ""),
                transcript=transcript.id,
                turn=turn.index,
                pieces=pieces,
                question=question,
                role=turn.role,
                page=transcript.page_of(pieces[0].start) or turn.page,
                time=turn.time,
            )


def _parts(flow: Flow, most_words: int) -> list[Span]:
    """Return the spans of *flow* that become passages, about equally long and within *most_words*."""
    whole = _trimmed(flow.text, [0, len(flow.text)])
    words = _count(flow.text)
    if not whole or words <= most_words:
        return list(whole)
    aim = math.ceil(words / math.ceil(words / most_words))
    parts: list[Span] = []
    size = most_words + 1
    for unit in _units(flow, aim):
        length = _count(flow.text[unit.start : unit.end])
        if size >= aim or size + length > most_words:
            parts.append(unit)
            size = length
        else:
            parts[-1] = Span(parts[-1].start, unit.end)
            size += length
    return parts


def _units(flow: Flow, most_words: int) -> Iterator[Span]:
    """Yield sentences; where one is too long (captions without stops), its lines, then runs of words."""
    for sentence in sentences(flow.text):
        if _count(flow.text[sentence.start : sentence.end]) <= most_words:
            yield sentence
            continue
        lines = [s for s in flow.starts if sentence.start < s < sentence.end]
        for line in _within(flow.text, sentence, lines):
            starts = [line.start + m.start() for m in _WORD.finditer(flow.text[line.start : line.end])]
            yield from _within(flow.text, line, starts[most_words::most_words])


def _within(text: str, span: Span, cuts: Sequence[int]) -> tuple[Span, ...]:
    return _trimmed(text, [span.start, *cuts, span.end])


def _trimmed(text: str, cuts: Sequence[int]) -> tuple[Span, ...]:
    """Return the stretches between *cuts* without the spaces around them, empty ones left out."""
    found = []
    for start, end in pairwise(cuts):
        part = text[start:end]
        lead = len(part) - len(part.lstrip())
        if part.strip():
            found.append(Span(start + lead, start + len(part.rstrip())))
    return tuple(found)


def _ends_sentence(text: str, stop: re.Match[str], without_case: bool) -> bool:
    rest = text[stop.end() :].lstrip()
    if not rest:
        return False
    mark = stop.group()
    word = _BEFORE_STOP.search(text[max(0, stop.start() - 20) : stop.start() + 1])
    if mark.startswith(".") and word and _ABBREVIATION.fullmatch(word.group(1)):
        return False
    if "?" in mark or "!" in mark:
        return True
    if len(mark.rstrip("\"'”’)]")) > 1 or "…" in mark:
        return rest[0].isupper() and re.match(r"I\b", rest) is None
    return without_case or not rest[0].islower()


def _question_before(transcript: Transcript, turn: Turn) -> tuple[Span, ...]:
    """Return what the interviewer last asked before *turn*; a bare "Mm-hm." does not count as asking."""
    if turn.role is Role.INTERVIEWER:
        return ()
    at = transcript.turns.index(turn)
    for earlier in reversed(transcript.turns[:at]):
        said = transcript.said(earlier)
        if earlier.role is Role.INTERVIEWER and ("?" in said or _count(said) > _BACKCHANNEL_WORDS):
            return earlier.speech
        if earlier.role is Role.UNKNOWN:
            return earlier.speech if "?" in said else ()
    return ()


def _count(text: str) -> int:
    return len(text.split())
