"""Samples as word pieces and tags."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from fill import Turn
from tokenizers import Tokenizer

from svp_nlp.engines.models import model_path
from svp_nlp.model import Label

TAGS = ("O", *(f"{part}-{label}" for label in Label for part in "BI"))
"""What a word piece can be: nothing, or the beginning or inside of a label."""

LENGTH = 126
"""Word pieces a sequence holds between [CLS] and [SEP]."""

IGNORED = -100
CLS, SEP = 101, 102

Sequence_ = tuple[list[int], list[int]]


def tokenizer() -> Tokenizer:
    """Return the encoder's tokenizer, without its own cutting and padding."""
    made = Tokenizer.from_file(str(model_path("all-MiniLM-L6-v2") / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


def encoded(turns: Sequence[Turn], tokens: Tokenizer) -> Sequence_:
    """Return word pieces and tags of a sample; [SEP] parts the turns."""
    ids: list[int] = []
    tags: list[int] = []
    for turn in turns:
        piece = tokens.encode(turn.text, add_special_tokens=False)
        if ids:
            ids.append(SEP)
            tags.append(0)
        ids += piece.ids
        tags += _tags(piece.offsets, turn)
    return ids, tags


def _tags(offsets: Sequence[tuple[int, int]], turn: Turn) -> Iterator[int]:
    for start, end in offsets:
        for low, high, label in turn.spans:
            if start < high and end > low:
                # The first piece of a name may start inside a word ("(ana"): it begins at or before the name.
                yield TAGS.index(f"{'B' if start <= low else 'I'}-{label}")
                break
        else:
            yield 0


def cut(sequence: Sequence_, rng: random.Random) -> Sequence_:
    """Return at most LENGTH pieces, from a random place, with [CLS] and [SEP]."""
    ids, tags = sequence
    start = rng.randint(0, max(0, len(ids) - LENGTH))
    ids, tags = ids[start : start + LENGTH], tags[start : start + LENGTH]
    return [CLS, *ids, SEP], [IGNORED, *tags, IGNORED]
