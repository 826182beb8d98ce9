"""What every embedding backend shares: windows over long texts, and a cache on disk."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np

from svp_nlp.engines.protocols import Vectors
from svp_nlp.errors import ModelError
from svp_nlp.progress import Progress, silent
from svp_nlp.settings import EmbeddingBackend

INNER = 2 / 3
"""How far up the model the inner layer lies: layer 4 of 6, 8 of 12.

The last layer was trained for what a text is about and has let go of how it is said. On two public sets of
coded texts and the development interviews both together rank themes best, flat from half to two thirds.
"""

# Rows asked for in one statement; SQLite allows 999 parameters in old builds.
_ROWS = 500


def open_embedder(
    path: Path,
    backend: EmbeddingBackend = "sentence-transformers",
    *,
    cache: Path | None = None,
    progress: Progress = silent,
) -> CachedEmbedder:
    """Return an embedder for the model in *path* that runs on *backend*; loads nothing yet.

    Raises ModelError for an unknown backend.
    """
    if backend == "sentence-transformers":
        from svp_nlp.engines.sentence_transformers import SentenceEmbedder

        return SentenceEmbedder(path, cache=cache, progress=progress)
    if backend not in get_args(EmbeddingBackend):
        known = ", ".join(get_args(EmbeddingBackend))
        raise ModelError(f'unknown embedding backend "{backend}"; backends: {known}')
    from svp_nlp.engines.onnx_embedding import OnnxEmbedder

    return OnnxEmbedder(path, int8=backend == "onnx-int8", cache=cache, progress=progress)


class CachedEmbedder(ABC):
    """Embeds texts with the model in *path*; nothing is loaded before the first text that is not cached.

    *cache* is an SQLite file that is made when missing. Its keys are keyed hashes with a secret drawn for
    that file, since a plain hash of a short answer can be guessed; no text is stored. The secret lies in the
    same file: it keeps vectors of two studies from being matched, not a holder of the file from guessing.
    The embedder's ``name`` is part of the key, so vectors of two backends never mix.
    *progress* counts the windows of text embedded.
    """

    def __init__(self, path: Path, *, cache: Path | None = None, progress: Progress = silent) -> None:
        self.path = Path(path)
        self.cache = cache
        self.progress = progress

    @cached_property
    def name(self) -> str:
        """The folder's name and the start of the SHA-256 of the weights."""
        for weights in ("model.safetensors", "pytorch_model.bin"):
            if (self.path / weights).is_file():
                with (self.path / weights).open("rb") as file:
                    return f"{self.path.name}@{hashlib.file_digest(file, 'sha256').hexdigest()[:8]}"
        raise ModelError(
            f'"{self.path.name}" holds no sentence-transformers model (no model.safetensors)',
            hint="run: svp-nlp models fetch",
        )

    @abstractmethod
    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Return two unit vectors a text side by side, of the last and of the inner layer.

        Shape (len(texts), 2 x dimensions). Each text fits the model's window.
        """

    @abstractmethod
    def _room(self) -> int:
        """Return how many tokens fit the model's window beside its own two."""

    @abstractmethod
    def _offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """Return where each token of *text* starts and ends, nothing cut off."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of *texts*, shape (len(texts), dimensions), float32, rows of length 1.

        Equal texts get equal vectors. Texts longer than the model's window are the mean over windows.
        """
        return self.layers(texts)[0]

    def layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return the vectors of a call, and as many unit vectors of an inner layer, in one pass.

        The inner layer lies two thirds up the model; its vector is the mean over the tokens. A model that is
        no stack of layers, or whose inner vectors are of another length, gives its last vectors twice.
        """
        unique = list(dict.fromkeys(texts))
        if self.cache is None:
            known: dict[str, Vectors] = {}
        else:
            known = self._cached(unique)
        missing = [t for t in unique if t not in known]
        if missing:
            fresh = dict(zip(missing, self._embed(missing), strict=True))
            if self.cache is not None:
                self._store(fresh)
            known |= fresh
        if not texts:
            return np.zeros((0, 0), dtype=np.float32), np.zeros((0, 0), dtype=np.float32)
        both = np.stack([known[t] for t in texts]).astype(np.float32, copy=False)
        last, inner = np.split(both, 2, axis=1)
        return np.ascontiguousarray(last), np.ascontiguousarray(inner)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """Embed each text as the mean of its windows, weighted by their lengths."""
        windows = [self._windows(t) for t in texts]
        flat = [(i, w) for i, row in enumerate(windows) for w in row]
        vectors = self._encode([w for _, w in flat]).reshape(len(flat), 2, -1)
        total = np.zeros((len(texts), *vectors.shape[1:]), dtype=np.float32)
        for (i, window), vector in zip(flat, vectors, strict=True):
            total[i] += vector * max(1, len(window))
        means = total / np.linalg.norm(total, axis=2, keepdims=True)
        return np.asarray(means.reshape(len(texts), -1), dtype=np.float32)

    def _windows(self, text: str) -> list[str]:
        """Cut *text* into equal windows that fit the model, at token borders."""
        room = self._room()
        if len(text) <= room:  # a token has at least one character
            return [text]
        offsets = self._offsets(text)
        count = -(-len(offsets) // room)
        if count <= 1:
            return [text]
        size = -(-len(offsets) // count)
        firsts = [0, *(offsets[i][0] for i in range(size, len(offsets), size)), len(text)]
        return [text[a:b] for a, b in pairwise(firsts)]

    def _cached(self, texts: Sequence[str]) -> dict[str, Vectors]:
        with closing(self._open()) as db:
            keys = dict(zip(self._keys(db, texts), texts, strict=True))
            wanted = list(keys)
            found: dict[str, Vectors] = {}
            for start in range(0, len(wanted), _ROWS):
                some = wanted[start : start + _ROWS]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 (only marks)
                found |= {keys[k]: np.frombuffer(v, dtype="<f4") for k, v in db.execute(query, some)}
            return found

    def _store(self, fresh: dict[str, Vectors]) -> None:
        with closing(self._open()) as db:
            keys = self._keys(db, list(fresh))
            blobs = [v.astype("<f4").tobytes() for v in fresh.values()]
            try:
                with db:
                    db.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)", zip(keys, blobs, strict=True)
                    )
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def _open(self) -> sqlite3.Connection:
        assert self.cache is not None  # noqa: S101 (callers ask first)
        try:
            db = sqlite3.connect(self.cache, timeout=60)
            with db:
                db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
                db.execute("CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY, value BLOB NOT NULL)")
                db.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", [secrets.token_bytes(32)])
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return db

    def _unusable(self, error: sqlite3.Error) -> ModelError:
        """Return the error to raise; SQLite's own words ("database or disk is full") hold no text of ours."""
        name = "" if self.cache is None else self.cache.name
        return ModelError(
            f"the embedding cache {name} cannot be used: {error}",
            hint="see that the disk has room and the folder may be written; "
            "a damaged cache may be deleted, it is filled again by itself",
        )

    def _keys(self, db: sqlite3.Connection, texts: Sequence[str]) -> list[bytes]:
        """Return the keyed hashes under which the vectors of *texts* are stored."""
        (secret,) = db.execute("SELECT value FROM secret WHERE one = 1").fetchone()
        prefix = self.name.encode() + b"\0layers\0"
        return [hmac.digest(secret, prefix + t.encode("utf-8", "surrogatepass"), "sha256") for t in texts]
