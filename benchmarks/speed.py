"""Measure speed: seconds until ready, and words (passages) a CPU second, each step in a process of its own.

    python benchmarks/speed.py SET

SET is a folder with gold/ and raw/. Absolute figures depend on the machine and on what else runs on it;
"detect beside Presidio" and "embed by onnx" are ratios taken in one process and may be compared.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

STEPS = ("import svp_nlp", "read", "detect", "detect beside Presidio", "embed", "embed by onnx", "suggest")


def import_svp_nlp(_: Path) -> str:
    start = time.perf_counter()
    import svp_nlp  # noqa: F401

    return f"{time.perf_counter() - start:.2f} s"


def read(folder: Path) -> str:
    from svp_nlp.evaluation.gold import load_gold

    start = time.process_time()
    gold = load_gold(folder)
    return _a_second(sum(len(g.transcript.text.split()) for g in gold), start, "words")


def detect(folder: Path) -> str:
    from svp_nlp.engines.models import model_path
    from svp_nlp.evaluation.commands import detect_gold
    from svp_nlp.evaluation.gold import load_gold
    from svp_nlp.redaction.detect import default_engine

    gold = load_gold(folder)
    start = time.perf_counter()
    engine = default_engine(model_path("en_core_web_md"))
    detect_gold(gold[:1], engine)
    ready = time.perf_counter() - start
    start = time.process_time()
    detect_gold(gold, engine)
    words = sum(len(g.transcript.text.split()) for g in gold)
    return f"first file after {ready:.1f} s; " + _a_second(words, start, "words")


def detect_beside_presidio(folder: Path) -> str:
    import redaction as bench

    gold = bench.load_gold(folder)
    engine = bench.default_engine(bench.model_path(bench.MODEL))
    ours = bench.words_a_second(bench.ours(engine), gold)
    theirs = bench.words_a_second(bench.presidio(organizations=False), gold)
    return f"{ours / theirs:.2f} times the words a CPU second of Presidio as it comes"


def embed(folder: Path) -> str:
    texts = _passages(folder)
    embedder = _embedder()
    start = time.perf_counter()
    embedder(texts[:1])
    ready = time.perf_counter() - start
    start = time.process_time()
    embedder(texts)
    return f"ready in {ready:.1f} s; " + _a_second(len(texts), start, "passages")


def embed_by_onnx(folder: Path) -> str:
    from svp_nlp.engines.embedding import open_embedder

    texts = list(dict.fromkeys(_passages(folder)))
    path = _embedder().path
    seconds = {}
    for backend in ("sentence-transformers", "onnx", "onnx-int8"):
        embedder = open_embedder(path, backend)  # type: ignore[arg-type]
        embedder(texts[:1])
        start = time.process_time()
        embedder(texts)
        seconds[backend] = time.process_time() - start
    default = seconds.pop("sentence-transformers")
    ratios = ", ".join(f"{name} {default / taken:.2f}" for name, taken in seconds.items())
    return f"passages a CPU second, sentence-transformers = 1: {ratios}"


def suggest(folder: Path) -> str:
    from svp_nlp.coding.codebook import founding_codebook
    from svp_nlp.coding.suggest import ThemeSuggester

    texts = _passages(folder)
    suggester = ThemeSuggester(founding_codebook(), _embedder())
    start = time.process_time()
    suggester.suggest(texts)
    return _a_second(len(texts), start, "passages")


def _embedder():  # type: ignore[no-untyped-def]
    from svp_nlp.engines.models import model_path
    from svp_nlp.engines.sentence_transformers import SentenceEmbedder

    return SentenceEmbedder(model_path("all-MiniLM-L6-v2"))


def _passages(folder: Path) -> list[str]:
    from svp_nlp.coding.segment import passage_text, passages
    from svp_nlp.evaluation.gold import load_gold

    return [passage_text(g.transcript, p) for g in load_gold(folder) for p in passages(g.transcript)]


def _a_second(count: int, start: float, what: str) -> str:
    seconds = max(time.process_time() - start, 1e-3)
    return f"{count} {what} in {seconds:.1f} CPU s, {count / seconds:,.0f} a CPU second"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("set", type=Path, metavar="SET")
    parser.add_argument("--step", choices=STEPS, help="only this one, in this process")
    arguments = parser.parse_args()
    if arguments.step:
        warnings.simplefilter("ignore")  # deprecations inside the libraries
        measure: Callable[[Path], str] = globals()[arguments.step.lower().replace(" ", "_")]
        print(f"{arguments.step}: {measure(arguments.set)}")
        return 0
    for step in STEPS:
        subprocess.run([sys.executable, __file__, str(arguments.set), "--step", step], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
