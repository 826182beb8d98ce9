"""Measure how well themes are suggested by how many texts show them (see `svp_nlp.coding.grounds`).

    python benchmarks/grounds.py SET... [--codebook YAML] [--draws 36] [--by-chance] [--cache FILE]

Each SET is a gold set with codes (devset, benchmarks/sets/fresh1, ...); all of them are one study. Each draw
learns from some interviews and suggests for others:

as coded    up to eighteen whole interviews are learned from, with all that coders gave and left; of every
            theme the codebook keeps its definition alone, all, or all but its exemplars, in turn
by chance   of every theme another number of coded passages is learned from, and another part of the codebook
            is kept, both drawn by chance; what a theme has then says nothing of how common it is

Printed is, for themes with few texts, for those behind the others and for the rest: how many of the passages
that coders gave a theme are suggested it first, and in the first three, and how many of those suggested it
first have it. Means over the themes; intervals by bootstrap over draws.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from svp_nlp.coding.codebook import founding_codebook, load_codebook
from svp_nlp.coding.segment import passage_text, passages, question_text
from svp_nlp.coding.suggest import ThemeSuggester
from svp_nlp.engines.embedding import open_embedder
from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Embedder
from svp_nlp.evaluation.commands import clean
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.suggestions import gold_turns
from svp_nlp.model import Codebook, Grounds, Role, Suggestions, Theme

INTERVIEWS = (0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18)
NUMBERS = (0, 0, 1, 2, 3, 4, 6, 8, 12, 16)
CUTS = ("definition", "whole", "no exemplars")
FIGURES = ("first", "first three", "right where first")


@dataclass(frozen=True)
class Told:
    """A passage with what is known of it and the themes a coder gave it."""

    interview: str
    text: str
    question: str
    role: Role
    themes: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """A theme in one draw: how many passages have it, are suggested it first (rightly), or in three."""

    draw: int
    theme: str
    state: str
    given: int
    first: int
    three: int
    said: int
    right: int


def read(folders: Iterable[Path], themes: frozenset[str]) -> list[Told]:
    """Return the respondents' passages of all sets in which anything is coded."""
    found = []
    for number, folder in enumerate(folders):
        gold = [one for one in load_gold(folder) if one.coded_turns()]
        units = {unit.key: unit for unit in gold_turns(gold)}
        transcripts = clean(gold)
        cut = [p for t in transcripts.values() for p in passages(t) if (t.id, p.turn) in units]
        for p in cut:
            words = (passage_text(transcripts[p.transcript], p), question_text(transcripts[p.transcript], p))
            given = units[p.transcript, p.turn].themes & themes
            found.append(Told(f"{number}/{p.transcript}", *words, p.role, given))
    return found


def kept(theme: Theme, cut: str) -> Theme:
    """Return *theme* with only what *cut* leaves of it."""
    if cut == "label":
        theme = replace(theme, definition=theme.label)
    if cut in ("label", "definition"):
        theme = replace(theme, include=(), exclude=())
    return theme if cut == "whole" else replace(theme, exemplars=())


def up_to(most: Mapping[str, int], told: Sequence[Told], rng: np.random.Generator) -> list[Told]:
    """Return coded passages by chance, of each theme at most so many."""
    have: Counter[str] = Counter()
    chosen = []
    for i in rng.permutation(len(told)):
        one = told[i]
        if one.themes and all(have[theme] < most[theme] for theme in one.themes):
            chosen.append(one)
            have.update(one.themes)
    return chosen


def draw(
    number: int, told: Sequence[Told], book: Codebook, embedder: Embedder, *, by_chance: bool
) -> list[Outcome]:
    """Learn from some interviews, suggest for half of all, and count for each theme."""
    rng = np.random.default_rng(number)
    order = [str(one) for one in rng.permutation(sorted({t.interview for t in told}))]
    half = set(order[: len(order) // 2])
    rest = [t for t in told if t.interview not in half]
    cuts = {t.id: CUTS[number % len(CUTS)] for t in book.themes}
    known = [t for t in told if t.interview in set(order[: int(rng.choice(INTERVIEWS))])]
    if by_chance:
        cuts = {t.id: str(rng.choice(("label", *CUTS))) for t in book.themes}
        most = {t.id: int(rng.choice(NUMBERS)) for t in book.themes}
        known = up_to(most, [t for t in told if t.interview in half], rng)
    suggester = ThemeSuggester(
        replace(book, themes=tuple(kept(t, cuts[t.id]) for t in book.themes)), embedder
    )
    suggester.fit([t.text for t in known], [t.themes for t in known], questions=[t.question for t in known])
    made = suggester.suggest(
        [t.text for t in rest],
        questions=[t.question for t in rest],
        roles=[t.role for t in rest],
        interviews=[t.interview for t in rest],
    )
    coded = [(one.themes, found) for one, found in zip(rest, made, strict=True) if one.themes]
    return [counted(number, theme, coded) for theme in suggester.grounds]


def counted(number: int, theme: Grounds, coded: Sequence[tuple[frozenset[str], Suggestions]]) -> Outcome:
    """Return what became of one theme."""
    mine = [[s.theme for s in made] for themes, made in coded if theme.theme in themes]
    said = [themes for themes, made in coded if made[0].theme == theme.theme]
    return Outcome(
        number,
        theme.theme,
        "few" if theme.few else "behind" if theme.behind else "enough",
        len(mine),
        sum(ranked[0] == theme.theme for ranked in mine),
        sum(theme.theme in ranked[:3] for ranked in mine),
        len(said),
        sum(theme.theme in themes for themes in said),
    )


def figures(outcomes: Iterable[Outcome]) -> tuple[float, float, float]:
    """Return the three shares, each the mean over the themes for which there is one."""
    by_theme: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_theme[one.theme].append(one)
    given, said = (
        [sum(getattr(o, key) for o in some) for some in by_theme.values()] for key in ("given", "said")
    )
    shares = []
    for key, of in (("first", given), ("three", given), ("right", said)):
        reached = [sum(getattr(o, key) for o in some) for some in by_theme.values()]
        shares.append(float(np.mean([a / b for a, b in zip(reached, of, strict=True) if b] or [np.nan])))
    return shares[0], shares[1], shares[2]


def table(outcomes: Sequence[Outcome], resamples: int = 300) -> str:
    """Lay the figures out, one row a state."""
    rng = np.random.default_rng(0)
    lines = ["| | themes and draws | " + " | ".join(FIGURES) + " |", "|---" * (2 + len(FIGURES)) + "|"]
    for state in ("few", "behind", "enough"):
        by_draw: defaultdict[int, list[Outcome]] = defaultdict(list)
        for one in outcomes:
            by_draw[one.draw] += [one] if one.state == state else []
        draws = list(by_draw)
        picks = (rng.choice(draws, len(draws)) for _ in range(resamples))
        again = [figures(o for d in picked for o in by_draw[int(d)]) for picked in picks]
        low, high = np.nanpercentile(np.array(again), (2.5, 97.5), axis=0)
        found = figures(o for some in by_draw.values() for o in some)
        cells = [f"{v:.2f} [{a:.2f}, {b:.2f}]" for v, a, b in zip(found, low, high, strict=True)]
        lines.append(f"| {state} | {sum(map(len, by_draw.values()))} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    parser.add_argument("--codebook", type=Path, metavar="YAML", help="else the founding study's")
    parser.add_argument("--draws", type=int, default=36)
    parser.add_argument("--by-chance", action="store_true", help="the second design")
    parser.add_argument("--cache", type=Path, metavar="FILE", help="keep vectors there for the next run")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # deprecations inside the libraries, states that never come up
    book = load_codebook(arguments.codebook) if arguments.codebook else founding_codebook()
    told = read(arguments.sets, frozenset(theme.id for theme in book.themes))
    with tempfile.TemporaryDirectory() as folder:
        embedder = open_embedder(
            model_path("all-MiniLM-L6-v2"), "onnx", cache=Path(folder) / "vectors.sqlite"
        )
        outcomes = [
            outcome
            for number in range(arguments.draws)
            for outcome in draw(number, told, book, embedder, by_chance=arguments.by_chance)
        ]
    coded = sum(bool(one.themes) for one in told)
    print(f"{len(told)} passages of {len({t.interview for t in told})} interviews, {coded} coded\n")
    print(table(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
