"""The benchmarks run: their own counting on texts made by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from svp_nlp.evaluation.gold import GoldTranscript, Mention
from svp_nlp.evaluation.redaction import score_redaction
from svp_nlp.model import Exemplar, Grounds, Label, Role, Span, Suggestion, Suggestions, Theme, Transcript


def load(name: str) -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_another_tools_types_become_labels() -> None:
    bench = load("redaction")
    gold = (GoldTranscript("A", Transcript("A", "Ana, 555"), (Mention(Span(0, 3), Label.PERSON, "p1"),)),)
    detect = bench._each(lambda text: [(0, 3, "PERSON"), (5, 8, "US_PASSPORT")])
    findings = detect(gold)
    assert [(f.span, f.label) for f in findings["A"]] == [(Span(0, 3), Label.PERSON), (Span(5, 8), Label.ID)]
    rows = [
        bench.Row("svp-nlp", score_redaction(gold, findings), 300.0),
        bench.Row("Presidio", score_redaction(gold, findings), 200.0),
    ]
    table = bench.markdown("set", rows)
    assert table.startswith("### set: 1 files, 1 identifiers\n\n| | svp-nlp | Presidio |\n|---|---|---|\n")
    assert "| recall | 1.000 [0.207, 1.000] | 1.000 [0.207, 1.000] |" in table
    assert table.endswith("| words a CPU second, Presidio = 1 | 1.50 | 1.00 |")
    assert "Ana" not in str(bench.as_json({"set": rows}))


def test_names_of_a_register_are_said_as_people_say_them() -> None:
    bench = load("lists")
    assert bench.spoken("JOHNS HOPKINS HOSPITAL, THE") == "Johns Hopkins Hospital"
    assert bench.spoken("SINAI HOSPITAL OF BALTIMORE") == "Sinai Hospital of Baltimore"
    assert bench.short("BAYSTATE MEDICAL CENTER") == "Baystate"
    assert "|" not in "".join([*bench.WELL_KNOWN, *bench.HOUSES, *bench.SAINTS, *bench.SCHOOLS])


def test_halves_share_no_document() -> None:
    bench = load("suggestions")
    units = [bench.Unit(f"d{i % 10}", "x", frozenset({"a"})) for i in range(40)]
    train, test = bench._halves(units, np.random.default_rng(0))
    assert len(train) == len(test) == 20
    assert not {u.doc for u in train} & {u.doc for u in test}


def test_hits_of_a_ranking() -> None:
    bench = load("suggestions")
    units = [bench.Unit("d", "x", frozenset({"a"})), bench.Unit("d", "y", frozenset({"b", "d"}))]
    assert bench._hits(units, [["a", "b", "c"], ["c", "a", "d"]]) == (0.5, 1.0)
    assert bench._means([(0.5, float("nan")), (0.7, float("nan"))]) == ["0.600 (0.100)", "–"]


@pytest.mark.parametrize("name", ["backends", "redaction", "suggestions", "speed"])
def test_the_command_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    module = load(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == 0
    assert f"python benchmarks/{name}.py" in capsys.readouterr().out


def test_what_became_of_a_theme_is_counted() -> None:
    bench = load("grounds")
    made = [
        Suggestions(str(n), 0.9, tuple(Suggestion(t, "d", 0.5) for t in ranked), False)
        for n, ranked in enumerate((("a", "b"), ("b", "a"), ("a", "b"), ("b", "c")))
    ]
    coded = list(zip(map(frozenset, ("a", "a", "b", "a")), made, strict=True))
    one = bench.counted(7, Grounds("a", 2, 1, 0, few=True), coded)
    assert one == bench.Outcome(7, "a", "few", given=3, first=1, three=2, said=2, right=1)
    other = bench.Outcome(7, "b", "few", given=1, first=1, three=1, said=0, right=0)
    first, three, right = bench.figures([one, other])
    assert first == pytest.approx((1 / 3 + 1) / 2)
    assert three == pytest.approx((2 / 3 + 1) / 2)
    assert right == 0.5  # nothing was suggested b first


def test_a_codebook_is_cut_and_passages_are_taken_up_to_a_number() -> None:
    bench = load("grounds")
    whole = Theme("a", "A", "d", "What it is.", ("a cue",), ("not this",), (Exemplar("said"),))
    left = {cut: bench.kept(whole, cut) for cut in ("label", *bench.CUTS)}
    assert left["whole"] == whole
    assert (left["no exemplars"].include, left["no exemplars"].exemplars) == (("a cue",), ())
    assert (left["definition"].definition, left["definition"].include) == ("What it is.", ())
    assert left["label"].definition == "A"
    told = [
        bench.Told("1", str(n), "", Role.RESPONDENT, frozenset(t)) for n, t in enumerate(("a", "ab", "b", ""))
    ]
    taken = bench.up_to({"a": 1, "b": 0}, told, np.random.default_rng(0))
    assert [one.text for one in taken] == ["0"]
