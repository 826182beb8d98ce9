"""Measure code suggestion beside plain ways, over four protocols.

    python benchmarks/suggestions.py SHARED [--only fresh confirmed table2 nhs casino]
                                            [--splits 20] [--seeds 10] [--k 2 8 16]

SHARED holds devset/, coding/nhs and coding/casino.

fresh      nothing confirmed: the codebook alone, every respondent's turn of devset (svp-nlp evaluate)
confirmed  devset: six files confirmed by the first coder, six predicted, over random splits
table2     the founding study's 28 quotes, each without itself among the exemplars; a gate, not evidence
nhs,       other studies' codes: half of the documents to learn from, half to test, k confirmed texts a
casino     code (texts with that code alone where there are enough), over random halves (--seeds); codes
           with at least sixteen texts in the first half

"profile" is what NVivo's coding by existing patterns does: cosine of stemmed TF-IDF vectors with everything
known for a code. "commonest" always ranks codes by how often they were given.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from svp_nlp.coding.codebook import founding_codebook
from svp_nlp.coding.segment import passage_text, passages, question_text
from svp_nlp.coding.suggest import ThemeSuggester
from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Embedder, LayeredEmbedder, Vectors
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.evaluation.baselines import profile_scores, theme_text
from svp_nlp.evaluation.commands import clean, evaluate_suggestions
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.suggestions import TurnGold, by_turn, gold_turns, score_suggestions
from svp_nlp.model import Codebook, Domain, Passage, Theme
from svp_nlp.stats import kappa

LEAST = 16
"""Texts a code must have in the half that is learned from."""


@dataclass(frozen=True)
class Unit:
    """One coded text of another study."""

    doc: str
    text: str
    codes: frozenset[str]


class Remembering:
    """An embedder that embeds each text once a run."""

    def __init__(self, embedder: LayeredEmbedder) -> None:
        self.embedder = embedder
        self.name = embedder.name
        self.known: dict[str, tuple[Vectors, Vectors]] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        return self.layers(texts)[0]

    def layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self.known]
        if fresh:
            self.known |= dict(zip(fresh, zip(*self.embedder.layers(fresh), strict=True), strict=True))
        if not texts:
            return self.embedder.layers(texts)
        last, inner = zip(*(self.known[text] for text in texts), strict=True)
        return np.stack(last), np.stack(inner)


def table2(embedder: Embedder) -> str:
    """Suggest for each quote of Table 2 with the codebook that lacks it."""
    book = founding_codebook()
    domains = {theme.id: theme.domain for theme in book.themes}
    quotes = [(theme.id, quote.text) for theme in book.themes for quote in theme.exemplars]
    ours, profile = [], []
    for theme, text in quotes:
        rest = _without(book, text)
        made = ThemeSuggester(rest, embedder).suggest([text], top=len(domains))[0]
        ours.append((theme, [s.theme for s in made.ranked]))
        row = profile_scores([[theme_text(t)] for t in rest.themes], [text])[0]
        profile.append((theme, [list(domains)[i] for i in np.argsort(-row, kind="stable")]))
    rows = [["", "first", "first three", "domain first"]]
    for name, made_ in (("svp-nlp", ours), ("profile", profile)):
        first = _share(ranked[0] == theme for theme, ranked in made_)
        three = _share(theme in ranked[:3] for theme, ranked in made_)
        domain = _share(domains[ranked[0]] == domains[theme] for theme, ranked in made_)
        rows.append([name, f"{first:.2f}", f"{three:.2f}", f"{domain:.2f}"])
    return _table(rows)


def confirmed(shared: Path, embedder: Embedder, splits: int) -> str:
    """Learn from six files, predict the other six."""
    gold = load_gold(shared / "devset")
    book = founding_codebook()
    domains = {theme.id: theme.domain for theme in book.themes}
    units = {unit.key: unit for unit in gold_turns(gold)}
    transcripts = clean(gold)
    cut = [p for t in transcripts.values() for p in passages(t) if (t.id, p.turn) in units]
    texts = {p.id: passage_text(transcripts[p.transcript], p) for p in cut}
    questions = {p.id: question_text(transcripts[p.transcript], p) for p in cut}
    rng = np.random.default_rng(0)
    figures: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
    for _ in range(splits):
        chosen = set(rng.permutation([one.id for one in gold])[: len(gold) // 2])
        train = [p for p in cut if p.transcript in chosen]
        test = [p for p in cut if p.transcript not in chosen]
        codings = [units[p.transcript, p.turn].themes for p in train]
        suggester = ThemeSuggester(book, embedder).fit(
            [texts[p.id] for p in train], codings, questions=[questions[p.id] for p in train]
        )
        made = suggester.suggest(
            [texts[p.id] for p in test],
            questions=[questions[p.id] for p in test],
            roles=[p.role for p in test],
            interviews=[p.transcript for p in test],
            top=len(domains),
        )
        named = [replace(m, passage=p.id) for m, p in zip(made, test, strict=True)]
        tested = [unit for unit in units.values() if unit.transcript not in chosen]
        score = score_suggestions(tested, by_turn(test, named), domains)
        figures["svp-nlp"].append(
            (
                score["a gold theme among the first three"].value,
                score["first is a gold theme"].value,
                score["coded or not, AUROC"].value,
                score["calibration error, first score"].value,
                score["  by chance on so few turns"].value,
                score["pooled kappa, turn by theme"].value,
            )
        )
        figures["profile"].append(_profile_after(book, train, test, units, texts))
    rows = [["", "first three", "first", "AUROC", "calibration error", "by chance", "pooled kappa"]]
    rows += [[name, *_means(values)] for name, values in figures.items()]
    return f"{splits} splits; mean (standard deviation over splits)\n" + _table(rows)


def _profile_after(
    book: Codebook,
    train: Sequence[Passage],
    test: Sequence[Passage],
    units: Mapping[tuple[str, int], TurnGold],
    texts: Mapping[str, str],
) -> tuple[float, ...]:
    """Return what the profile reaches; deciding on the likest turns, as many as people coded."""
    ids = [theme.id for theme in book.themes]
    examples = [
        [theme_text(t), *(texts[p.id] for p in train if t.id in units[p.transcript, p.turn].themes)]
        for t in book.themes
    ]
    scores = profile_scores(examples, [texts[p.id] for p in test])
    truth = [units[p.transcript, p.turn].themes for p in test]
    ranked = [[ids[i] for i in np.argsort(-row, kind="stable")] for row in scores]
    three = _share(bool(t & set(r[:3])) for t, r in zip(truth, ranked, strict=True) if t)
    first = _share(r[0] in t for t, r in zip(truth, ranked, strict=True) if t)
    coded = _share(bool(units[p.transcript, p.turn].themes) for p in train)
    line = np.quantile(scores.max(axis=1), 1 - coded)
    decided = [{r[0]} if row.max() >= line else set() for r, row in zip(ranked, scores, strict=True)]
    a = [i in t for t in truth for i in ids]
    b = [i in d for d in decided for i in ids]
    return three, first, *[float("nan")] * 3, kappa(a, b)


def other_study(units: Sequence[Unit], embedder: Embedder, seeds: int, ks: Sequence[int]) -> str:
    """Learn k texts a code from half of the documents, rank the codes for the other half."""
    rows = [["k", "system", "first", "first three", "codes"]]
    for k in ks:
        figures: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
        sizes = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            train, test = _halves(units, rng)
            counts = Counter(code for unit in train for code in unit.codes)
            codes = sorted(code for code, n in counts.items() if n >= LEAST)
            sizes.append(len(codes))
            tested = [unit for unit in test if unit.codes & set(codes)]
            for name, ranked in _rankings(train, tested, codes, k, rng, embedder):
                figures[name].append(_hits(tested, ranked))
        for name, values in figures.items():
            rows.append([str(k), name, *_means(values), f"{min(sizes)}-{max(sizes)}"])
    return f"{seeds} halvings; mean (standard deviation over halvings)\n" + _table(rows)


def _rankings(
    train: Sequence[Unit],
    test: Sequence[Unit],
    codes: Sequence[str],
    k: int,
    rng: np.random.Generator,
    embedder: Embedder,
) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each system's ranking of the codes for every test text."""
    picked = {code: _pick([u for u in train if code in u.codes], k, rng) for code in codes}
    shown = list(dict.fromkeys(unit for group in picked.values() for unit in group))
    texts = [unit.text for unit in test]
    book = Codebook(
        "another study", "1", (Domain("all", "All"),), tuple(Theme(c, c, "all", definition=c) for c in codes)
    )
    suggester = ThemeSuggester(book, embedder)
    suggester.fit([u.text for u in shown], [[c for c in codes if c in u.codes] for u in shown])
    made = suggester.suggest(texts, top=len(codes))
    yield "svp-nlp", [[s.theme for s in m.ranked] for m in made]
    scores = profile_scores([[code, *(u.text for u in picked[code])] for code in codes], texts)
    yield "profile", [[codes[i] for i in np.argsort(-row, kind="stable")] for row in scores]
    counts = Counter(code for unit in train for code in unit.codes if code in set(codes))
    yield "commonest", [[code for code, _ in counts.most_common()]] * len(test)


def _units(file: Path) -> list[Unit]:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    units = [Unit(r["doc"], r["text"], frozenset(filter(None, json.loads(r["codes"])))) for r in rows]
    return [unit for unit in units if unit.codes and unit.text.strip()]


def _halves(units: Sequence[Unit], rng: np.random.Generator) -> tuple[list[Unit], list[Unit]]:
    docs = sorted({unit.doc for unit in units})
    chosen = set(rng.permutation(docs)[: len(docs) // 2])
    return [u for u in units if u.doc in chosen], [u for u in units if u.doc not in chosen]


def _pick(units: Sequence[Unit], k: int, rng: np.random.Generator) -> list[Unit]:
    """Return *k* units by chance, those with a single code first."""
    shuffled = [units[i] for i in rng.permutation(len(units))]
    return sorted(shuffled, key=lambda unit: len(unit.codes) > 1)[:k]


def _hits(units: Sequence[Unit], ranked: Sequence[Sequence[str]]) -> tuple[float, float]:
    pairs = list(zip(units, ranked, strict=True))
    return _share(r[0] in u.codes for u, r in pairs), _share(bool(u.codes & set(r[:3])) for u, r in pairs)


def _without(book: Codebook, text: str) -> Codebook:
    themes = (
        replace(theme, exemplars=tuple(e for e in theme.exemplars if e.text != text)) for theme in book.themes
    )
    return replace(book, themes=tuple(themes))


def _share(values: Iterator[bool]) -> float:
    return float(np.mean(list(values)))


def _means(values: Sequence[tuple[float, ...]]) -> list[str]:
    table = np.array(values)
    return [
        "–" if np.isnan(column).all() else f"{np.nanmean(column):.3f} ({np.nanstd(column):.3f})"
        for column in table.T
    ]


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


PROTOCOLS = ("fresh", "table2", "confirmed", "nhs", "casino")


def measure(protocol: str, shared: Path, embedder: Embedder, arguments: argparse.Namespace) -> str:
    if protocol == "fresh":
        return evaluate_suggestions(shared / "devset", embedder=embedder).table()
    if protocol == "table2":
        return table2(embedder)
    if protocol == "confirmed":
        return confirmed(shared, embedder, arguments.splits)
    units = _units(shared / "coding" / protocol / "units.csv")
    return other_study(units, embedder, arguments.seeds, arguments.k)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--only", nargs="+", choices=PROTOCOLS, default=PROTOCOLS)
    parser.add_argument("--splits", type=int, default=20, help="splits of the protocol confirmed")
    parser.add_argument("--seeds", type=int, default=10, help="halvings of the protocols nhs and casino")
    parser.add_argument("--k", type=int, nargs="+", default=[2, 8, 16], help="confirmed texts a code")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # deprecations inside the libraries
    embedder = Remembering(SentenceEmbedder(model_path("all-MiniLM-L6-v2")))
    for protocol in arguments.only:
        print(f"### {protocol}\n\n{measure(protocol, arguments.shared, embedder, arguments)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
