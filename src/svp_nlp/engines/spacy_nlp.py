"""spaCy loaded from a folder: only what named-entity recognition needs, without pulling in torch."""

from __future__ import annotations

import importlib.abc
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import ModelError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

HEAVY = ("torch", "transformers", "tensorflow", "mxnet", "cupy")


class _Hide(importlib.abc.MetaPathFinder):
    """Says that a heavy package is not installed, to one thread."""

    def __init__(self, names: frozenset[str], thread: int) -> None:
        self.names = names
        self.thread = thread

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname in self.names and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return None


@contextmanager
def without_torch() -> Iterator[None]:
    """Import spaCy and Presidio as if torch and transformers were not installed.

    Recognition on a CPU uses neither, yet both libraries import them when they can: measured 6.5 s and
    694 MB until ready, against 2.4 s and 378 MB. Packages already imported stay visible, other threads
    see everything, and afterwards both can be imported as usual. (Setting ``sys.modules["torch"]`` to
    None instead breaks scipy.)
    """
    finder = _Hide(frozenset(n for n in HEAVY if n not in sys.modules), threading.get_ident())
    sys.meta_path.insert(0, finder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside the libraries are not the user's to mend
            yield
    finally:
        sys.meta_path.remove(finder)


def load(model: Path) -> Any:
    """Load the spaCy pipeline in the folder *model* with its entity recognizer only.

    The recognizer of en_core_web_md carries its own embedding layer: without tagger, parser and
    lemmatizer it returns the same entities at twice the speed. Raises ModelError when the folder holds
    no spaCy model or one without an entity recognizer.
    """
    with without_torch():
        import spacy

        try:
            nlp = spacy.load(model, exclude=["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"])
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{model.name} cannot be loaded as a spaCy model: {type(error).__name__}",
                hint="svp-nlp models verify",
            ) from error
    if "ner" not in nlp.pipe_names:
        raise ModelError(f"the spaCy model {model.name} has no entity recognizer")
    return nlp
