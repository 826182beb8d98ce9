"""Measure whether an embedding backend ranks as the default does, and what it costs, in one run.

    python benchmarks/backends.py SHARED [--only onnx onnx-int8 bf16] [--seeds 5] [--k 8] [--texts 2000]

SHARED holds devset/ and coding/nhs. Of each backend: the share of turns with the same first theme, the same
three and the same "none" as with sentence-transformers, and the difference of every figure of `svp-nlp
evaluate suggestions`, with intervals from drawing files, under two codebooks; the same shares and the
difference of the first and the first three on patient comments (another study, k confirmed a code, random
halves); passages a CPU second and CPU seconds until the first vector, each in a process of its own.

"bf16" is sentence-transformers with the weights in bfloat16. It is no backend of the product: it is measured
to show what it would give, and only processors with bfloat16 units run it fast.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import suggestions as bench
from speed import _passages

from svp_nlp.coding.codebook import founding_codebook, load_codebook
from svp_nlp.engines.embedding import open_embedder
from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Embedder, LayeredEmbedder, Vectors
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.evaluation.commands import clean, suggest_turns
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.suggestions import compare_suggestions, gold_turns
from svp_nlp.stats import bootstrap

DEFAULT = "sentence-transformers"
BACKENDS = ("onnx", "onnx-int8", "bf16")
MODEL = "all-MiniLM-L6-v2"


class HalfEmbedder(SentenceEmbedder):
    """sentence-transformers with weights in bfloat16; vectors are brought to length 1 in full precision."""

    def _encode(self, texts: Sequence[str]) -> Vectors:
        self.model.bfloat16()
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), texts[i]))
        found = self.model.encode(
            [texts[i] for i in order], batch_size=16, convert_to_tensor=True, show_progress_bar=False
        )
        vectors = np.empty((len(texts), 2, found.shape[1] // 2), dtype=np.float32)
        vectors[order] = found.float().numpy().reshape(vectors.shape)
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        return vectors.reshape(len(texts), -1)


def opened(backend: str) -> LayeredEmbedder:
    path = model_path(MODEL)
    return HalfEmbedder(path) if backend == "bf16" else open_embedder(path, backend)  # type: ignore[arg-type]


def interviews(shared: Path, embedders: dict[str, Embedder]) -> Iterator[str]:
    """Compare on the development interviews, nothing confirmed, under two codebooks."""
    gold = load_gold(shared / "devset")
    units, transcripts = gold_turns(gold), clean(gold)
    books = {"the founding codebook": founding_codebook()}
    books["the set's own codebook"] = load_codebook(shared / "devset" / "codebook.yaml")
    for title, book in books.items():
        domains = {theme.id: theme.domain for theme in book.themes}
        made = {name: suggest_turns(book, transcripts, e) for name, e in embedders.items()}
        others = [name for name in embedders if name != DEFAULT]
        columns = [compare_suggestions(units, made[DEFAULT], made[name], domains) for name in others]
        rows = [["", *others]]
        rows += [[figures[0].name, *map(str, figures)] for figures in zip(*columns, strict=True)]
        yield f"### {len(units)} turns, {title}\n\n{bench._table(rows)}\n"


def learned(
    units: Sequence[bench.Unit], embedder: Embedder, seed: int, k: int
) -> tuple[list[bench.Unit], list[list[str]]]:
    """Return the test texts of one halving and how the product ranks the codes for each."""
    rng = np.random.default_rng(seed)
    train, test = bench._halves(units, rng)
    counts = Counter(code for unit in train for code in unit.codes)
    codes = sorted(code for code, n in counts.items() if n >= bench.LEAST)
    tested = [unit for unit in test if unit.codes & set(codes)]
    _, ranked = next(bench._rankings(train, tested, codes, k, rng, embedder))
    return tested, ranked


def comments(shared: Path, embedders: dict[str, Embedder], arguments: argparse.Namespace) -> Iterator[str]:
    """Compare on patient comments, learned from k confirmed texts a code."""
    units = bench._units(shared / "coding" / "nhs" / "units.csv")
    units = [units[i] for i in np.random.default_rng(0).permutation(len(units))[: arguments.texts]]
    seeds, k = arguments.seeds, arguments.k
    shares: dict[str, list[tuple[float, ...]]] = {name: [] for name in embedders if name != DEFAULT}
    for seed in range(seeds):
        made = {name: learned(units, e, seed, k) for name, e in embedders.items()}
        test, ours = made[DEFAULT]
        for name in shares:
            theirs = made[name][1]
            gaps = np.subtract(bench._hits(test, theirs), bench._hits(test, ours))
            pairs = [(a[:3], b[:3]) for a, b in zip(ours, theirs, strict=True)]
            same = [(a[0] == b[0], set(a) == set(b), a == b) for a, b in pairs]
            shares[name].append((*np.mean(same, axis=0), *gaps))
    names = ["same first theme", "same three first, in any order", "same three first, in order"]
    names += ["first is right, difference", "one of three is right, difference"]
    rows = [["", *shares]]
    for i, title in enumerate(names):
        drawn = [
            bootstrap(title, [row[i] for row in rows_], lambda some: float(np.mean(some)))
            for rows_ in shares.values()
        ]
        rows.append([title, *map(str, drawn)])
    head = f"### {len(units)} patient comments, k = {k}, {seeds} halvings (intervals over halvings)"
    yield f"{head}\n\n{bench._table(rows)}\n"


def cost(shared: Path, backend: str) -> str:
    """Return CPU seconds until the first vector, and passages of the interviews a CPU second."""
    texts = list(dict.fromkeys(_passages(shared / "devset")))
    start = time.process_time()
    embedder = opened(backend)
    embedder(["Ready."])
    ready = time.process_time() - start
    start = time.process_time()
    embedder(texts)
    return f"{ready:.2f} {len(texts) / (time.process_time() - start):.1f}"


def costs(shared: Path, backends: Sequence[str], rounds: int = 3) -> Iterator[str]:
    """Measure each backend in a process of its own, in turn, and give medians and ratios to the default."""
    found: dict[str, list[list[float]]] = {name: [] for name in backends}
    for _ in range(rounds):
        for name in backends:
            command = [sys.executable, __file__, str(shared), "--cost", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name].append([float(x) for x in done.stdout.split()])
    medians = {name: np.median(values, axis=0) for name, values in found.items()}
    rows = [["", "CPU s until ready", "passages a CPU second", f"{DEFAULT} = 1"]]
    for name, (ready, rate) in medians.items():
        rows.append([name, f"{ready:.1f}", f"{rate:.0f}", f"{rate / medians[DEFAULT][1]:.2f}"])
    yield f"### cost, medians of {rounds}\n\n{bench._table(rows)}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--only", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--seeds", type=int, default=5, help="halvings of the patient comments")
    parser.add_argument("--k", type=int, default=8, help="confirmed texts a code")
    parser.add_argument("--texts", type=int, default=2000, help="patient comments, drawn by chance")
    parser.add_argument("--cost", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # deprecations inside the libraries
    if arguments.cost:
        print(cost(arguments.shared, arguments.cost))
        return 0
    names = (DEFAULT, *arguments.only)
    for block in costs(arguments.shared, names):
        print(block, flush=True)
    embedders: dict[str, Embedder] = {name: bench.Remembering(opened(name)) for name in names}
    for block in interviews(arguments.shared, embedders):
        print(block, flush=True)
    for block in comments(arguments.shared, embedders, arguments):
        print(block, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
