"""A transcript as running text: speech joined over captions, then what nobody says, then the labels."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from svp_nlp.model import Flow, Span, Transcript, Turn, only_markup

TABLE = str.maketrans(
    {
        "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "\u00a0": " ", "\u2007": " ", "\u202f": " ",
        "‐": "-", "‑": "-", "\u2009": " ", "\r": " ", "\n": " ", "\t": " ", "\v": " ", "\f": " ",
        "\u0085": " ", "\u2028": " ", "\u2029": " ", "\u200b": " ", "\ufeff": " ",
    }
)  # fmt: skip
"""Characters that look alike, one for one, so that positions stay."""

TIMING = re.compile(r"[\d\s:.,\-<>=%/]*(?:-->[\s\S]*)?")
"""Furniture without a letter: cue numbers and timings."""


@dataclass(frozen=True, slots=True)
class Running:
    """Running text with the way back.

    ``text`` holds the speech of each turn, then the furniture, then one line for each different speaker
    label; two line breaks part them. ``labels`` are all label spans of the source.
    """

    transcript: Transcript = field(repr=False)
    flow: Flow = field(repr=False)
    labels: tuple[Span, ...] = field(repr=False)
    turn_starts: tuple[int, ...] = field(repr=False)
    speech_end: int = 0

    @property
    def text(self) -> str:
        """The running text."""
        return self.flow.text

    def to_source(self, span: Span) -> tuple[Span, ...]:
        """Return the pieces of the source that *span* of the running text covers."""
        return self.flow.to_source(span)

    def turn_of(self, position: int) -> Turn | None:
        """Return the turn whose speech stands at *position* of the running text."""
        if position >= self.speech_end:
            return None
        return self.transcript.turns[max(0, bisect.bisect_right(self.turn_starts, position) - 1)]


def running(transcript: Transcript) -> Running:
    """Put a transcript together as running text."""
    pieces: list[Span] = []
    starts: list[int] = []
    parts: list[str] = []
    at = 0

    def add(piece: Span, joint: str) -> None:
        nonlocal at
        if parts:
            parts.append(joint)
            at += len(joint)
        text = transcript[piece].translate(TABLE)
        pieces.append(piece)
        starts.append(at)
        parts.append(text)
        at += len(text)

    turn_starts: list[int] = []
    for turn in transcript.turns:
        turn_starts.append(at + 2 if parts else 0)
        for number, piece in enumerate(turn.speech):
            whole = number and only_markup(transcript, turn.speech[number - 1], piece)
            add(piece, "" if whole else " " if number else "\n\n")
    speech_end = at
    for piece in _furniture(transcript):
        add(piece, "\n\n")
    return Running(
        transcript,
        Flow("".join(parts), tuple(pieces), tuple(starts)),
        tuple(turn.label for turn in transcript.turns if turn.label),
        tuple(turn_starts),
        speech_end,
    )


def _furniture(transcript: Transcript) -> Iterator[Span]:
    for piece in transcript.furniture:
        if not TIMING.fullmatch(transcript[piece]):
            yield piece
