"""Character references in captions ("O&#39;Brien", "Kim &amp; Sons"): read as the character they stand for.

The text of a transcript holds the character, so that a name is one name; where each stood, and how it was
written, is remembered, and outside of replacements it is written back as it was.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from svp_nlp.model import Redacted

Reference = tuple[int, str]
"""Where a character stands in the text, and how the file writes it."""

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INSIDE_NAMES = frozenset("'’‘\"“”&-‐‑–—.,!?:;/()")
_NO_BREAK_SPACE = "\u00a0"


def resolved(text: str) -> tuple[str, tuple[Reference, ...]]:
    """Return *text* with its references as characters, and where they were.

    What could become markup ("&lt;", "&gt;"), a line or nothing to see stays as it is written.
    """
    parts: list[str] = []
    found: list[Reference] = []
    at = length = 0
    for match in _REFERENCE.finditer(text):
        char = html.unescape(match[0])
        if not _is_plain(char, text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]):
            continue
        parts += [text[at : match.start()], char]
        length += match.start() - at
        found.append((length, match[0]))
        length, at = length + 1, match.end()
    return "".join([*parts, text[at:]]), tuple(found)


def _is_plain(char: str, before: str, after: str) -> bool:
    """Tell whether *char* belongs to words; a fixed space does between words (alone it ends a caption)."""
    if char == _NO_BREAK_SPACE:
        return bool(before.strip() and after.strip())
    return len(char) == 1 and (char.isalnum() or char in _INSIDE_NAMES)


def as_written(text: str, references: Iterable[Reference]) -> str:
    """Return *text* with each character among *references*, in order, as the file wrote it."""
    parts, at = [], 0
    for position, spelling in references:
        parts += [text[at:position], spelling]
        at = position + 1
    return "".join([*parts, text[at:]])


def left(references: Sequence[Reference], redacted: Redacted) -> list[Reference]:
    """Return the *references* of a source that no edit replaced, at their places in the clean text."""
    edits = iter(redacted.edits)
    edit = next(edits, None)
    moved, kept = 0, []
    for position, spelling in references:
        while edit is not None and edit.source.end <= position:
            moved = edit.clean.end - edit.source.end
            edit = next(edits, None)
        if edit is None or position < edit.source.start:
            kept.append((position + moved, spelling))
    return kept
