from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from svp_nlp.engines.models import model_path
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import ModelError

LONG = "The night shift had nobody to call. " * 80


def test_vectors_have_length_one_in_the_order_given(embedder: SentenceEmbedder) -> None:
    texts = ["The nurse could not sleep.", "", "She lay awake all night.", "The budget was cut."]
    vectors = embedder(texts)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3]


def test_order_and_company_do_not_matter(embedder: SentenceEmbedder) -> None:
    plain = SentenceEmbedder(embedder.path)
    texts = ["a", "The budget was cut.", "A longer sentence than the others by some words.", "a"]
    forwards, backwards = plain(texts), plain(texts[::-1])[::-1]
    assert np.array_equal(forwards[0], forwards[3])
    assert np.allclose(forwards, backwards, atol=1e-6)
    assert np.allclose(forwards[1], plain([texts[1]])[0], atol=1e-6)


def test_no_texts_no_vectors(embedder: SentenceEmbedder) -> None:
    assert len(embedder([])) == 0


def test_a_long_text_is_the_mean_of_its_windows(embedder: SentenceEmbedder) -> None:
    tail = LONG + "Then the budget was cut, the budget was cut, and the coordinator left."
    vectors = embedder([LONG, tail])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert not np.allclose(vectors[0], vectors[1], atol=1e-4)


def test_the_cache_saves_loading_the_model_and_holds_no_text(tmp_path: Path) -> None:
    cache = tmp_path / "cache.sqlite"
    first = SentenceEmbedder(model_path("all-MiniLM-L6-v2"), cache=cache)
    vectors = first(["Only Margo knows.", "The budget was cut."])
    second = SentenceEmbedder(first.path, cache=cache)
    assert np.array_equal(second(["The budget was cut.", "Only Margo knows."]), vectors[::-1])
    assert "model" not in vars(second)
    assert b"Margo" not in cache.read_bytes()


def test_two_caches_share_no_key(tmp_path: Path) -> None:
    keys = []
    for name in ("a.sqlite", "b.sqlite"):
        SentenceEmbedder(model_path("all-MiniLM-L6-v2"), cache=tmp_path / name)(["Yes."])
        db = sqlite3.connect(tmp_path / name)
        keys += [key for (key,) in db.execute("SELECT key FROM vectors")]
        db.close()
    assert len(set(keys)) == 2


def test_progress_counts_to_the_end(embedder: SentenceEmbedder) -> None:
    seen: list[tuple[str, int, int]] = []
    SentenceEmbedder(embedder.path, progress=lambda *step: seen.append(step))(
        [f"text {i}" for i in range(20)]
    )
    assert seen == [("embedding texts", 16, 20), ("embedding texts", 20, 20)]


def test_the_name_pins_the_weights(embedder: SentenceEmbedder) -> None:
    assert embedder.name == f"{embedder.path.name}@53aa5117"


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        SentenceEmbedder(tmp_path)(["x"])
    assert str(caught.value) == (
        f'"{tmp_path.name}" holds no sentence-transformers model (no model.safetensors)\n\n'
        "hint: run: svp-nlp models fetch"
    )


def test_a_damaged_cache(tmp_path: Path, embedder: SentenceEmbedder) -> None:
    cache = tmp_path / "cache.sqlite"
    cache.write_bytes(b"not a database, whatever its name" * 40)
    with pytest.raises(ModelError) as caught:
        SentenceEmbedder(embedder.path, cache=cache)(["x"])
    assert caught.value.message == "the embedding cache cache.sqlite cannot be used: file is not a database"


def test_importing_the_engine_loads_no_engine() -> None:
    code = (
        "import sys, svp_nlp.engines.sentence_transformers, svp_nlp.coding.suggest;"
        "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
