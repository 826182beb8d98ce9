"""Gold made harder by script: the same transcripts as speech recognition without capitals would give them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from svp_nlp.evaluation.gold import Coding, GoldTranscript, Mention, QuoteMark
from svp_nlp.model import Span, Transcript
from svp_nlp.reading import read_text


def degrade(gold: GoldTranscript) -> GoldTranscript:
    """Return *gold* in lower case and without punctuation, every mark at its new place.

    Punctuation goes where it ends or begins a word and stays inside one ("it's", "wei-ling", "3/14/2017").
    What is not speech keeps its punctuation, or nobody could tell the turns: speaker labels lose only their
    capitals, caption timings and headers nothing.
    """
    text, starts = _rewrite(gold.transcript)

    def moved(span: Span) -> Span:
        return Span(starts[span.start], starts[span.end])

    # A document has no layout of its own left to read: its text is read as text.
    captions = gold.transcript.format if gold.transcript.format in ("vtt", "srt") else "txt"
    transcript = read_text(text, id=gold.id, format=captions)
    return GoldTranscript(
        id=gold.id,
        transcript=transcript,
        mentions=tuple(Mention(moved(m.span), m.label, m.entity) for m in gold.mentions),
        codes=tuple(Coding(starts[c.end], c.themes) for c in gold.codes),
        quotes=tuple(QuoteMark(q.theme, tuple(map(moved, q.pieces))) for q in gold.quotes),
    )


def degrade_all(gold: Sequence[GoldTranscript]) -> tuple[GoldTranscript, ...]:
    """Return every transcript of *gold* degraded."""
    return tuple(map(degrade, gold))


def _rewrite(transcript: Transcript) -> tuple[str, list[int]]:
    """Return the new text, and for every position of the old one (its end included) where it now lies."""
    spoken, fixed = bytearray(len(transcript)), bytearray(len(transcript))
    for turn in transcript.turns:
        for piece in turn.speech:
            spoken[piece.start : piece.end] = b"\x01" * len(piece)
    if transcript.format != "txt":
        for span in transcript.furniture:
            fixed[span.start : span.end] = b"\x01" * len(span)
    parts, starts, at = [], [], 0
    for i, character in enumerate(transcript.text):
        starts.append(at)
        kept = character if fixed[i] else _kept(transcript.text, i, speech=bool(spoken[i]))
        parts.append(kept)
        at += len(kept)
    return "".join(parts), [*starts, at]


def _kept(text: str, i: int, *, speech: bool) -> str:
    character = text[i]
    if not speech or character.isspace() or unicodedata.category(character)[0] in "LNM":
        return character.lower()
    inside = 0 < i < len(text) - 1 and text[i - 1].isalnum() and text[i + 1].isalnum()
    return character if inside else ""
