"""How the rooms see the engines: function types, nothing of any engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from svp_nlp.model import Label, Span

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors; ``name`` pins the model (and is part of cache keys)."""

    @property
    def name(self) -> str:
        """Model name and version, e.g. "all-MiniLM-L6-v2@53aa5117"."""
        ...

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimensions), rows of length 1."""
        ...


@runtime_checkable
class LayeredEmbedder(Embedder, Protocol):
    """An embedder that also gives what an inner layer of its model says of a text, in the same pass."""

    def layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return the vectors of a call, and the unit vectors of the inner layer, in the same order."""
        ...


class Recognizer(Protocol):
    """Finds identifiers in running text: (span, label, score, witness name)."""

    @property
    def name(self) -> str:
        """The witness's name as it appears in ``Finding.found_by``."""
        ...

    def __call__(self, text: str) -> Sequence[tuple[Span, Label, float]]:
        """Return what was found in *text*."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """What one witness says: this span of the text given to it is an identifier of this kind."""

    span: Span
    label: Label
    score: float
    witness: str


class Analyzer(Protocol):
    """Lets every witness read running texts and keeps all their hits, agreeing ones too."""

    @property
    def name(self) -> str:
        """Engine and model, with versions, as receipts state them."""
        ...

    def __call__(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return the hits of each text, in the order of *texts*."""
        ...
