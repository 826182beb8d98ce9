"""Presidio as the engine that lets all witnesses read: spaCy's recognizer, Presidio's own, and ours.

Traps of presidio-analyzer 2.2 met here: ``AnalyzerEngine()`` without arguments downloads a model, and a
model path is taken for a missing package (so the NLP engine is our own); two results of one entity type,
one inside the other, are merged (so the witness is part of the type, or agreement would be lost); the
e-mail recognizer asks the network for the public-suffix list (so it is not used).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from svp_nlp.engines.protocols import Hit, Recognizer
from svp_nlp.engines.spacy_nlp import load, without_torch
from svp_nlp.model import Label, Span

SPACY_LABELS = {
    "PERSON": Label.PERSON,
    "ORG": Label.INSTITUTION,
    "FAC": Label.INSTITUTION,
    "GPE": Label.LOCATION,
    "LOC": Label.LOCATION,
    "PRODUCT": Label.INSTITUTION,
    "NORP": Label.LOCATION,
}
"""How spaCy's entity types are read. Its dates are left out: our own grammar reads those."""

PRESIDIO_LABELS = {
    "CREDIT_CARD": Label.ID,
    "IBAN_CODE": Label.ID,
    "US_SSN": Label.ID,
    "IP_ADDRESS": Label.CONTACT,
}
"""Presidio's own recognizers in use; those with a check digit or a strict form."""

LIMIT = 100_000
"""Code points read in one go; longer texts are cut between paragraphs (spaCy refuses a million)."""


class PresidioEngine:
    """Reads texts with presidio-analyzer; calling it returns all hits of all witnesses.

    ``spacy_model`` is the folder of a spaCy model; ``recognizers`` are functions from running text to
    (span, label, score). Nothing heavy is imported before the first call.
    """

    def __init__(self, spacy_model: Path, recognizers: Sequence[Recognizer] = ()) -> None:
        self.spacy_model = spacy_model
        self.recognizers = tuple(recognizers)

    @property
    def name(self) -> str:
        """Engine, version and model, e.g. "presidio-analyzer 2.2.366 + en_core_web_md-3.8.0"."""
        from importlib.metadata import version

        return f"presidio-analyzer {version('presidio-analyzer')} + {self.spacy_model.name}"

    def __call__(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return the hits of each text, sorted by position."""
        return [sorted(self._read(text), key=_order) for text in texts]

    def _read(self, text: str) -> Iterator[Hit]:
        for start, part in _parts(text):
            for result in self.analyzer.analyze(part, language="en"):
                label, _, witness = result.entity_type.partition("/")
                span = Span(result.start + start, result.end + start)
                if witness:
                    yield Hit(span, Label(label), result.score, witness)
                else:
                    yield Hit(span, PRESIDIO_LABELS[label], result.score, f"presidio:{label.lower()}")

    @cached_property
    def analyzer(self) -> Any:
        """The ``AnalyzerEngine`` with our NLP engine and every recognizer registered."""
        with without_torch():
            return _analyzer(self.spacy_model, self.recognizers)


def _order(hit: Hit) -> tuple[int, int, str, str]:
    return hit.span.start, hit.span.end, hit.label.value, hit.witness


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Cut a very long text between paragraphs (else at the limit)."""
    start = 0
    while len(text) - start > LIMIT:
        cut = text.rfind("\n\n", start + 1, start + LIMIT)
        cut = cut if cut > start else start + LIMIT
        yield start, text[start:cut]
        start = cut
    yield start, text[start:]


def _analyzer(model: Path, recognizers: Iterable[Recognizer]) -> Any:
    """Build the engine; everything of Presidio's stays inside this function."""
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        IbanRecognizer,
        IpRecognizer,
        UsSsnRecognizer,
    )

    class LocalSpacy(NlpEngine):
        """spaCy from a folder: no download, no lemmas, no keywords."""

        engine_name = "spacy"
        is_available = True

        def __init__(self) -> None:
            self.nlp: Any = None

        def load(self) -> None:
            self.nlp = load(model)

        def is_loaded(self) -> bool:
            return self.nlp is not None

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            doc = self.nlp(text)
            # No lemmas: only Presidio's context words read them, and no recognizer here has any.
            return NlpArtifacts(list(doc.ents), doc, [token.idx for token in doc], [], self, language)

        def process_batch(self, texts: Iterable[str], language: str, *_: Any, **__: Any) -> Iterator[Any]:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002
            return bool(self.nlp.vocab[word].is_stop)

        def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002
            return bool(self.nlp.vocab[word].is_punct)

        def get_supported_entities(self) -> list[str]:
            return [f"{label}/spacy:{kind}" for kind, label in SPACY_LABELS.items()]

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    class Entities(EntityRecognizer):
        """What spaCy named."""

        def load(self) -> None:
            """Nothing to load: the NLP engine has read the text already."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[Any]:  # noqa: ARG002
            return [
                RecognizerResult(f"{SPACY_LABELS[e.label_]}/spacy:{e.label_}", e.start_char, e.end_char, 0.6)
                for e in nlp_artifacts.entities
                if e.label_ in SPACY_LABELS
            ]

    class Ours(EntityRecognizer):
        """One of our recognizers, as Presidio wants it."""

        def __init__(self, recognizer: Recognizer) -> None:
            self.recognizer = recognizer
            super().__init__([f"{label}/{recognizer.name}" for label in Label], name=recognizer.name)

        def load(self) -> None:
            """Nothing to load: a recognizer is a function."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[Any]:  # noqa: ARG002
            return [
                RecognizerResult(f"{label}/{self.recognizer.name}", span.start, span.end, score)
                for span, label, score in self.recognizer(text)
            ]

    nlp_engine = LocalSpacy()
    nlp_engine.load()
    own = [Entities(nlp_engine.get_supported_entities(), name="spacy"), *map(Ours, recognizers)]
    theirs = [CreditCardRecognizer(), IbanRecognizer(), IpRecognizer(), UsSsnRecognizer()]
    registry = RecognizerRegistry(recognizers=[*own, *theirs], supported_languages=["en"])
    return AnalyzerEngine(
        registry=registry, nlp_engine=nlp_engine, supported_languages=["en"], default_score_threshold=0.3
    )
