"""Sentence embeddings by onnxruntime: ready in under a second, without torch.

Reads BERT models with mean or first-token pooling, which most sentence-transformers models are; others are
refused by name. Tokens come from the model's own ``tokenizer.json``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from svp_nlp.engines.embedding import CachedEmbedder
from svp_nlp.engines.models import require_pinned
from svp_nlp.engines.onnx_graph import Shape, Tensor, bert_graph
from svp_nlp.engines.protocols import Vectors
from svp_nlp.errors import ModelError
from svp_nlp.progress import Progress, silent

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

# Short texts of one length go through together, up to about this many tokens: a text of eight tokens costs a
# third of what it costs alone, more gain nothing. Equal lengths need no padding.
_TOKENS = 256
_OWN_TOKENS = 2
_READ = (
    "model.safetensors",
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
)


class OnnxEmbedder(CachedEmbedder):
    """Embeds texts with the BERT model in *path* by onnxruntime.

    In full precision vectors are those of `SentenceEmbedder` up to rounding (1e-6), with *int8* near them
    (cosine above .9999); docs/coding.md says what that does to suggestions.
    """

    def __init__(
        self,
        path: Path,
        *,
        int8: bool = False,
        cache: Path | None = None,
        progress: Progress = silent,
    ) -> None:
        super().__init__(path, cache=cache, progress=progress)
        self.int8 = int8

    @cached_property
    def name(self) -> str:
        """The folder's name, the start of the SHA-256 of the weights, and the backend.

        "x2" is the number of digits: a cache may hold vectors made with one, which are others.
        """
        return f"{super().name}+{'onnx-int8x2' if self.int8 else 'onnx'}"

    @cached_property
    def session(self) -> InferenceSession:
        """The loaded model; raises ModelError when the folder holds none that can be read."""
        name, shape = self.name, self._shape()
        require_pinned(self.path, _READ)
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # on Windows it would tell the system what runs
        try:
            graph = bert_graph(shape, _weights(self.path / "model.safetensors"), int8=self.int8)
            return onnxruntime.InferenceSession(graph, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's and safetensors' errors share no class
            raise ModelError(
                f"{name} cannot be loaded ({type(error).__name__})", hint="run: svp-nlp models verify"
            ) from error

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer, set to neither pad nor cut."""
        from tokenizers import Tokenizer

        try:
            made = Tokenizer.from_file(str(self.path / "tokenizer.json"))
        except Exception as error:  # the library raises no class of its own
            raise ModelError(
                f"{self.name}: tokenizer.json cannot be read", hint="run: svp-nlp models verify"
            ) from error
        made.no_padding()
        made.no_truncation()
        return made

    @cached_property
    def window(self) -> int:
        """How many tokens the model reads at once."""
        most = int(self._json("config.json")["max_position_embeddings"])
        return min(most, int(self._json("sentence_bert_config.json").get("max_seq_length") or most))

    def _encode(self, texts: Sequence[str]) -> Vectors:
        session = self.session  # first: a model that is not here is said before its tokenizer is missed
        ids = [self._ids(text) for text in texts]
        rows: list[Any] = [None] * len(texts)
        done = 0
        for batch in self._batches(texts, ids):
            vectors = session.run(None, {"ids": np.array([ids[i] for i in batch], dtype=np.int64)})[0]
            for i, vector in zip(batch, vectors, strict=True):
                rows[i] = vector
            done += len(batch)
            self.progress("embedding texts", done, len(texts))
        return np.stack(rows).astype(np.float32, copy=False)

    def _ids(self, text: str) -> list[int]:
        """Return the token ids of *text*; a window cut inside a word can be a token too long."""
        ids: list[int] = self.tokenizer.encode(text).ids
        return ids if len(ids) <= self.window else [*ids[: self.window - 1], ids[-1]]

    def _batches(self, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield places of texts of one length, in an order that does not depend on the order given."""
        order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), texts[i]))
        for length, alike in groupby(order, key=lambda i: len(ids[i])):
            found, most = list(alike), max(1, _TOKENS // length)
            yield from (found[start : start + most] for start in range(0, len(found), most))

    def _room(self) -> int:
        return self.window - _OWN_TOKENS

    def _offsets(self, text: str) -> Sequence[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self.tokenizer.encode(text, add_special_tokens=False).offsets
        return offsets

    def _shape(self) -> Shape:
        """Return the model's shape; raises ModelError for one whose vectors the graph would not give."""
        config = self._json("config.json")
        kind = config.get("model_type")
        if kind != "bert":
            raise self._unreadable(f"is a {kind} model, BERT was expected")
        for key, expected in (("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
            if config.get(key, expected) != expected:
                raise self._unreadable(f"has {key} {config[key]}, {expected} was expected")
        if self._json("sentence_bert_config.json").get("do_lower_case"):
            raise self._unreadable("lowers text before its tokenizer")
        return Shape(
            hidden=int(config["hidden_size"]),
            heads=int(config["num_attention_heads"]),
            layers=int(config["num_hidden_layers"]),
            epsilon=float(config["layer_norm_eps"]),
            pooling=self._pooling(),
        )

    def _pooling(self) -> str:
        modules = self._json("modules.json")
        steps = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        if steps not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            raise self._unreadable(f"consists of {', '.join(steps)}")
        chosen = _pooling_of(self._json(f"{modules[1]['path']}/config.json"))
        if chosen not in ("mean", "cls"):
            raise self._unreadable(f'pools by "{chosen}", "mean" or "cls" was expected')
        return chosen

    def _json(self, file: str) -> Any:
        try:
            return json.loads((self.path / file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{self.path.name}: {file} cannot be read", hint="run: svp-nlp models verify"
            ) from error

    def _unreadable(self, why: str) -> ModelError:
        return ModelError(
            f"{self.path.name} {why}; the onnx backend cannot run it",
            hint='set embedding_backend = "sentence-transformers", which reads every model',
        )


def _pooling_of(config: Mapping[str, Any]) -> str:
    """Return how tokens become one vector, from the older or the newer form of the pooling's settings."""
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        return mode if isinstance(mode, str) else "+".join(mode)
    names = {"cls_token": "cls", "mean_tokens": "mean"}
    on = [k.removeprefix("pooling_mode_") for k, v in config.items() if k.startswith("pooling_mode_") and v]
    return "+".join(names.get(name, name) for name in on)


def _weights(file: Path) -> dict[str, Tensor]:
    from safetensors.numpy import load_file

    return {
        name.removeprefix("bert."): values.astype(np.float32, copy=False)
        for name, values in load_file(file).items()
    }


def _options() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads()
    options.log_severity_level = 3
    # Idle threads would spin at full load between texts.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _threads() -> int:
    """Return how many threads to use: as OMP_NUM_THREADS says, as for torch; 0 is the runtime's choice."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() else 0
