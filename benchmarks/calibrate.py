"""Fit the numbers of src/svp_nlp/coding/calibration.json on gold interviews, and cross-validate them.

    python benchmarks/calibrate.py GOLD_DIR [--write]

GOLD_DIR holds ``turns.csv`` (file, role, codes, text) and ``codebook.yaml``. The numbers are fitted with that
codebook and with the built-in one at once, so that they depend on neither. Printed figures are those of
leave-one-file-out: each file is scored with numbers fitted on the others.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from svp_nlp.coding import abstain
from svp_nlp.coding.abstain import (
    SIGNS,
    Calibration,
    conformal_threshold,
    shipped_calibration,
    signs,
)
from svp_nlp.coding.codebook import founding_codebook, load_codebook
from svp_nlp.coding.learn import Learner, Voices
from svp_nlp.coding.rank import Centre, CodebookRanker, Fit, Material
from svp_nlp.engines.models import model_path
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.files import write_json
from svp_nlp.model import Role
from svp_nlp.stats import calibration_error

TARGET = Path(abstain.__file__).with_name("calibration.json")
SOURCE = (
    "Fitted by benchmarks/calibrate.py on twelve invented interviews (284 respondents' turns, 127 of them "
    "coded) with two codebooks of the same study at once. No real interview and no other study took part."
)
# Strength of the ridge: the seven signs are few for 284 turns, the figures are flat from 0.1 to 1.
RIDGE = 0.5
# The share of coded passages that may be told "none".
MISSED = 0.05
# How loud the examples are beside the ranking; 1 to 2 give the same figures with both codebooks.
EXAMPLES, QUESTIONS = 1.5, 0.3
SHARPNESS = [float(s) for s in np.arange(0.2, 3.0, 0.05)]


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the respondents' turns with the question before each."""
    found, question = [], ""
    with (folder / "turns.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["role"] == Role.INTERVIEWER:
                said = row["text"]
                question = said if "?" in said or len(said.split()) > 3 else question
            else:
                found.append({**row, "question": question})
    return found


class Bench:
    """Signs, scores and gold of every turn under every codebook."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        embedder = SentenceEmbedder(model_path("all-MiniLM-L6-v2"), cache=cache)
        turns = rows(folder)
        self.files = np.array([t["file"] for t in turns])
        gold = [{c for c in t["codes"].replace(",", ";").replace(" ", "").split(";") if c} for t in turns]
        self.coded = np.array([bool(g) for g in gold])
        self.long = np.array([len(t["text"].split()) >= 40 for t in turns])
        material = Material.of([t["text"] for t in turns], [t["question"] for t in turns], embedder)
        self.books = {"built-in": founding_codebook(), "given": load_codebook(folder / "codebook.yaml")}
        self.signs, self.scores, self.spoken, self.gold = {}, {}, {}, {}
        for name, book in self.books.items():
            ranker = CodebookRanker(book, embedder)
            self.signs[name] = signs(ranker, material)
            self.scores[name] = ranker.scores(material, material)
            learner = Learner(ranker, shipped_calibration())
            self.spoken[name] = learner.by_example(material, Centre.of(material, ranker))
            self.gold[name] = np.array([[t.id in g for t in book.themes] for g in gold])

    def gate(self, train: np.ndarray) -> tuple[np.ndarray, float]:
        """Fit weights and intercept of coded-or-not on the turns marked in *train*."""
        features = np.concatenate([s[train] for s in self.signs.values()])
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        model = LogisticRegression(C=RIDGE / len(self.signs))
        model.fit((features - mean) / deviation, np.tile(self.coded[train], len(self.signs)))
        weights = model.coef_[0] / deviation
        return weights, float(model.intercept_[0] - weights @ mean)

    def unseen(self, train: np.ndarray) -> np.ndarray:
        """Return, shape (books, turns), how likely each turn of *train* is coded, fitted on other files."""
        found = np.full((len(self.signs), len(train)), np.nan)
        for file in sorted(set(self.files[train])):
            out = train & (self.files == file)
            weights, intercept = self.gate(train & ~out)
            for row, features in zip(found, self.signs.values(), strict=True):
                row[out] = 1 / (1 + np.exp(-(features[out] @ weights + intercept)))
        return found

    def least_coded(self, train: np.ndarray) -> float:
        """Return the threshold for "none", from turns of *train* judged by what other files taught.

        It is that of the codebook with the lower one, so that the stated share holds for either.
        """
        each = [conformal_threshold(scores[train & self.coded], MISSED) for scores in self.unseen(train)]
        found = [threshold for threshold in each if threshold is not None]
        if not found:
            raise SystemExit(f"too few coded turns for a threshold that misses {MISSED:.0%}")
        return min(found)

    def fit(self, train: np.ndarray) -> Calibration:
        """Fit weights, sharpness and the threshold for "none" on the turns marked in *train*."""
        weights, intercept = self.gate(train)
        choices = (Voices(EXAMPLES, QUESTIONS, 0.0, s) for s in SHARPNESS)
        voices = min(choices, key=lambda v: self.loss(v, train))
        pick = train & self.coded
        shares = np.concatenate([self.shares(name, voices, pick) for name in self.books])
        gold = np.concatenate([self.gold[name][pick] for name in self.books])
        numbers = asdict(voices.calibrated(shares, gold))
        return Calibration(tuple(weights), intercept, numbers, self.least_coded(train), 0.0, MISSED, SOURCE)

    def shares(self, name: str, voices: Voices, chosen: np.ndarray) -> np.ndarray:
        """Return how the themes share the turns in *chosen*."""
        scores, spoken = (
            Fit(fit.answers[chosen], fit.questions[chosen]) for fit in (self.scores[name], self.spoken[name])
        )
        return voices.shares(scores, spoken, np.zeros(scores.answers.shape[1]))

    def loss(self, voices: Voices, chosen: np.ndarray) -> float:
        """Return the mean log loss of the gold themes over the coded turns in *chosen*."""
        pick = chosen & self.coded
        total = 0.0
        for name in self.books:
            gold = self.gold[name][pick]
            logs = np.log(self.shares(name, voices, pick))
            total -= float(((logs * gold).sum(axis=1) / gold.sum(axis=1)).mean())
        return total

    def report(self) -> None:
        """Print leave-one-file-out figures."""
        for name, scores in self.scores.items():
            coded, themes = np.zeros(len(self.files)), np.zeros_like(scores.answers)
            none = np.zeros(len(self.files), dtype=bool)
            for file in sorted(set(self.files)):
                out = self.files == file
                fitted = self.fit(~out)
                coded[out] = fitted.coded(self.signs[name][out], [Role.RESPONDENT] * int(out.sum()))
                none[out] = coded[out] < fitted.least_coded
                voices = Voices(**fitted.voices)
                themes[out] = voices.probabilities(self.shares(name, voices, out))
            pick, first = self.coded, themes.argmax(axis=1)
            right = self.gold[name][np.arange(len(first)), first]
            print(
                f"{name:9s} coded AUROC {roc_auc_score(self.coded, coded):.3f},"
                f" 40 words or more {roc_auc_score(self.coded[self.long], coded[self.long]):.3f},"
                f" error {calibration_error(list(coded), list(self.coded)):.3f};"
                f" none of coded {none[pick].mean():.3f} (stated {MISSED}), of others"
                f" {none[~pick].mean():.3f};"
                f" first theme {right[pick].mean():.3f},"
                f" error {calibration_error(list(themes.max(axis=1)[pick]), list(right[pick])):.3f}"
            )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path)
    parser.add_argument("--write", action="store_true", help="write calibration.json")
    parser.add_argument("--cache", type=Path, help="embedding cache")
    arguments = parser.parse_args()
    bench = Bench(arguments.gold, arguments.cache)
    bench.report()
    fitted = bench.fit(np.ones(len(bench.files), dtype=bool))
    content = {
        "source": SOURCE,
        "weights": {sign: round(w, 3) for sign, w in zip(SIGNS, fitted.weights, strict=True)},
        "intercept": round(fitted.intercept, 3),
        "voices": {name: round(value, 3) for name, value in fitted.voices.items()},
        "least_coded": round(fitted.least_coded, 3),
        "least_sure": 1.5,
        "missed": MISSED,
    }
    print(json.dumps(content, indent=1))
    if arguments.write:
        write_json(TARGET, content)


if __name__ == "__main__":
    main()
