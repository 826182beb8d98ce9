"""Write a trained classifier as an int8 ONNX file and check that it still says the same.

    python export.py MODEL.pt --out DIR [--plain units.csv ...]

The graph is our own: word pieces of one window in, probabilities of the tags out, shape (pieces, tags).
Weights are quantised per channel, activations as they come (so a window's answer depends on that window alone:
one window is one run). Prints the SHA-256 of each file and the agreement with fp32 on held-out samples. Needs
``onnx`` besides what training needs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from fill import Samples
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from pieces import TAGS, cut, encoded, tokenizer
from torch import nn
from train import Classifier, fresh

from svp_nlp.engines.models import model_path


class Graph(nn.Module):
    """MiniLM and its head for one unpadded window, in operations that quantise well."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.embeddings = model.encoder.embeddings
        self.layers = model.encoder.encoder.layer
        self.head = model.head
        self.heads = model.encoder.config.num_attention_heads

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the probability of each tag for each piece of *ids* (a vector)."""
        parts = self.embeddings
        places = torch.arange(ids.shape[0])
        hidden = (
            parts.word_embeddings(ids)
            + parts.position_embeddings(places)
            + parts.token_type_embeddings.weight[0]
        )
        hidden = parts.LayerNorm(hidden)
        for layer in self.layers:
            hidden = self._layer(layer, hidden)
        return torch.softmax(self.head(hidden), -1)

    def _layer(self, layer: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
        own = layer.attention.self
        query, key, value = (self._split(part(hidden)) for part in (own.query, own.key, own.value))
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), -1)
        seen = (weights @ value).transpose(0, 1).reshape(hidden.shape)
        hidden = layer.attention.output.LayerNorm(layer.attention.output.dense(seen) + hidden)
        inner = nn.functional.gelu(layer.intermediate.dense(hidden))
        return layer.output.LayerNorm(layer.output.dense(inner) + hidden)

    def _split(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.reshape(hidden.shape[0], self.heads, -1).transpose(0, 1)


def write(model: Classifier, out: Path) -> Path:
    """Write ``model.onnx`` (int8) and ``tokenizer.json`` to *out*; return the model."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        full, ready = Path(folder) / "full.onnx", Path(folder) / "ready.onnx"
        torch.onnx.export(
            Graph(model).eval(), (torch.arange(40),), str(full), input_names=["ids"], output_names=["tags"],
            dynamic_axes={"ids": {0: "pieces"}, "tags": {0: "pieces"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
        quant_pre_process(str(full), str(ready), skip_symbolic_shape=True)
        quantize_dynamic(
            ready, out / "model.onnx", per_channel=True, weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"], extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        _labelled(out / "model.onnx")
    shutil.copyfile(model_path("all-MiniLM-L6-v2") / "tokenizer.json", out / "tokenizer.json")
    return out / "model.onnx"


def _labelled(file: Path) -> None:
    """Write the names of the tags into the file, in the order of its output."""
    model = onnx.load(file)
    model.producer_name, model.producer_version = "svp-nlp", ""
    model.metadata_props.add(key="tags", value=json.dumps(TAGS))
    onnx.save(model, file)


@torch.no_grad()
def agreement(model: Classifier, file: Path, plain: Sequence[Path], count: int = 300) -> tuple[float, float]:
    """Return the share of pieces with the same tag, and the mean difference of "is an identifier"."""
    session = onnxruntime.InferenceSession(file)
    graph, same, apart = Graph(model).eval(), [], []
    for ids in _windows(plain, count):
        full = graph(torch.tensor(ids)).numpy()
        small = session.run(None, {"ids": np.array(ids)})[0]
        same.append((full.argmax(-1) == small.argmax(-1)).mean())
        apart.append(np.abs(full[:, 0] - small[:, 0]).mean())
    return float(np.mean(same)), float(np.mean(apart))


def _windows(plain: Sequence[Path], count: int) -> Iterator[list[int]]:
    samples, tokens, rng = Samples("held", 1, plain), tokenizer(), random.Random(1)
    for _ in range(count):
        yield cut(encoded(samples.sample(), tokens), rng)[0]


def main() -> None:
    """Read the command line, export and check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plain", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    model = fresh()
    model.load_state_dict(torch.load(options.model, weights_only=True))
    model.eval()
    file = write(model, options.out)
    for made in sorted(options.out.iterdir()):
        print(made.name, made.stat().st_size, hashlib.sha256(made.read_bytes()).hexdigest())
    print("same tag: {:.4f}; mean difference: {:.4f}".format(*agreement(model, file, options.plain)))


if __name__ == "__main__":
    main()
