"""What several reading tests need: a hand-made redaction, and the check that parts tile a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from svp_nlp.model import Edit, Label, Redacted, Span, Transcript


def edited(transcript: Transcript, changes: Mapping[str, str]) -> Redacted:
    """Replace every occurrence of the keys of *changes*, longest first where two begin together."""
    wanted = re.compile("|".join(map(re.escape, sorted(changes, key=len, reverse=True))) or "(?!)")
    edits, parts, at, length = [], [], 0, 0
    for match in wanted.finditer(transcript.text):
        new = changes[match.group()]
        parts += [transcript.text[at : match.start()], new]
        length += match.start() - at
        edits.append(
            Edit(Span(*match.span()), Span(length, length + len(new)), Label.PERSON, "PERSON 1"),
        )
        length += len(new)
        at = match.end()
    text = "".join(parts) + transcript.text[at:]
    clean = replace(transcript, text=text, turns=(), furniture=(), page_starts=())
    return Redacted(clean, tuple(edits), transcript.sha256)


def tiles(transcript: Transcript) -> None:
    """Assert that labels, speech and furniture are disjoint and leave only space and label punctuation."""
    labels = [t.label for t in transcript.turns if t.label is not None]
    speech = [piece for t in transcript.turns for piece in t.speech]
    spans = sorted([*labels, *speech, *transcript.furniture])
    assert all(spans)
    rest, at = [], 0
    for span in spans:
        assert span.start >= at
        rest.append(transcript.text[at : span.start])
        at = span.end
    rest.append(transcript.text[at:])
    assert re.sub(r"[\s\[\](){}<>:：.,*|>–—\-\ufeff\u200b\x00-\x1f\x7f-\x9f]", "", "".join(rest)) == ""
    ends = [t.span for t in transcript.turns]
    assert all(a.end <= b.start for a, b in pairwise(ends))
    for turn in transcript.turns:
        assert turn.speech
        assert all(turn.span.contains(piece) for piece in turn.speech)
        assert turn.span.end == turn.speech[-1].end
