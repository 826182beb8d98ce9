"""Sentence embeddings from a local model, run by sentence-transformers: the default backend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from svp_nlp.engines.embedding import INNER, CachedEmbedder
from svp_nlp.engines.protocols import Vectors
from svp_nlp.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 16


class SentenceEmbedder(CachedEmbedder):
    """Embeds texts with the sentence-transformers model in *path*, on the processor."""

    @cached_property
    def model(self) -> SentenceTransformer:
        """The loaded model; raises ModelError when the folder holds none."""
        name = self.name
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(self.path),
                device="cpu",
                local_files_only=True,
                config_kwargs={"output_hidden_states": True},
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"{name} cannot be loaded ({type(error).__name__})", hint="run: svp-nlp models verify"
            ) from error
        model.register_forward_hook(both_layers)
        return model

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Encode in batches of like length, so that padding costs little and order does not matter."""
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), texts[i]))
        rows: list[Any] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            encoded = self.model.encode(
                [texts[i] for i in batch],
                batch_size=_BATCH,
                show_progress_bar=False,
            )
            for i, vector in zip(batch, encoded, strict=True):
                rows[i] = vector
            self.progress("embedding texts", start + len(batch), len(order))
        return np.stack(rows).astype(np.float32)

    def _room(self) -> int:
        return int(self.model.max_seq_length or 256) - 2

    def _offsets(self, text: str) -> Sequence[tuple[int, int]]:
        offsets: Sequence[tuple[int, int]] = self.model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )["offset_mapping"]
        return offsets


def both_layers(_model: Any, _given: Any, features: dict[str, Any]) -> dict[str, Any]:
    """Put the mean over the tokens of the inner layer beside the vectors, each of length 1."""
    from torch import cat
    from torch.nn.functional import normalize

    last = normalize(features["sentence_embedding"], dim=1)
    inner = last
    layers = features.get("all_layer_embeddings")
    if layers and layers[0].shape[-1] == last.shape[-1]:
        tokens = features["attention_mask"].unsqueeze(-1).to(last.dtype)
        # The first is what goes into the first layer.
        states = layers[round(INNER * (len(layers) - 1))]
        inner = normalize((states * tokens).sum(dim=1), dim=1)
    return {**features, "sentence_embedding": cat([last, inner], dim=1)}
