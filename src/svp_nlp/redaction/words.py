"""What is known of names as words: titles, ordinary words, short forms, sound, and text made comparable.

Shared by the rooms' roster, linker and verifier, so that what one of them takes for the same name the
others do too.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_TITLES = (
    "dr doctor mr mrs ms miss mx prof professor rev reverend pastor father sister brother sir madam dame "
    "nurse rn capt captain sgt sergeant lt lieutenant col colonel maj officer judge justice senator "
    "congressman congresswoman governor mayor chief dean president chaplain rabbi imam deacon coach "
    "aunt uncle auntie grandma grandpa"
)
TITLES = frozenset(_TITLES.split())
_CREDENTIALS = (
    "md phd rn bsn msn dnp do np pa pac jd mph mba msw lcsw lsw edd dds pharmd mhs mha ma ba ms bs facs faan "
    "jr sr ii iii iv esq cns crna aprn fnp mdiv bcc"
)
CREDENTIALS = frozenset(_CREDENTIALS.split())


def stem(word: str) -> str:
    """Return *word* lower-cased without dots and apostrophes at its rim."""
    return word.strip(" \t\r\n.,;:!?\"'’‘“”()[]").replace(".", "").casefold()


def bare_name(name: str) -> str:
    """Return a person's name without titles before and degrees behind it ("Dr. A. Bell, MD" -> "A. Bell").

    "Bell, Ann" is turned round to "Ann Bell". A name that is nothing but titles is left as it is.
    """
    parts = [p.strip() for p in name.split(",")]
    while len(parts) > 1 and all(stem(w) in CREDENTIALS for w in parts[-1].split()):
        parts.pop()
    words = (f"{parts[1]} {parts[0]}" if len(parts) == 2 else " ".join(parts)).split()
    while len(words) > 1 and stem(words[0]) in TITLES:
        words.pop(0)
    while len(words) > 2 and stem(words[-1]) in CREDENTIALS:
        words.pop()
    return " ".join(words)


@cache
def _frequencies() -> dict[str, int]:
    spec = find_spec("symspellpy")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "frequency_dictionary_en_82_765.txt"
    lines = (line.split() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return {word: int(count) for word, count in (x for x in lines if len(x) == 2)}


def ordinary(word: str, *, at_least: int = 1) -> bool:
    """Tell whether *word* is in the English dictionary with a count of *at_least* (symspellpy's list).

    The list is the Google Books unigrams met in SCOWL: 82,765 words, "the" 23 thousand million.
    """
    return _frequencies().get(re.sub(r"['’]s$", "", word.casefold()), 0) >= at_least
