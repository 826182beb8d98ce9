"""Train the token classifier that finds identifiers in text without capitals; seeded, on a CPU.

    python train.py --out DIR [--minutes M] [--seed N] [--plain units.csv ...]

The encoder starts from all-MiniLM-L6-v2 of the model store; its word embeddings stay as they are, so that
names it was not trained on keep their places. Text comes from `fill.py`. Written to DIR: ``model.pt`` (best and
last), ``log.csv``. Needs torch and transformers (both come with sentence-transformers).
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fill import Samples
from pieces import IGNORED, TAGS, Sequence_, cut, encoded, tokenizer
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel

from svp_nlp.engines.models import model_path


class Classifier(nn.Module):
    """MiniLM with a linear layer on each word piece."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(encoder.config.hidden_size, len(TAGS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return a score for each piece and tag."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.head(self.drop(hidden))


def fresh() -> Classifier:
    """Return a classifier with the encoder of the store and a new head."""
    encoder = BertModel.from_pretrained(
        str(model_path("all-MiniLM-L6-v2")), add_pooling_layer=False, attn_implementation="eager"
    )
    model = Classifier(encoder)
    model.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


def batches(
    samples: Samples, tokens: Tokenizer, rng: random.Random, pieces: int = 2300
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield batches of about *pieces* word pieces, sequences of like length together."""
    while True:
        drawn = sorted(
            (cut(encoded(samples.sample(), tokens), rng) for _ in range(800)), key=lambda s: len(s[0])
        )
        made: list[list[Sequence_]] = [[]]
        for sequence in drawn:
            if (len(made[-1]) + 1) * len(sequence[0]) > pieces:
                made.append([])
            made[-1].append(sequence)
        rng.shuffle(made)
        yield from map(padded, made)


def padded(batch: Sequence[Sequence_]) -> tuple[torch.Tensor, ...]:
    """Return ids, mask and tags of a batch as tensors."""
    width = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([i + [0] * (width - len(i)) for i, _ in batch])
    mask = torch.tensor([[1] * len(i) + [0] * (width - len(i)) for i, _ in batch])
    tags = torch.tensor([t + [IGNORED] * (width - len(t)) for _, t in batch])
    return ids, mask, tags


def optimizer(model: Classifier, rate: float) -> torch.optim.AdamW:
    """Return AdamW with a faster head and no decay of biases and norms."""
    parts: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, value in model.named_parameters():
        if value.requires_grad:
            key = (rate * 5 if name.startswith("head") else rate, 0.0 if value.ndim < 2 else 0.01)
            parts.setdefault(key, []).append(value)
    return torch.optim.AdamW([{"params": p, "lr": r, "weight_decay": d} for (r, d), p in parts.items()])


@torch.no_grad()
def held_out(model: Classifier, checks: Sequence[tuple[torch.Tensor, ...]]) -> tuple[float, float, float]:
    """Return recall and precision of labelled word pieces, and the share of them with the right label."""
    model.eval()
    hit = gold = said = right = 0
    for ids, mask, tags in checks:
        found = model(ids, mask).argmax(-1)
        inside = tags != IGNORED
        is_gold, is_said = inside & (tags > 0), inside & (found > 0)
        both = is_gold & is_said
        hit, gold, said = hit + int(both.sum()), gold + int(is_gold.sum()), said + int(is_said.sum())
        right += int(((tags + 1) // 2 == (found + 1) // 2)[both].sum())
    model.train()
    return hit / max(gold, 1), hit / max(said, 1), right / max(hit, 1)


def train(out: Path, minutes: float, seed: int, plain: Sequence[Path], rate: float = 3e-4) -> None:
    """Train for *minutes* and keep the last model (the rate falls to nothing by then)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # a second one waits more than it helps: measured
    out.mkdir(parents=True, exist_ok=True)
    model, tokens, rng = fresh(), tokenizer(), random.Random(seed)
    check_source = batches(Samples("held", seed, plain), tokens, random.Random(seed))
    checks = [next(check_source) for _ in range(24)]
    steps, begin = optimizer(model, rate), time.monotonic()
    rates = [group["lr"] for group in steps.param_groups]
    log = (out / "log.csv").open("w", encoding="utf-8")
    log.write("step,minutes,loss,recall,precision,label\n")
    mean = 0.0
    for step, (ids, mask, tags) in enumerate(batches(Samples("train", seed, plain), tokens, rng), start=1):
        passed = (time.monotonic() - begin) / 60 / minutes
        for group, full in zip(steps.param_groups, rates, strict=True):
            group["lr"] = (
                full
                * (min(step / 100, 1.0) if passed < 0.3 else 1.0)
                * 0.5
                * (1 + math.cos(math.pi * min(passed, 1.0)))
            )
        loss = _loss(model, ids, mask, tags)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.step()
        steps.zero_grad(set_to_none=True)
        mean = 0.98 * mean + 0.02 * loss.item() if step > 1 else loss.item()
        if step % 250 == 0 or passed >= 1:
            figures: Any = held_out(model, checks)
            log.write(
                f"{step},{passed * minutes:.1f},{mean:.4f}," + ",".join(f"{f:.4f}" for f in figures) + "\n"
            )
            log.flush()
            torch.save(model.state_dict(), out / "model.pt")
        if passed >= 1:
            break


def _loss(model: Classifier, ids: torch.Tensor, mask: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = model(ids, mask)
    return nn.functional.cross_entropy(scores.float().flatten(0, 1), tags.flatten(), ignore_index=IGNORED)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--plain", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    train(options.out, options.minutes, options.seed, options.plain)


if __name__ == "__main__":
    main()
