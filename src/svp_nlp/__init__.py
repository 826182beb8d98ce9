"""De-identify interview transcripts, verify it, and pre-code them against a codebook; people decide.

Everything is loaded when first used: ``import svp_nlp`` brings in no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from svp_nlp.coding.codebook import founding_codebook, load_codebook
    from svp_nlp.coding.exemplars import exemplars, quote_text
    from svp_nlp.coding.segment import passage_text, passages
    from svp_nlp.coding.suggest import ThemeSuggester
    from svp_nlp.coding.topics import topics
    from svp_nlp.errors import SvpError
    from svp_nlp.front import deidentify, suggest_codes
    from svp_nlp.model import Codebook, Finding, Label, Passage, Redacted, Role, Span, Transcript, Turn
    from svp_nlp.reading import read, read_text
    from svp_nlp.redaction.detect import detect
    from svp_nlp.redaction.link import link
    from svp_nlp.redaction.lists import load_list
    from svp_nlp.redaction.redact import redact
    from svp_nlp.redaction.roster import load_roster
    from svp_nlp.redaction.verify import leaks
    from svp_nlp.study import Study

_HOMES = {
    "founding_codebook": "coding.codebook",
    "load_codebook": "coding.codebook",
    "exemplars": "coding.exemplars",
    "quote_text": "coding.exemplars",
    "passage_text": "coding.segment",
    "passages": "coding.segment",
    "ThemeSuggester": "coding.suggest",
    "topics": "coding.topics",
    "SvpError": "errors",
    "deidentify": "front",
    "suggest_codes": "front",
    "Codebook": "model",
    "Finding": "model",
    "Label": "model",
    "Passage": "model",
    "Redacted": "model",
    "Role": "model",
    "Span": "model",
    "Transcript": "model",
    "Turn": "model",
    "read": "reading",
    "read_text": "reading",
    "detect": "redaction.detect",
    "link": "redaction.link",
    "redact": "redaction.redact",
    "load_list": "redaction.lists",
    "load_roster": "redaction.roster",
    "leaks": "redaction.verify",
    "Study": "study",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'svp_nlp' has no attribute {name!r}")
    value: object = getattr(import_module(f"svp_nlp.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])


__all__ = [
    "Codebook",
    "Finding",
    "Label",
    "Passage",
    "Redacted",
    "Role",
    "Span",
    "Study",
    "SvpError",
    "ThemeSuggester",
    "Transcript",
    "Turn",
    "__version__",
    "deidentify",
    "detect",
    "exemplars",
    "founding_codebook",
    "leaks",
    "link",
    "load_codebook",
    "load_list",
    "load_roster",
    "passage_text",
    "passages",
    "quote_text",
    "read",
    "read_text",
    "redact",
    "suggest_codes",
    "topics",
]
