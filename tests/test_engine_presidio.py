"""The engine with the real model, sockets closed (see conftest): hits, agreement, long texts, import cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from svp_nlp.engines import presidio
from svp_nlp.engines.models import model_path
from svp_nlp.engines.presidio import PresidioEngine
from svp_nlp.errors import ModelError
from svp_nlp.model import Label, Span
from svp_nlp.redaction.recognizers import RECOGNIZERS


@pytest.fixture(scope="module")
def engine() -> PresidioEngine:
    return PresidioEngine(model_path("en_core_web_md"), RECOGNIZERS)


def test_all_witnesses_of_one_span_are_kept(engine: PresidioEngine) -> None:
    text = "I asked Dr. Ferreira in Duluth about it."
    (hits,) = engine([text])
    witnesses = {hit.witness for hit in hits if text[hit.span.start : hit.span.end] == "Ferreira"}
    assert {"people", "capitals", "spacy:PERSON"} <= witnesses


def test_presidio_own_recognizers_run(engine: PresidioEngine) -> None:
    (hits,) = engine(["My social is 536-22-8145."])
    assert any(hit.witness == "presidio:us_ssn" and hit.label is Label.ID for hit in hits)


def test_an_email_needs_no_network(engine: PresidioEngine) -> None:
    text = "Write to r.lund@oakvale.example.org today."
    (hits,) = engine([text])
    assert any(
        hit.label is Label.CONTACT and _at(text, hit.span) == "r.lund@oakvale.example.org" for hit in hits
    )


def test_each_text_gets_its_own_hits(engine: PresidioEngine) -> None:
    first, second, empty = engine(["I live in Duluth.", "Nothing here.", ""])
    assert any(hit.label is Label.LOCATION for hit in first)
    assert second == []
    assert empty == []


def test_a_long_text_is_cut_between_paragraphs_and_positions_hold(
    engine: PresidioEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presidio, "LIMIT", 200)
    filler = "So we went on with it.\n\n" * 50
    text = filler + "She lives in Duluth."
    (hits,) = engine([text])
    assert any(_at(text, hit.span) == "Duluth" for hit in hits)


def test_the_name_states_engine_and_model(engine: PresidioEngine) -> None:
    assert engine.name.startswith("presidio-analyzer 2.")
    assert engine.name.endswith("en_core_web_md-3.8.0")


def test_a_folder_without_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded as a spaCy model") as caught:
        PresidioEngine(tmp_path / "none")(["text"])
    assert caught.value.hint == "svp-nlp models verify"


def test_reading_loads_no_torch_and_leaves_it_importable() -> None:
    code = (
        "import sys\n"
        "from svp_nlp.engines.models import model_path\n"
        "from svp_nlp.engines.presidio import PresidioEngine\n"
        "PresidioEngine(model_path('en_core_web_md'))(['I live in Duluth.'])\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
        "import importlib.util\n"
        "assert importlib.util.find_spec('torch') is not None\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _at(text: str, span: Span) -> str:
    return text[span.start : span.end]
