"""BERT sentence encoders as ONNX graphs, built from the weights a model folder holds.

The graph is built in memory whenever the model is loaded, so there is no second file that could be stale or
not what it should be: the weights on disk are the pinned ones or nothing is loaded. It takes token ids of
texts of one length and returns unit vectors; pooling and normalisation are part of it. Architecture: Devlin
et al. 2019, post-norm encoder with exact GELU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from svp_nlp.engines.embedding import INNER

if TYPE_CHECKING:
    from onnx import ModelProto

Tensor = npt.NDArray[np.float32]

_OPSET, _IR = 20, 10
# Weights of seven bits: on processors without VNNI two products of eight-bit numbers overflow a 16-bit sum,
# and vectors would depend on the machine.
_LARGEST = 64
# What one unit of a number's first digit is in units of its second.
_BASE = 128
# Bytes have no sign: 128 stands for zero.
_NONE = np.array(128, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a BERT model's ``config.json`` shapes the graph; ``pooling`` is "mean" or "cls"."""

    hidden: int
    heads: int
    layers: int
    epsilon: float
    pooling: str

    @property
    def inner(self) -> int:
        """Count of the layers up to the inner one."""
        return round(INNER * self.layers)


def bert_graph(shape: Shape, weights: Mapping[str, Tensor], *, int8: bool = False) -> bytes:
    """Return the ONNX model as bytes: ids (texts, tokens) int64 -> vectors (texts, 2 x hidden) float32.

    The first half of a row is the unit vector of the last layer, the second that of the inner one (the mean
    over its tokens).

    With *int8* the linear layers multiply eight-bit integers: weights scaled per output channel, activations
    per token (Yao et al. 2022), so that no vector depends on the texts in the same call, and every number
    written in two digits (Ootomo, Ozaki and Yokota 2024), since one digit changes which theme is ranked
    first. Raises KeyError for a tensor that *weights* lacks.
    """
    drawing = _Drawing(shape, weights, int8=int8)
    made: bytes = drawing.model().SerializeToString()
    return made


class _Drawing:
    """Collects nodes and constants; each method adds some and returns the name of its output."""

    def __init__(self, shape: Shape, weights: Mapping[str, Tensor], *, int8: bool) -> None:
        self.shape = shape
        self.weights = weights
        self.linear = self._linear_int8 if int8 else self._linear
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self) -> ModelProto:
        """Draw the whole encoder."""
        from onnx import TensorProto, helper

        last, inner = self._encoded(self._embedded())
        halves = self._unit(self._pooled(last)), self._unit(self._mean(inner))
        vectors = self._add("Concat", *halves, axis=-1)
        graph = helper.make_graph(
            self.nodes,
            "sentence_encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info(vectors, TensorProto.FLOAT, ["texts", 2 * self.shape.hidden])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)

    def _embedded(self) -> str:
        """Add word, position and segment embeddings; every token is of the first segment."""
        at = "embeddings."
        words = self._add("Gather", self._constant(self.weights[at + "word_embeddings.weight"]), "ids")
        segment = self.weights[at + "token_type_embeddings.weight"][0]
        places = self._constant(self.weights[at + "position_embeddings.weight"] + segment)
        first = self._constant(np.array([0]))
        length = self._add("Shape", "ids", start=1, end=2)
        here = self._add("Slice", places, first, length, first)
        return self._norm(self._add("Add", words, here), at + "LayerNorm")

    def _encoded(self, x: str) -> tuple[str, str]:
        """Add all layers; return what the last and what the inner one gives."""
        given = [x]
        for i in range(self.shape.layers):
            layer = f"encoder.layer.{i}."
            x = self._attended(x, layer + "attention.")
            wide = self._add("Gelu", self._dense(x, layer + "intermediate.dense"))
            narrow = self._dense(wide, layer + "output.dense")
            x = self._norm(self._add("Add", narrow, x), layer + "output.LayerNorm")
            given.append(x)
        return x, given[self.shape.inner]

    def _attended(self, x: str, at: str) -> str:
        """Attend: query, key and value in one multiplication, which is faster than three."""
        three = self._dense(x, *(f"{at}self.{name}" for name in ("query", "key", "value")))
        parts = self._add_many("Split", 3, three, axis=-1, num_outputs=3)
        heads = self.shape.heads
        mixed = self._add("MultiHeadAttention", *parts, domain="com.microsoft", num_heads=heads)
        out = self._dense(mixed, at + "output.dense")
        return self._norm(self._add("Add", out, x), at + "output.LayerNorm")

    def _pooled(self, x: str) -> str:
        if self.shape.pooling == "cls":
            return self._add("Gather", x, self._constant(np.array(0)), axis=1)
        return self._mean(x)

    def _mean(self, x: str) -> str:
        return self._add("ReduceMean", x, self._constant(np.array([1])), keepdims=0)

    def _unit(self, x: str) -> str:
        return self._add("LpNormalization", x, axis=-1, p=2)

    def _norm(self, x: str, at: str) -> str:
        scale, bias = (self._constant(self.weights[f"{at}.{part}"]) for part in ("weight", "bias"))
        return self._add("LayerNormalization", x, scale, bias, axis=-1, epsilon=self.shape.epsilon)

    def _dense(self, x: str, *layers: str) -> str:
        """Apply one linear layer, or several side by side."""
        weight = np.concatenate([self.weights[f"{layer}.weight"] for layer in layers])
        bias = np.concatenate([self.weights[f"{layer}.bias"] for layer in layers])
        return self._add("Add", self.linear(x, weight.T), self._constant(bias))

    def _linear(self, x: str, weight: Tensor) -> str:
        return self._add("MatMul", x, self._constant(weight))

    def _linear_int8(self, x: str, weight: Tensor) -> str:
        """Multiply each token's row, brought to the range of a byte, by the integers of *weight*.

        Of the four products of digits the one of both second digits is too small to matter. The two of one
        first and one second digit have the same unit, so one multiplication adds them up.
        """
        first, second, scales = quantised(weight)
        largest = self._add("ReduceMax", self._add("Abs", x), self._constant(np.array([-1])), keepdims=1)
        above_zero = self._add("Max", largest, self._constant(np.float32(1e-30)))
        scale = self._add("Mul", above_zero, self._constant(np.float32(1 / 127)))
        high, low = self._digits(self._add("Div", x, scale))
        both = self._add("Concat", high, low, axis=-1)
        rest = self._product(both, np.concatenate([second, first]), scales / np.float32(_BASE))
        return self._add("Mul", self._add("Add", self._product(high, first, scales), rest), scale)

    def _digits(self, x: str) -> tuple[str, str]:
        """Return the whole part of *x* and what is left in units of 1 / _BASE, as bytes around 128."""
        one, none = self._constant(np.float32(1)), self._constant(_NONE)
        high = self._add("QuantizeLinear", x, one, none)
        left = self._add("Sub", x, self._add("DequantizeLinear", high, one, none))
        return high, self._add("QuantizeLinear", left, self._constant(np.float32(1 / _BASE)), none)

    def _product(self, digits: str, weight: npt.NDArray[np.int8], scales: Tensor) -> str:
        one, none = self._constant(np.float32(1)), self._constant(_NONE)
        inputs = (digits, self._constant(weight), one, self._constant(scales), none)
        return self._add("MatMulIntegerToFloat", *inputs, domain="com.microsoft")

    def _constant(self, values: npt.NDArray[Any] | np.float32) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self._add_many(operator, 1, *inputs, **attributes)[0]

    def _add_many(self, operator: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        from onnx import helper

        names = [f"{operator}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names


def quantised(weight: Tensor) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8], Tensor]:
    """Return both digits of *weight*, shape (inputs, outputs), and the scale of each output.

    ``(first + second / 128) * scales`` is the weight, to 1 / 16,384 of the largest of its output.
    """
    scales = np.maximum(np.abs(weight).max(axis=0), np.float32(1e-12)) / np.float32(_LARGEST)
    whole = np.round(weight / scales)
    left = np.round((weight / scales - whole) * _BASE)
    return whole.astype(np.int8), left.astype(np.int8), scales.astype(np.float32)
