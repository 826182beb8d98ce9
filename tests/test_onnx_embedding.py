"""The onnx backend: the same vectors, the same suggestions, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from svp_nlp.coding.codebook import founding_codebook, load_codebook
from svp_nlp.engines.embedding import open_embedder
from svp_nlp.engines.onnx_embedding import OnnxEmbedder
from svp_nlp.engines.onnx_graph import Shape, bert_graph, quantised
from svp_nlp.engines.protocols import LayeredEmbedder, Vectors
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import ModelError, SettingsError
from svp_nlp.evaluation.commands import clean, suggest_turns
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.suggestions import compare_suggestions, gold_turns
from svp_nlp.settings import load_settings

TEXTS = [
    "The nurse could not sleep.",
    "",
    "She lay awake all night.",
    "The budget was cut – again; “nobody” asked us 😀.",
    "ÉLAN, naïveté, 3.5 %",
    "Yes. " * 90,
    "The night shift had nobody to call. " * 80,
]


@pytest.fixture(scope="module")
def fast(embedder: SentenceEmbedder) -> OnnxEmbedder:
    return OnnxEmbedder(embedder.path)


@pytest.fixture(scope="module")
def faster(embedder: SentenceEmbedder) -> OnnxEmbedder:
    return OnnxEmbedder(embedder.path, int8=True)


def test_the_vectors_are_those_of_the_default(fast: OnnxEmbedder, embedder: SentenceEmbedder) -> None:
    vectors = fast(TEXTS)
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, SentenceEmbedder(embedder.path)(TEXTS), atol=2e-6)
    assert fast([]).shape == (0, 0)


def test_eight_bits_are_near(faster: OnnxEmbedder, embedder: SentenceEmbedder) -> None:
    vectors, exact = faster(TEXTS), embedder(TEXTS)
    cosines = (vectors * exact).sum(axis=1)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert cosines.min() > 0.9999
    assert np.abs(vectors - exact).max(axis=1).min() > 5e-6  # else nothing was quantised


@pytest.mark.parametrize("int8", [False, True])
def test_order_and_company_do_not_matter(fast: OnnxEmbedder, faster: OnnxEmbedder, int8: bool) -> None:
    model = faster if int8 else fast
    texts = [*TEXTS, "The budget was kept.", "The budget was cut again."]
    forwards, backwards = model(texts), model(texts[::-1])[::-1]
    assert np.allclose(forwards, backwards, atol=1e-6)
    for text, vector in zip(texts, forwards, strict=True):
        assert np.allclose(model([text])[0], vector, atol=1e-6)


class Known:
    """An embedder that embeds each text once."""

    def __init__(self, embedder: LayeredEmbedder) -> None:
        self.embedder, self.name = embedder, embedder.name
        self.known: dict[str, tuple[Vectors, Vectors]] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        return self.layers(texts)[0]

    def layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        fresh = [t for t in dict.fromkeys(texts) if t not in self.known]
        self.known |= dict(zip(fresh, zip(*self.embedder.layers(fresh), strict=True), strict=True))
        if not texts:
            return self.embedder.layers([])
        last, inner = zip(*(self.known[t] for t in texts), strict=True)
        return np.stack(last), np.stack(inner)


Compare = Callable[[LayeredEmbedder], Iterator[dict[str, float]]]


@pytest.fixture(scope="module")
def compare(shared: Path, embedder: SentenceEmbedder) -> Compare:
    """Say, for each of two codebooks, how far suggestions for two interviews are from the default's."""
    gold = load_gold(shared / "devset")[:2]
    units, transcripts = gold_turns(gold), clean(gold)
    books = (founding_codebook(), load_codebook(shared / "devset" / "codebook.yaml"))
    default = Known(embedder)
    expected = [suggest_turns(book, transcripts, default) for book in books]

    def differences(other: LayeredEmbedder) -> Iterator[dict[str, float]]:
        known = Known(other)
        for book, ours in zip(books, expected, strict=True):
            domains = {theme.id: theme.domain for theme in book.themes}
            figures = compare_suggestions(units, ours, suggest_turns(book, transcripts, known), domains)
            yield {figure.name: figure.value for figure in figures}

    return differences


SAME = (
    "same first theme",
    "same three first, in any order",
    "same three first, in order",
    "same none",
)


def test_suggestions_are_the_same(compare: Compare, fast: OnnxEmbedder) -> None:
    for found in compare(fast):
        assert [found.pop(name) for name in SAME] == [1, 1, 1, 1]
        assert len(found) > 10
        assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-4)


def test_suggestions_in_eight_bits_are_alike(compare: Compare, faster: OnnxEmbedder) -> None:
    """What docs/coding.md says of them, with room for how few turns are looked at here."""
    for found in compare(faster):
        assert found["same first theme"] >= 0.98
        assert found["same three first, in any order"] >= 0.95
        assert found["same none"] >= 0.98
        assert abs(found["first is a gold theme"]) <= 0.02


def test_backends_do_not_share_vectors_in_the_cache(tmp_path: Path, embedder: SentenceEmbedder) -> None:
    cache = tmp_path / "cache.sqlite"
    first = open_embedder(embedder.path, cache=cache)(["Only Margo knows."])
    names, vectors = set(), [first]
    for backend in ("onnx", "onnx-int8"):
        model = open_embedder(embedder.path, backend, cache=cache)  # type: ignore[arg-type]
        vectors.append(model(["Only Margo knows."]))
        names.add(model.name)
        again = open_embedder(embedder.path, backend, cache=cache)  # type: ignore[arg-type]
        assert np.array_equal(again(["Only Margo knows."]), vectors[-1])
        assert "session" not in vars(again)
    stem = f"{embedder.path.name}@53aa5117"
    assert names == {f"{stem}+onnx", f"{stem}+onnx-int8x2"}
    assert not np.array_equal(vectors[0], vectors[2])
    assert b"Margo" not in cache.read_bytes()


def test_neither_torch_nor_the_network_is_needed(embedder: SentenceEmbedder) -> None:
    code = (
        "import sys, pathlib; from svp_nlp.engines.embedding import open_embedder;"
        "import socket; socket.socket.connect = None;"
        "open_embedder(pathlib.Path(sys.argv[1]), 'onnx')(['x']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, embedder.path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_progress_counts_to_the_end(fast: OnnxEmbedder) -> None:
    seen: list[tuple[str, int, int]] = []
    model = OnnxEmbedder(fast.path, progress=lambda *step: seen.append(step))
    model.session = fast.session
    model([f"text {i}" for i in range(20)] + ["A longer text than these."])
    assert seen[-1] == ("embedding texts", 21, 21)


@pytest.fixture
def copy(tmp_path: Path, embedder: SentenceEmbedder) -> Path:
    """A model folder of one's own, to change; the weights are a link."""
    folder = tmp_path / "own"
    folder.mkdir()
    for file in ("config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json"):
        shutil.copy(embedder.path / file, folder)
    shutil.copytree(embedder.path / "1_Pooling", folder / "1_Pooling")
    (folder / "model.safetensors").symlink_to(embedder.path / "model.safetensors")
    return folder


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


HINT = 'set embedding_backend = "sentence-transformers", which reads every model'


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("config.json", {"model_type": "mpnet"}, "own is a mpnet model, BERT was expected"),
        ("config.json", {"hidden_act": "relu"}, "own has hidden_act relu, gelu was expected"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "own lowers text before its tokenizer"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_max_tokens": True},
            'own pools by "mean+max_tokens", "mean" or "cls" was expected',
        ),
        (
            "1_Pooling/config.json",
            {"pooling_mode": "max"},
            'own pools by "max", "mean" or "cls" was expected',
        ),
    ],
)
def test_a_model_of_another_kind_is_refused(
    copy: Path, file: str, values: dict[str, Any], message: str
) -> None:
    change(copy / file, **values)
    with pytest.raises(ModelError) as caught:
        OnnxEmbedder(copy)(["x"])
    assert caught.value.message == f"{message}; the onnx backend cannot run it"
    assert caught.value.hint == HINT


def test_more_steps_than_pooling_are_refused(copy: Path) -> None:
    modules = json.loads((copy / "modules.json").read_text())
    dense = {"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"}
    (copy / "modules.json").write_text(json.dumps([*modules, dense]))
    with pytest.raises(ModelError) as caught:
        OnnxEmbedder(copy)(["x"])
    assert caught.value.message == (
        "own consists of Transformer, Pooling, Normalize, Dense; the onnx backend cannot run it"
    )


def test_pooling_by_the_first_token(copy: Path) -> None:
    change(copy / "1_Pooling" / "config.json", pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    texts = ["The budget was cut.", "She lay awake all night, every night."]
    assert np.allclose(OnnxEmbedder(copy)(texts), SentenceEmbedder(copy)(texts), atol=2e-6)


def test_damaged_weights_are_one_sentence(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(ModelError) as caught:
        OnnxEmbedder(copy)(["x"])
    assert str(caught.value).startswith("own@")
    assert str(caught.value).endswith(
        "cannot be loaded (SafetensorError)\n\nhint: run: svp-nlp models verify"
    )


def test_a_damaged_tokenizer_is_one_sentence(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match=r"tokenizer\.json cannot be read"):
        OnnxEmbedder(copy)(["x"])


def test_a_pinned_model_is_hashed_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: SentenceEmbedder
) -> None:
    folder = tmp_path / embedder.path.name
    shutil.copytree(embedder.path, folder)
    change(folder / "config.json", layer_norm_eps=1e-3)
    monkeypatch.setenv("SVP_NLP_MODELS", str(tmp_path))
    with pytest.raises(
        ModelError, match=r"^all-MiniLM-L6-v2: config.json has SHA-256 .*, expected "
    ) as caught:
        OnnxEmbedder(folder)(["x"])
    assert caught.value.hint == "run `svp-nlp models fetch`"


def test_an_unknown_backend(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        open_embedder(tmp_path, "tensorrt")  # type: ignore[arg-type]
    assert caught.value.message == (
        'unknown embedding backend "tensorrt"; backends: sentence-transformers, onnx, onnx-int8'
    )
    (tmp_path / "svp.toml").write_text('[coding]\nembedding_backend = "tensorrt"\n')
    with pytest.raises(SettingsError, match=r"svp\.toml: coding\.embedding_backend: input should be"):
        load_settings(tmp_path / "svp.toml")


def test_digits_and_scales_give_the_weights_back() -> None:
    weight = np.array([[1.0, -0.5, 0.0], [-0.3, 0.125, 0.0]], dtype=np.float32)
    first, second, scales = quantised(weight)
    assert first.tolist() == [[64, -64, 0], [-19, 16, 0]]
    assert second.tolist() == [[0, 0, 0], [-26, 0, 0]]  # 0.3 * 64 is 19.2, and 0.2 is 26 parts of 128
    assert np.abs((first + second / 128) * scales - weight).max() <= 1 / 16384


def encoder(rng: np.random.Generator) -> dict[str, Vectors]:
    """Random weights of a BERT model of one layer, eight numbers a token."""

    def drawn(*shape: int) -> Vectors:
        return rng.normal(size=shape).astype(np.float32)

    layer = "encoder.layer.0."
    shapes = {f"{layer}attention.self.{name}": (8, 8) for name in ("query", "key", "value")}
    shapes |= {f"{layer}attention.output.dense": (8, 8)}
    shapes |= {f"{layer}intermediate.dense": (16, 8), f"{layer}output.dense": (8, 16)}
    made = {f"{name}.weight": drawn(*shape) for name, shape in shapes.items()}
    made |= {f"{name}.bias": drawn(shape[0]) for name, shape in shapes.items()}
    for name in ("embeddings.", f"{layer}attention.output.", f"{layer}output."):
        made |= {f"{name}LayerNorm.weight": drawn(8), f"{name}LayerNorm.bias": drawn(8)}
    rows = {"word": 20, "position": 6, "token_type": 2}
    return made | {f"embeddings.{name}_embeddings.weight": drawn(n, 8) for name, n in rows.items()}


def vectors_of(weights: dict[str, Vectors], *, int8: bool) -> Vectors:
    import onnxruntime

    shape = Shape(hidden=8, heads=2, layers=1, epsilon=1e-12, pooling="mean")
    session = onnxruntime.InferenceSession(bert_graph(shape, weights, int8=int8))
    ids = np.arange(18, dtype=np.int64).reshape(3, 6)
    return np.asarray(session.run(None, {"ids": ids})[0])


def test_two_digits_stand_a_number_that_is_much_larger() -> None:
    weights = encoder(np.random.default_rng(0))
    weights["embeddings.LayerNorm.weight"][3] *= 100  # with one digit all others would be lost
    exact, near = vectors_of(weights, int8=False), vectors_of(weights, int8=True)
    assert np.abs(near - exact).max() < 2e-3
    assert np.abs(near - exact).max() > 1e-7


def test_a_token_of_zeros_gives_zeros() -> None:
    """Else it would be divided by its largest number, which is none."""
    weights = encoder(np.random.default_rng(1))
    for part in ("weight", "bias"):
        weights[f"encoder.layer.0.attention.self.value.{part}"][:] = 0
    assert np.allclose(vectors_of(weights, int8=True), vectors_of(weights, int8=False), atol=2e-3)
