"""How the rooms see the engines: function types, nothing of any engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


class Recognizer(Protocol):
    """Finds identifiers in running text: (span, label, score, witness name)."""

    @property
    def name(self) -> str:
        """The witness's name as it appears in ``Finding.found_by``."""
        ...

    def __call__(self, text: str) -> Sequence[tuple[Span, Label, float]]:
        """Return what was found in *text*."""
        ...
