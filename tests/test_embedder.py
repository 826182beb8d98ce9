from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from svp_nlp.engines.models import model_path
from svp_nlp.engines.onnx_embedding import OnnxEmbedder
from svp_nlp.engines.sentence_transformers import SentenceEmbedder, both_layers
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


def test_the_inner_layer_is_the_mean_over_the_tokens_of_layer_four(embedder: SentenceEmbedder) -> None:
    from torch import no_grad
    from transformers import AutoModel, AutoTokenizer

    texts = ["The budget was cut.", "She lay awake all night, every night, and told nobody.", ""]
    last, inner = embedder.layers(texts)
    assert np.array_equal(last, embedder(texts))
    model = AutoModel.from_pretrained(embedder.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(embedder.path)
    for text, vector in zip(texts, inner, strict=True):
        with no_grad():
            given = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
        expected = given[4][0].mean(dim=0).numpy()
        assert np.allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_every_backend_gives_the_same_inner_layer(embedder: SentenceEmbedder) -> None:
    texts = ["The budget was cut.", LONG, ""]
    exact = embedder.layers(texts)[1]
    assert np.allclose(OnnxEmbedder(embedder.path).layers(texts)[1], exact, atol=2e-6)
    near = OnnxEmbedder(embedder.path, int8=True).layers(texts)[1]
    assert (near * exact).sum(axis=1).min() > 0.97


def test_no_texts_have_no_layers(embedder: SentenceEmbedder) -> None:
    assert [len(layer) for layer in embedder.layers([])] == [0, 0]


def testboth_layers_come_from_the_cache(tmp_path: Path, embedder: SentenceEmbedder) -> None:
    first = SentenceEmbedder(embedder.path, cache=tmp_path / "cache.sqlite")
    vectors = first(["Only Margo knows."])
    second = SentenceEmbedder(embedder.path, cache=tmp_path / "cache.sqlite")
    last, inner = second.layers(["Only Margo knows."])
    assert "model" not in vars(second)
    assert np.array_equal(last, vectors)
    assert np.array_equal(inner, first.layers(["Only Margo knows."])[1])
    assert not np.allclose(inner, last, atol=0.01)


@pytest.mark.parametrize("inner", [None, 3])
def test_a_model_without_a_fitting_inner_layer_gives_its_last_twice(inner: int | None) -> None:
    from torch import ones, tensor

    given = {"sentence_embedding": tensor([[3.0, 4.0]]), "attention_mask": ones(1, 5)}
    if inner is not None:
        given["all_layer_embeddings"] = (ones(1, 5, inner),) * 7
    made = both_layers(None, None, given)["sentence_embedding"]
    assert np.allclose(made.numpy(), [[0.6, 0.8, 0.6, 0.8]])


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
