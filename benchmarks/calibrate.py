"""Fit the numbers of src/svp_nlp/coding/calibration.json on gold interviews, and cross-validate them.

    python benchmarks/calibrate.py GOLD_DIR [GOLD_DIR ...] [--write] [--cache DIR]

Each GOLD_DIR is one study in the form that ``svp-nlp evaluate`` reads; the first also holds
``codebook.yaml``. Files without any coded turn are left out: nobody coded them. The numbers are fitted with
that codebook and with the built-in one at once, so that they depend on neither. Printed are figures of
leave-one-file-out (each file scored with numbers fitted on all others), and of leave-one-set-out, which is
what another team's interviews get: each GOLD_DIR scored with numbers fitted on the others.

"by chance" is the calibration error that exactly right probabilities would show on so few turns.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from svp_nlp.coding import abstain
from svp_nlp.coding.abstain import (
    COMPARED,
    SIGNS,
    Calibration,
    shipped_calibration,
    signs,
)
from svp_nlp.coding.codebook import founding_codebook, load_codebook
from svp_nlp.coding.learn import Learner, Voices
from svp_nlp.coding.rank import Centre, CodebookRanker, Fit, Material
from svp_nlp.coding.segment import passage_text, passages, question_text
from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Embedder
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.evaluation.commands import clean
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.files import write_json
from svp_nlp.model import Codebook, Role
from svp_nlp.stats import auroc, calibration_error, error_by_chance

TARGET = Path(abstain.__file__).with_name("calibration.json")
# Strength of the ridge: the seven signs are few for the turns, the figures are flat from 0.5 to 2.
RIDGE = 0.5
# The share of coded passages that may be told "none".
MISSED = 0.05
# How loud the examples are beside the ranking (1 to 2 give the same figures), and the question beside the
# answer: 0.5 is best with both codebooks on both sets.
EXAMPLES, QUESTIONS = 1.5, 0.5
SHARPNESS = [float(s) for s in np.arange(0.2, 3.0, 0.05)]


class Study:
    """Signs, scores and gold of one study's respondents' turns under one codebook."""

    def __init__(self, folder: Path, book: Codebook, embedder: Embedder) -> None:
        gold = [one for one in load_gold(folder) if one.coded_turns()]
        transcripts, coded = clean(gold), {one.id: one.coded_turns() for one in gold}
        cut = [p for t in transcripts.values() for p in passages(t) if p.role is not Role.INTERVIEWER]
        texts = [passage_text(transcripts[p.transcript], p) for p in cut]
        asked = [question_text(transcripts[p.transcript], p) for p in cut]
        material, ranker = Material.of(texts, asked, embedder), CodebookRanker(book, embedder)
        given = [coded[p.transcript].get(p.turn, ()) for p in cut]
        self.files = np.array([f"{folder.name} {p.transcript}" for p in cut])
        self.long = np.array([len(t.split()) >= 40 for t in texts])
        self.signs = signs(ranker, material)
        self.scores = ranker.scores(material, material)
        self.spoken = Learner(ranker, shipped_calibration()).by_example(material, Centre.of(material, ranker))
        self.gold = np.array([[t.id in g for t in book.themes] for g in given])


class Bench:
    """Every turn of every study under every codebook, one below the other."""

    def __init__(self, folders: list[Path], embedder: Embedder) -> None:
        books = {"built-in": founding_codebook(), "given": load_codebook(folders[0] / "codebook.yaml")}
        made = [(n, f.name, Study(f, b, embedder)) for n, b in books.items() for f in folders]
        studies = [study for _, _, study in made]
        self.books, self.sets = tuple(books), tuple(f.name for f in folders)
        sizes = [len(study.files) for study in studies]
        self.book = np.repeat([book for book, _, _ in made], sizes)
        self.set = np.repeat([name for _, name, _ in made], sizes)
        self.study = np.repeat(np.arange(len(made)), sizes)
        self.files = np.concatenate([s.files for s in studies])
        self.long = np.concatenate([s.long for s in studies])
        self.signs = np.concatenate([s.signs for s in studies])
        self.gold = np.concatenate([s.gold for s in studies])
        self.scores = _stacked([s.scores for s in studies])
        self.spoken = _stacked([s.spoken for s in studies])
        self.coded = self.gold.any(axis=1)

    def usual(self, train: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
        """Return the mean level of the compared signs over studies, and how far files lie from it at most."""
        columns = [SIGNS.index(sign) for sign in COMPARED]
        signs = self.signs[:, columns]
        by_study, by_file = (
            [np.quantile(signs[train & (g == group)], abstain.LEVEL, axis=0) for group in np.unique(g[train])]
            for g in (self.study, np.char.add(self.book, self.files))
        )
        usual = np.mean(by_study, axis=0)
        reach = np.abs(np.array(by_file) - usual).max(axis=0)
        return dict(zip(COMPARED, usual, strict=True)), dict(zip(COMPARED, reach, strict=True))

    def fit(self, train: np.ndarray) -> Calibration:
        """Fit all numbers on the turns in *train*, the threshold for "none" on left-out files of it."""
        whole = self.gate(train)
        choices = (Voices(EXAMPLES, QUESTIONS, 0.0, s) for s in SHARPNESS)
        voices = min(choices, key=lambda v: self.loss(v, train))
        pick = train & self.coded
        numbers = asdict(voices.calibrated(self.shares(voices, pick), self.gold[pick]))
        least = self.least_coded(train)
        return Calibration(
            whole.weights, whole.intercept, numbers, least, 0.0, MISSED, "", whole.usual, whole.reach
        )

    def gate(self, train: np.ndarray) -> Calibration:
        """Fit weights and intercept of coded-or-not on the turns marked in *train*."""
        usual, reach = self.usual(train)
        empty = Calibration((0.0,) * len(SIGNS), 0.0, {}, 0.0, 0.0, MISSED, "", usual, reach)
        features = self.compared(empty)[train]
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        model = LogisticRegression(C=RIDGE / len(self.books))
        model.fit((features - mean) / deviation, self.coded[train])
        weights = model.coef_[0] / deviation
        intercept = float(model.intercept_[0] - weights @ mean)
        return Calibration(tuple(weights), intercept, {}, 0.0, 0.0, MISSED, "", usual, reach)

    def compared(self, calibration: Calibration) -> np.ndarray:
        """Return the signs against the level of each study."""
        found = self.signs.copy()
        for study in np.unique(self.study):
            rows = self.study == study
            found[rows] -= calibration.level(self.signs[rows])
        return found

    def likely(self, calibration: Calibration, rows: np.ndarray) -> np.ndarray:
        """Return how likely the turns in *rows* are coded, each in its study."""
        logit = self.compared(calibration)[rows] @ np.array(calibration.weights) + calibration.intercept
        return np.asarray(1 / (1 + np.exp(-logit)))

    def least_coded(self, train: np.ndarray) -> float:
        """Return the threshold for "none", from turns of *train* judged by what other sets taught.

        Studies differ more than the files of one, so whole sets are left out (files where there is but one),
        and each set counts as much as any other. It is that of the codebook with the lower one, so that the
        stated share holds for either.
        """
        groups = self.set if len(np.unique(self.set[train])) > 1 else self.files
        unseen = np.full(len(train), np.nan)
        for group in np.unique(groups[train]):
            out = train & (groups == group)
            unseen[out] = self.likely(self.gate(train & ~out), out)
        return min(self._lowest(unseen, train & self.coded & (self.book == book)) for book in self.books)

    def _lowest(self, unseen: np.ndarray, chosen: np.ndarray) -> float:
        """Return the probability below which the stated share of coded turns lies, every set alike."""
        names, which, sizes = np.unique(self.set[chosen], return_inverse=True, return_counts=True)
        order = np.argsort(unseen[chosen])
        share = np.cumsum((1 / ((sizes + 1) * len(names)))[which][order])
        return float(unseen[chosen][order][np.searchsorted(share, MISSED)])

    def shares(self, voices: Voices, chosen: np.ndarray) -> np.ndarray:
        """Return how the themes share the turns in *chosen*."""
        scores, spoken = (Fit(f.answers[chosen], f.questions[chosen]) for f in (self.scores, self.spoken))
        return voices.shares(scores, spoken, np.zeros(scores.answers.shape[1]))

    def loss(self, voices: Voices, chosen: np.ndarray) -> float:
        """Return the mean log loss of the gold themes over the coded turns in *chosen*."""
        pick = chosen & self.coded
        gold, logs = self.gold[pick], np.log(self.shares(voices, pick))
        return -float(((logs * gold).sum(axis=1) / gold.sum(axis=1)).mean())

    def report(self) -> None:
        """Print figures of leave-one-file-out and leave-one-set-out."""
        print("leave one file out")
        self._print([self.files == file for file in np.unique(self.files)])
        if len(self.sets) > 1:
            print("leave one set out")
            self._print([self.set == name for name in self.sets])

    def _print(self, held_out: list[np.ndarray]) -> None:
        coded, none = np.zeros(len(self.files)), np.zeros(len(self.files), dtype=bool)
        themes = np.zeros(self.gold.shape)
        for out in held_out:
            fitted = self.fit(~out)
            coded[out] = self.likely(fitted, out)
            none[out] = coded[out] < fitted.least_coded
            voices = Voices(**fitted.voices)
            themes[out] = voices.probabilities(self.shares(voices, out))
        for book in self.books:
            for name in (*self.sets, "all"):
                rows = (self.book == book) & ((self.set == name) | (name == "all"))
                self._line(f"{book}, {name}", rows, coded, none, themes)

    def _line(
        self, name: str, rows: np.ndarray, coded: np.ndarray, none: np.ndarray, themes: np.ndarray
    ) -> None:
        is_coded, long, pick = self.coded[rows], rows & self.long, rows & self.coded
        ranked = np.argsort(-themes[pick], axis=1)
        right = np.take_along_axis(self.gold[pick], ranked, axis=1)
        score = themes[pick].max(axis=1)
        print(
            f"  {name:20s} {rows.sum()} turns, {pick.sum()} coded: AUROC {auroc(coded[rows], is_coded):.3f},"
            f" 40 words or more {auroc(coded[long], self.coded[long]):.3f},"
            f" error {calibration_error(coded[rows], is_coded):.3f} (by chance"
            f" {error_by_chance(coded[rows]):.3f});"
            f" none of coded {none[pick].mean():.3f} (stated {MISSED}), of others"
            f" {none[rows & ~self.coded].mean():.3f};"
            f" first {right[:, 0].mean():.3f}, first three {right[:, :3].any(axis=1).mean():.3f},"
            f" error {calibration_error(score, right[:, 0]):.3f} (by chance {error_by_chance(score):.3f})"
        )

    def source(self) -> str:
        """Say what the numbers were fitted on."""
        rows = self.book == self.books[0]
        files, turns, coded = len(set(self.files[rows])), int(rows.sum()), int((rows & self.coded).sum())
        return (
            f"Fitted by benchmarks/calibrate.py on {files} invented interviews ({turns} respondents' turns, "
            f"{coded} of them coded) with two codebooks of the same study at once. No real interview took "
            "part."
        )


def _stacked(fits: list[Fit]) -> Fit:
    return Fit(np.concatenate([f.answers for f in fits]), np.concatenate([f.questions for f in fits]))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="write calibration.json")
    parser.add_argument("--cache", type=Path, help="embedding cache")
    arguments = parser.parse_args()
    bench = Bench(arguments.gold, SentenceEmbedder(model_path("all-MiniLM-L6-v2"), cache=arguments.cache))
    bench.report()
    fitted = bench.fit(np.ones(len(bench.files), dtype=bool))
    content = {
        "source": bench.source(),
        "weights": {sign: round(w, 3) for sign, w in zip(SIGNS, fitted.weights, strict=True)},
        "intercept": round(fitted.intercept, 3),
        "usual": {name: round(value, 3) for name, value in fitted.usual.items()},
        "reach": {name: round(value, 3) for name, value in fitted.reach.items()},
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
