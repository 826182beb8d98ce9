"""Finds names in speaker labels: "MS. VANG", "Rachel Kim (00:01:22)", "DB", "The Chair (Mrs. Carol Hughes)".

Why it identifies: the label says who speaks; it returns in every turn and is a third of all identifiers.
Misses: a label whose name is a role word ("Dean:").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svp_nlp.model import Span
from svp_nlp.redaction.guards import ACRONYMS, QUALIFIERS, ROLES
from svp_nlp.redaction.words import TITLES

WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’‑-](?=[^\W\d_]))*\.?")
GENERIC = re.compile(
    r"(?:S|SP|SPK|SPKR|P|R|I|Q|A|INT|RES|M|F|N|PT|DR|MD|RN|IV|IE|INTV|RESP|PART|MOD|FAC|UNK|K|T|V|X)\d*", re.I
)
"""Short role codes: "Q", "P08", "INT", "R2"."""


def names_in_label(label: str) -> Iterator[Span]:
    """Yield the spans of the names in a speaker *label*, titles and role words left out.

    Words that follow each other directly make one name; a role in brackets or behind a comma stays.
    """
    start: int | None = None
    end = 0
    for word in WORD.finditer(label):
        if not _names(word[0], label, word.start()):
            continue
        if start is not None and not re.fullmatch(r"[ \u00a0]*", label[end : word.start()]):
            yield Span(start, end)
            start = None
        start = word.start() if start is None else start
        end = word.end() - (word[0].endswith(".") and len(word[0]) > 2)
    if start is not None:
        yield Span(start, end)


def _names(word: str, label: str, at: int) -> bool:
    """Tell whether a word of a label can be part of a name."""
    bare = word.rstrip(".").lower()
    if (
        bare in TITLES
        or bare in ROLES
        or bare in {"the", "of", "and", "for", "hon", "honourable", "honorable"}
    ):
        return False
    if bare in QUALIFIERS and _qualifies(label, at):
        return False
    if GENERIC.fullmatch(bare) and len(WORD.findall(label)) == 1:
        return False
    if len(bare) == 1:
        return _beside_a_name(label)
    if bare.upper() in ACRONYMS and len(WORD.findall(label)) > 1 and not re.match(r"\s*$", label[:at]):
        return False
    return not re.search(r"\d", label[at : at + len(word) + 1])


def _qualifies(label: str, at: int) -> bool:
    """Tell whether the word at *at* says which role ("CHARGE NURSE", "hospital porter", not "Nurse Ward")."""
    words = [(w.start(), w[0].rstrip(".").lower()) for w in WORD.finditer(label)]
    after = [w for start, w in words if start > at][:1]
    before = [w for start, w in words if start < at][-1:]
    return bool(ROLES & set(after) or (ROLES - TITLES) & set(before))


def _beside_a_name(label: str) -> bool:
    """Tell whether a single letter is an initial of a name ("M. Y. Vang") and no numbering ("Grad F")."""
    others = [w for w in WORD.findall(label) if len(w.rstrip(".")) > 1]
    proper = [w for w in others if w.rstrip(".").lower() not in ROLES | TITLES]
    return bool(proper)
