"""Put the words of passages and quotes together, and say scores and labels in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from svp_nlp.model import Flow, Label, Passage, Quote, Span, Transcript

LABEL_WORDS = {
    Label.PERSON: "People",
    Label.INSTITUTION: "Institutions",
    Label.LOCATION: "Places",
    Label.DATE: "Dates",
    Label.DATE_YEAR: "Years",
    Label.CONTACT: "Contacts",
    Label.ID: "Numbers",
    Label.AGE: "Ages",
}
_PSEUDONYM = re.compile(rf"\[(?:{'|'.join(Label)})(?: [^\[\]]{{1,12}})?\]")
# Words for reading, not thresholds for deciding: among fifteen themes chance alone gives about 0.07.
_CHANCES = ((0.5, "likely"), (0.2, "possible"), (0.0, "unlikely"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and how it is shown: "plain", "pseudonym", and marked as a reason or not."""

    text: str = field(repr=False)
    kind: str = "plain"
    marked: bool = False


def chance(score: float) -> str:
    """Say a probability in [0, 1] as a word: likely (from 0.5), possible (from 0.2) or unlikely.

    >>> chance(0.7), chance(0.4), chance(0.1)
    ('likely', 'possible', 'unlikely')
    """
    shown = round(score, 2)  # the word must fit the figure printed beside it
    return next((word for least, word in _CHANCES if shown >= least), "unlikely")


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return the number with its noun.

    >>> plural(1, "passage"), plural(1200, "passage"), plural(2, "is", "are")
    ('1 passage', '1,200 passages', '2 are')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def running(transcript: Transcript, pieces: Sequence[Span]) -> str:
    """Return the words of *pieces* as one line, with single spaces."""
    return " ".join(Flow.of(transcript, pieces).text.split())


def quoted(transcript: Transcript, quote: Quote) -> str:
    """Return the words of *quote* as one line; "…" stands where speech between two pieces was left out."""
    parts = [running(transcript, quote.pieces[:1])]
    for before, after in pairwise(quote.pieces):
        parts += ["…"] if _speech_between(transcript, before, after) else []
        parts.append(running(transcript, (after,)))
    return " ".join(parts)


def passage_pieces(
    transcript: Transcript, passage: Passage, marked: Sequence[Span] = ()
) -> tuple[Piece, ...]:
    """Return the words of *passage*, with pseudonyms and the *marked* spans told apart."""
    return tuple(
        Piece(p.text, p.kind, mark)
        for text, mark in _split_at(transcript, passage.pieces, marked)
        for p in pieces_of(text)
    )


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Return running text with pseudonyms such as "[PERSON 3]" told apart.

    >>> [(p.text, p.kind) for p in pieces_of("Ask [PERSON 3].")]
    [('Ask ', 'plain'), ('[PERSON 3]', 'pseudonym'), ('.', 'plain')]
    """
    return tuple(_pieces_of(text))


def opening(text: str, most: int = 90) -> str:
    """Return the first words of *text*, at most *most* characters, cut between words.

    >>> opening("one two three", 9)
    'one two…'
    """
    if len(text) <= most:
        return text
    return text[: text.rfind(" ", 0, most) if " " in text[:most] else most].rstrip(" ,;:–-") + "…"


def _pieces_of(text: str) -> Iterator[Piece]:
    at = 0
    for match in _PSEUDONYM.finditer(text):
        if match.start() > at:
            yield Piece(text[at : match.start()])
        yield Piece(match.group(), "pseudonym")
        at = match.end()
    if at < len(text):
        yield Piece(text[at:])


def _split_at(
    transcript: Transcript, pieces: Sequence[Span], marked: Sequence[Span]
) -> Iterator[tuple[str, bool]]:
    """Yield stretches of the joined *pieces*: text, and whether it lies in one of the *marked* spans."""
    flow = Flow.of(transcript, pieces)
    on = [False] * len(flow.text)
    for piece, start in zip(flow.pieces, flow.starts, strict=True):
        for mark in marked:
            lo, hi = max(mark.start, piece.start), min(mark.end, piece.end)
            if lo < hi:
                on[start + lo - piece.start : start + hi - piece.start] = [True] * (hi - lo)
    # A space between two marked pieces belongs to the mark, or the highlight falls apart at a line's end.
    for piece, start, following in zip(flow.pieces, flow.starts, flow.starts[1:], strict=False):
        if following > (joint := start + len(piece)) > 0:
            on[joint] = on[joint - 1] and on[following]
    at = 0
    for here in range(1, len(on) + 1):
        if here == len(on) or on[here] != on[at]:
            yield re.sub(r"\s+", " ", flow.text[at:here]), on[at]
            at = here


def _speech_between(transcript: Transcript, before: Span, after: Span) -> bool:
    """Tell whether something is said between two pieces; line ends and caption timings are not speech."""
    turn = transcript.turn_at(before.start)
    if turn is None or not turn.span.contains(after) or after.start < before.end:
        return True
    gap = Span(before.end, after.start)
    said = [Span(max(gap.start, s.start), min(gap.end, s.end)) for s in turn.speech if s.overlaps(gap)]
    return any(transcript[s].strip() for s in said)
