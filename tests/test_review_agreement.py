from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from record_help import DOMAIN_OF, THEMES, decided
from svp_nlp.errors import ReviewError
from svp_nlp.review.adjudication import coded_units
from svp_nlp.review.agreement import (
    Agreement,
    CodedUnit,
    agreement,
    gwet_ac1,
    krippendorff_alpha,
    masi_distance,
)
from svp_nlp.review.decisions import Action
from svp_nlp.review.fold import fold
from svp_nlp.stats import bootstrap, kappa

A, B, C = THEMES


def unit(number: int, document: str, **codes: str) -> CodedUnit:
    given = {coder: frozenset(themes.split()) for coder, themes in codes.items()}
    return CodedUnit(f"{document}:{number}", document, given)


def yes_no(both: int, first: int, second: int, neither: int) -> list[CodedUnit]:
    """Units of one document on which two coders said yes or no to theme A so many times."""
    pairs = [(A, A)] * both + [(A, "")] * first + [("", A)] * second + [("", "")] * neither
    return [unit(n, "D", one=x, two=y) for n, (x, y) in enumerate(pairs)]


# published examples


def test_cohens_kappa_as_published() -> None:
    """The grant proposals of the usual textbook example: 20 yes-yes, 5, 10, 15 no-no give 0.4."""
    assert agreement(yes_no(20, 5, 10, 15), DOMAIN_OF)[A].kappa.value == pytest.approx(0.4)


def test_gwets_ac1_as_published() -> None:
    """Gwet 2002: 118, 5, 2 and 0 of 125 give kappa -0.0234 and AC1 0.9408: the paradox of kappa."""
    row = agreement(yes_no(118, 5, 2, 0), DOMAIN_OF)[A]
    assert row.kappa.value == pytest.approx(-0.0234, abs=5e-5)
    assert row.ac1.value == pytest.approx(0.9408, abs=5e-5)
    assert row.percent.value == pytest.approx(118 / 125)
    assert row.note == "nearly everywhere (97.2%)"
    assert gwet_ac1([2] * 118 + [1] * 7, [2] * 125) == pytest.approx(row.ac1.value)


FOUR_OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
TWO_OBSERVERS = """
a a b b d c c c e d d a
b a b b b c c c e d d d
"""
BINARY = """
0 1 0 0 0 0 0 0 1 0
1 1 1 0 0 1 0 0 0 0
"""


def by_unit(table: str) -> list[list[str]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [[value for value in column if value != "."] for column in zip(*rows, strict=True)]


def test_krippendorffs_alpha_as_published() -> None:
    """Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: sections A, B and C."""
    assert krippendorff_alpha(by_unit(BINARY)) == pytest.approx(0.095, abs=5e-4)
    assert krippendorff_alpha(by_unit(TWO_OBSERVERS)) == pytest.approx(0.692, abs=5e-4)
    four = by_unit(FOUR_OBSERVERS)
    assert krippendorff_alpha(four) == pytest.approx(0.743, abs=5e-4)
    squared = krippendorff_alpha([[int(v) for v in u] for u in four], lambda a, b: float((a - b) ** 2))
    assert squared == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        *(("ab", "ab", 0.0), ("", "", 0.0), ("ab", "a", 1 - 1 / 2 * 2 / 3), ("ab", "bc", 1 - 1 / 3 * 1 / 3)),
        *(("a", "", 1.0), ("a", "b", 1.0), ("abc", "bcd", 1 - 2 / 4 * 1 / 3)),
    ],
)
def test_masi_as_published(a: str, b: str, distance: float) -> None:
    """Passonneau 2006: Jaccard times 1 for equal, 2/3 for nested, 1/3 for overlapping sets."""
    assert masi_distance(frozenset(a), frozenset(b)) == pytest.approx(distance)
    assert masi_distance(frozenset(b), frozenset(a)) == pytest.approx(distance)


# independent computations


def plain_alpha(units: Sequence[Sequence[frozenset[str]]]) -> float:
    """Alpha as the mean distance within units over the mean distance of all pairs, written out."""
    pairable = [u for u in units if len(u) > 1]
    values = [v for u in pairable for v in u]
    within = sum(masi_distance(a, b) / (len(u) - 1) for u in pairable for a, b in permutations(u, 2))
    overall = [masi_distance(a, b) for a, b in permutations(values, 2)]
    return 1 - (within / len(values)) / (sum(overall) / len(overall))


def some_units(seed: int, coders: Sequence[str], documents: int = 5, absent: float = 0.0) -> list[CodedUnit]:
    rng = random.Random(seed)
    made = []
    for document in range(documents):
        for number in range(rng.randint(3, 9)):
            true = {theme for theme in THEMES if rng.random() < 0.3}
            codes = {
                coder: frozenset(t for t in THEMES if (t in true) != (rng.random() < 0.15))
                for coder in coders
                if rng.random() >= absent
            }
            made.append(CodedUnit(f"{document}:{number}", f"D{document}", codes))
    return made


def columns(units: Sequence[CodedUnit], theme: str) -> tuple[list[bool], list[bool]]:
    return [theme in u.codes["one"] for u in units], [theme in u.codes["two"] for u in units]


@pytest.mark.parametrize("seed", range(4))
def test_two_coders_equal_independent_computations(seed: int) -> None:
    units = some_units(seed, ("one", "two"))
    found = agreement(units, DOMAIN_OF, draws=200)
    pooled: list[list[bool]] = [[], []]
    for theme in THEMES:
        first, second = columns(units, theme)
        row = found[theme]
        assert row.kappa.value == pytest.approx(cohen_kappa_score(first, second), nan_ok=True)
        assert row.alpha.value == pytest.approx(krippendorff_alpha(list(zip(first, second, strict=True))))
        assert row.percent.value == pytest.approx(np.mean(np.equal(first, second)))
        assert (row.yes, row.both) == (
            {"one": sum(first), "two": sum(second)},
            sum(a and b for a, b in zip(first, second, strict=True)),
        )
        pooled[0] += first
        pooled[1] += second
    assert found["all themes pooled"].kappa.value == pytest.approx(cohen_kappa_score(*pooled))
    assert found["all themes pooled"].cells == len(units) * len(THEMES)
    assert found.sets.value == pytest.approx(plain_alpha([list(u.codes.values()) for u in units]))


def test_the_interval_equals_one_document_at_a_time() -> None:
    units = some_units(7, ("one", "two"))
    documents = [[u for u in units if u.document == d] for d in dict.fromkeys(u.document for u in units)]

    def statistic(files: Sequence[list[CodedUnit]]) -> float:
        return kappa(*columns([u for file in files for u in file], A))

    slow = bootstrap("kappa", documents, statistic, draws=300)
    fast = agreement(units, DOMAIN_OF, draws=300)[A].kappa
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_three_coders_some_absent() -> None:
    units = some_units(3, ("one", "two", "three"), absent=0.2)
    found = agreement(units, DOMAIN_OF, draws=50)
    framed = [u for u in units if len(u.codes) > 1]
    pairs = []
    for x, y in combinations(("one", "two", "three"), 2):
        both = [u for u in framed if x in u.codes and y in u.codes]
        pairs.append(cohen_kappa_score([A in u.codes[x] for u in both], [A in u.codes[y] for u in both]))
    assert found[A].kappa.value == pytest.approx(np.mean(pairs))
    assert found[A].alpha.value == pytest.approx(
        krippendorff_alpha([[A in codes for codes in u.codes.values()] for u in framed])
    )
    assert found.sets.value == pytest.approx(plain_alpha([list(u.codes.values()) for u in framed]))
    assert found.frame.units == len(framed)
    assert "(kappa: mean of their pairs)" in str(found.frame)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sets(st.sampled_from("abcd")).map(frozenset), min_size=2, max_size=3), min_size=2)
)
def test_alpha_with_masi_equals_its_definition(units: list[list[frozenset[str]]]) -> None:
    if len({value for u in units for value in u}) > 1:
        assert krippendorff_alpha(units, masi_distance) == pytest.approx(plain_alpha(units))


# the second coder of the development set


def second_coder(shared: Path) -> tuple[list[CodedUnit], dict[str, str]]:
    import yaml

    folder = shared / "devset"
    with (folder / "second_coder.csv").open(encoding="utf-8", newline="") as stream:
        second = {(row["file"], row["turn_index"]): row["codes"] for row in csv.DictReader(stream)}
    units = []
    with (folder / "turns.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            key = row["file"], row["turn_index"]
            if key in second:
                codes = {"first": row["codes"], "second": second[key]}
                split = {
                    who: frozenset(s.strip() for s in c.split(";") if s.strip()) for who, c in codes.items()
                }
                units.append(CodedUnit(":".join(key), row["file"], split))
    book = yaml.safe_load((folder / "codebook.yaml").read_text(encoding="utf-8"))
    return units, {theme["id"]: d["id"] for d in book["domains"] for theme in d["themes"]}


@pytest.fixture(scope="module")
def devset(shared: Path) -> tuple[list[CodedUnit], dict[str, str], Agreement]:
    units, domain_of = second_coder(shared)
    return units, domain_of, agreement(units, domain_of, passages="all turns")


def test_the_second_coder_is_reproduced(devset: tuple[list[CodedUnit], dict[str, str], Agreement]) -> None:
    units, domain_of, found = devset
    assert (len(units), found.frame.documents, len(domain_of)) == (266, 6, 15)
    themes = list(domain_of)
    flat = [[theme in u.codes[who] for u in units for theme in themes] for who in ("first", "second")]
    for row, (a, b) in {
        "coded or not": [[bool(u.codes[who]) for u in units] for who in ("first", "second")],
        "all themes pooled": flat,
        **{t: [[t in u.codes[w] for u in units] for w in ("first", "second")] for t in themes},
    }.items():
        assert found[row].kappa.value == pytest.approx(cohen_kappa_score(a, b))
        assert found[row].kappa.low <= found[row].kappa.value <= found[row].kappa.high
    for domain in dict.fromkeys(domain_of.values()):
        a, b = ([any(domain_of[t] == domain for t in u.codes[w]) for u in units] for w in ("first", "second"))
        assert found[domain].kappa.value == pytest.approx(cohen_kappa_score(a, b))
    assert found.sets.value == pytest.approx(plain_alpha([list(u.codes.values()) for u in units]))


def test_the_second_coders_figures(devset: tuple[list[CodedUnit], dict[str, str], Agreement]) -> None:
    found = devset[2]
    shown = {
        name: tuple(round(x, 2) for x in (f.value, f.low, f.high))
        for name, f in {
            "coded": found["coded or not"].kappa,
            "pooled": found["all themes pooled"].kappa,
            "sets": found.sets,
        }.items()
    }
    assert shown == {"coded": (0.89, 0.85, 0.93), "pooled": (0.75, 0.68, 0.82), "sets": (0.76, 0.71, 0.83)}
    assert str(found.frame) == (
        "blind codings; coders: first, second; unit: one passage; frame: all turns that at least two of them"
        " coded, 266 of 6 documents; 95 % intervals: bootstrap over 6 documents (few: intervals are rough),"
        " 1000 draws, seed 0"
    )


# what is printed, what is left out


def test_every_form_prints_the_frame(devset: tuple[list[CodedUnit], dict[str, str], Agreement]) -> None:
    found = devset[2]
    frame = str(found.frame)
    assert found.table().startswith(frame)
    assert frame in found._repr_html_()
    assert set(found.to_frame()["frame"]) == {frame}
    assert found.as_dict()["frame"]["interval"] == found.frame.interval
    assert "rare (1.9%)" in found.table()
    assert "read AC1 and percent beside them" in found.table()


def test_undefined_figures_are_dashes_not_numbers() -> None:
    found = agreement(yes_no(0, 0, 0, 4), DOMAIN_OF)
    assert found[A].note == "given nowhere: kappa and alpha undefined"
    assert np.isnan(found[A].kappa.value)
    assert np.isnan(found[A].alpha.value)
    assert found[A].ac1.value == 1.0
    assert "–" in found.table()
    assert found.as_dict()["rows"][0]["kappa"]["value"] is None
    assert "no intervals from fewer than three documents" in str(found.frame)


def test_without_a_second_coder_there_is_no_agreement() -> None:
    with pytest.raises(ReviewError, match="no passage has blind codings of two coders"):
        agreement([unit(1, "D", one=A)], DOMAIN_OF)


def test_blind_and_assisted_codings_are_kept_apart() -> None:
    made = []
    for coder, before in (("AB", A), ("CD", B)):
        made += [
            decided(Action.CODE, {"themes": [before]}, coder=coder),
            decided(Action.COMMIT, at=1, coder=coder),
            decided(Action.SEEN, {"themes": [C]}, at=2, coder=coder, saw_suggestion=True),
            decided(Action.CHANGE, {"theme": before, "to": [C]}, at=3, coder=coder, saw_suggestion=True),
            decided(Action.CODE, {"themes": [A]}, at=4, coder=coder, target="B:2"),
        ]
    documents = {"B:1": "B", "B:2": "B"}
    state = fold(made)
    (blind,) = coded_units(state, documents, "blind")
    (assisted,) = coded_units(state, documents, "assisted")
    assert blind.codes == {"AB": {A}, "CD": {B}}
    assert assisted.codes == {"AB": {C}, "CD": {C}}
    assert agreement([blind], DOMAIN_OF).same.value == 0.0
    assert agreement([assisted], DOMAIN_OF).same.value == 1.0
