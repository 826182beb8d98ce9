"""Content words: stems without the words of small talk, and how well a text's words fit a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from svp_nlp.coding.speech import without_marks

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

Matrix = npt.NDArray[np.float64]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOT = re.compile(r"n['’]t$")
_IRREGULAR_NOT = {"ca": "can", "wo": "will", "sha": "should", "ai": "is"}
# Function words, and the fillers and reporting verbs of spoken English that carry no topic.
_PLAIN = frozenset(
    """
    a about above after again all also am an and any are as at back be because been before being
    both but by can could did do does doing down each even ever every few for from get gets getting
    go goes going gone got had has have having he her here hers him his how i if in into is it its
    itself just kind know let like lot may maybe me mean might more most much my myself no nor not
    now of off ok okay on once one only or other our ours out over own really right s said same say
    says see she should so some something sort still such t than that the their them then there
    these they thing things think this those through to too um uh until up us very was way we well
    were what when where which while who whom why will with would yeah yes you your yours
    arent cant couldnt didnt doesnt dont hadnt hasnt havent hes isnt ive shes shouldnt thats theyre wasnt
    werent weve wont wouldnt youre
    """.split()  # noqa: SIM905 (a list of 170 strings is harder to read)
)


def content_words(text: str) -> list[str]:
    """Return the stems of the content words of *text*, in order; masked identifiers are left out.

    >>> content_words("We surveyed the [INSTITUTION B] nurses, um, twice.")
    ['survey', 'nurs', 'twice']
    """
    return [stem(word) for word in surface_words(text)]


def surface_words(text: str) -> list[str]:
    """Return the content words of *text* as they stand, lower-cased, in order."""
    found = (_before_apostrophe(w) for w in _WORD.findall(without_marks(text).lower()))
    return [w for w in found if len(w) > 1 and w not in _PLAIN]


def _before_apostrophe(word: str) -> str:
    """Return "nurse" for "nurse's" and "were" for "weren't"."""
    if _NOT.search(word):
        return _IRREGULAR_NOT.get(word[:-3], word[:-3])
    return re.split(r"['’]", word)[0]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of one lower-cased word (Porter's second English stemmer)."""
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> BaseStemmer:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


class WordIndex:
    """Documents as bags of stems, scored against texts with BM25 (Robertson and Zaragoza 2009).

    ``k1`` and ``b`` are the usual 1.5 and 0.75; a word counts once however often the text repeats it.
    """

    def __init__(self, documents: Sequence[str], *, k1: float = 1.5, b: float = 0.75) -> None:
        bags = [Counter(content_words(d)) for d in documents]
        self.vocabulary = {w: i for i, w in enumerate(sorted({w for bag in bags for w in bag}))}
        counts = np.zeros((len(self.vocabulary), len(bags)))
        for j, bag in enumerate(bags):
            for word, n in bag.items():
                counts[self.vocabulary[word], j] = n
        length = counts.sum(axis=0)
        spread = k1 * (1 - b + b * length / max(1e-9, float(length.mean()) if len(bags) else 1.0))
        holding = (counts > 0).sum(axis=1, keepdims=True)
        rarity = np.log1p((len(bags) - holding + 0.5) / (holding + 0.5))
        self.weights: Matrix = rarity * counts * (k1 + 1) / (counts + spread)
        self.typical_weight = float(self.weights[self.weights > 0].mean()) if counts.any() else 1.0

    def scores(self, texts: Sequence[str]) -> Matrix:
        """Return the fit of each text with each document, shape (len(texts), documents)."""
        found = np.zeros((len(texts), self.weights.shape[1]))
        for i, text in enumerate(texts):
            rows = [self.vocabulary[w] for w in set(content_words(text)) if w in self.vocabulary]
            found[i] = self.weights[sorted(rows)].sum(axis=0)
        return found

    def shared(self, text: str, document: int, most: int = 5) -> tuple[str, ...]:
        """Return the words of *text* that speak for one document, the heaviest first."""
        surface = dict(reversed([(stem(w), w) for w in surface_words(text)]))
        known = {w: self.vocabulary[s] for s, w in surface.items() if s in self.vocabulary}
        weights = {w: self.weights[row, document] for w, row in known.items()}
        best = sorted((w for w in weights if weights[w] > 0), key=lambda w: (-weights[w], w))
        return tuple(best[:most])
