"""Text cut into pieces for the browser, so that nobody has to count characters there.

JavaScript counts UTF-16 units, Python code points. So text is sent as pieces that carry their own position
in code points, a word or a mark each; what a person selects comes back as the positions of whole pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from svp_nlp.model import Flow, Label, Span, Transcript

_PSEUDONYM = re.compile(rf"\[(?:{'|'.join(Label)})(?: [^\[\]]{{1,12}})?\]")
# Scripts written without spaces between words are cut by character, or a whole sentence would be one piece.
_CUT = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]"
    r"|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+(?:['’][^\W\d_]+)*|\s+|[^\w\s]"
)
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is selected whole, and where it stands; ``at`` is None for an added space.

    ``kind`` is "word", "mark" (punctuation, emoji), "space" or "pseudonym"; ``found`` names the entities of
    the identifiers that it belongs to.
    """

    text: str = field(repr=False)
    at: Span | None
    kind: str = "word"
    found: tuple[str, ...] = ()

    def as_row(self) -> list[object]:
        """Return the piece as the browser takes it: text, start, end, kind, and the entities if any."""
        start, end = (self.at.start, self.at.end) if self.at else (None, None)
        row: list[object] = [self.text, start, end, self.kind]
        return [*row, list(self.found)] if self.found else row


def flow_pieces(transcript: Transcript, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """Return the words of *spans* of a transcript as pieces; together they read as `Flow` joins them."""
    found: list[Piece] = []
    for number, span in enumerate(spans):
        if number:
            found.append(Piece(" ", None, "space"))
        found += text_pieces(Flow.of(transcript, (span,)).text, span.start)
    return tuple(found)


def text_pieces(text: str, offset: int = 0) -> Iterator[Piece]:
    """Yield *text* cut into pieces that start at *offset*; together they are the text."""
    at = 0
    for match in _PSEUDONYM.finditer(text):
        yield from _words(text, Span(at, match.start()), offset)
        yield Piece(match.group(), Span(*match.span()).shifted(offset), "pseudonym")
        at = match.end()
    yield from _words(text, Span(at, len(text)), offset)


def _words(text: str, span: Span, offset: int) -> Iterator[Piece]:
    cuts = [m.start() for m in _CUT.finditer(text, span.start, span.end)]
    starts = [cut for cut in cuts if cut == span.start or not _clings(text, cut)]
    for start, end in pairwise([*starts, span.end]):
        yield Piece(text[start:end], Span(start, end).shifted(offset), _kind(text[start]))


def _clings(text: str, at: int) -> bool:
    """Tell whether the character at *at* belongs to the one before: accents, joined emoji, skin tones."""
    return (
        text[at] in _JOINERS
        or text[at - 1] == "\u200d"
        or unicodedata.category(text[at])[0] == "M"
        or "\U0001f3fb" <= text[at] <= "\U0001f3ff"
    )


def _kind(first: str) -> str:
    if first.isspace():
        return "space"
    return "word" if first.isalnum() or first == "_" else "mark"


def rows(pieces: Sequence[Piece]) -> list[list[object]]:
    """Return pieces as the browser takes them."""
    return [piece.as_row() for piece in pieces]
