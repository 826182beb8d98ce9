"""Evaluation end to end, with the real models, on a gold set of two short interviews."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from svp_nlp.cli import main
from svp_nlp.engines.protocols import Analyzer
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import GoldError, RosterError
from svp_nlp.evaluation import commands
from svp_nlp.evaluation.gold import load_gold
from svp_nlp.evaluation.suggestions import SuggestionScore, TurnGold, TurnSuggestion, score_suggestions
from svp_nlp.model import Role

FIRST = """\
Interviewer: Where do you work?

Respondent: I am a nurse at [[INSTITUTION:i1|Brookdale Regional Hospital]] in [[LOCATION:l1|Chicago]], hired \
by [[PERSON:p1|Margaret Holloway]].

Interviewer: What happened to staff after events?

Respondent: They could not sleep, they cried in the car, and two of our best people left nursing altogether \
because of one bad case. [[PERSON:p1|Margaret]] herself shook for weeks after the inquest.
{{code: need.sequelae}}

Interviewer: And what stands in the way?

Respondent: Money. There is no budget line for it, nobody has protected time, and everyone squeezes the \
calls in on top of a full time job, so we cannot give it the effort we would like to give.
{{code: challenges.resources}}
"""
SECOND = """\
Interviewer: Are you well?

Respondent: Fine, thanks.

Interviewer: What would you tell others?

Respondent: Keep records of each contact. We cannot count how many people we helped, because to keep it \
confidential nothing is written down, and so we have no data to show that the program works.
{{code: challenges.tracking}}
"""
ROSTER = "name,type\nMargaret Holloway,PERSON\n"


@pytest.fixture(scope="module")
def gold_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    for name in ("gold", "rosters"):
        (folder / name).mkdir()
    for id, text in (("A", FIRST), ("B", SECOND)):
        (folder / "gold" / f"{id}.txt").write_text(text, encoding="utf-8")
        (folder / "rosters" / f"{id}.csv").write_text(ROSTER, encoding="utf-8")
    (folder / "neutral.json").write_text('{"A": ["Regional"]}', encoding="utf-8")
    rows = [("A", 1, ""), ("A", 3, "need.sequelae"), ("A", 5, "challenges.awareness_buyin"), ("B", 1, "")]
    second = "".join(f"{file},{turn},{codes}\n" for file, turn, codes in rows)
    (folder / "second_coder.csv").write_text("file,turn_index,codes\n" + second, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def engine() -> Analyzer:
    return commands._own_engine()


@pytest.mark.parametrize("degraded", [False, True])
def test_redaction_is_run_and_scored(gold_set: Path, engine: Analyzer, degraded: bool) -> None:
    rosters = gold_set / "rosters"
    score = commands.evaluate_redaction(gold_set, roster_dir=rosters, degraded=degraded, engine=engine)
    assert score["recall"].of == 4
    assert score["recall PERSON"].value == 1
    assert [file.transcript for file in score.files] == ["A", "B"]


def test_the_command_line_prints_the_same(
    gold_set: Path, engine: Analyzer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "redaction", str(gold_set), "--json", "--quiet"])
    assert caught.value.code == 0
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads(commands.evaluate_redaction(gold_set, engine=engine).to_json())
    assert "Margaret" not in json.dumps(result)


def test_misses_are_shown_with_their_text(gold_set: Path) -> None:
    gold = load_gold(gold_set)
    score = commands.score_redaction(gold, {"A": [], "B": []})
    lines = commands.shown_misses(gold_set, score).splitlines()
    assert len(lines) == 4
    assert (
        "missed LOCATION l1: rookdale Regional Hospital in >>Chicago<<, hired by Margaret Holloway."
        in lines[1]
    )


def test_suggestions_are_made_and_scored(gold_set: Path, embedder: SentenceEmbedder) -> None:
    score = commands.evaluate_suggestions(gold_set, embedder=embedder)
    assert [s.system for s in score.systems] == [
        "svp-nlp",
        "TF-IDF profile",
        "commonest code",
        "similarity alone",
        "length alone",
    ]
    assert score.notes[0] == "5 respondents' turns of 2 files, 3 of them coded; nothing confirmed"
    assert score["svp-nlp"]["a gold theme among the first three"].value == 1
    assert score["svp-nlp"]["coded or not, AUROC"].value == 1
    humans = {figure.name: figure.value for figure in score.humans["second coder"]}
    assert humans["same set of themes"] == 3 / 4
    assert "need.sequelae" in score.table()


def test_texts_are_redacted_by_the_golds_own_marks(gold_set: Path) -> None:
    gold = load_gold(gold_set)
    clean = commands.clean(gold)
    assert not any(name in clean["A"].text for name in ("Margaret", "Holloway", "Brookdale", "Chicago"))
    assert [t.role for t in clean["A"].turns] == [t.role for t in gold[0].transcript.turns]
    assert [t.role for t in clean["B"].turns] == [Role.INTERVIEWER, Role.RESPONDENT] * 2


def test_the_sets_own_codebook_is_used_where_its_themes_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "A.txt").write_text("Q: And?\n\nA: Late again.\n{{code: delay}}\n", encoding="utf-8")
    (tmp_path / "codebook.yaml").write_text(
        "title: Waiting\ndomains:\n- id: care\n  label: Care\n  themes:\n"
        "  - id: delay\n    label: Delay\n    definition: Waiting too long.\n",
        encoding="utf-8",
    )
    units = commands.gold_turns(load_gold(tmp_path))
    assert commands._codebook(tmp_path, None, units).title == "Waiting"
    assert len(commands._codebook(tmp_path, None, ()).themes) == 15


def test_a_missing_roster_is_an_error(gold_set: Path, tmp_path: Path) -> None:
    with pytest.raises(
        GoldError, match=r"^no roster for A, B; a file ID\.csv was expected for every gold file$"
    ):
        commands.evaluate_redaction(gold_set, roster_dir=tmp_path)
    for id in "AB":
        (tmp_path / f"{id}.csv").write_text("")
    with pytest.raises(RosterError, match=r"^the roster is empty"):
        commands.evaluate_redaction(gold_set, roster_dir=tmp_path)


def test_neutral_that_is_no_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    assert commands.load_neutral(tmp_path) == {}
    for wrong in ("[", '["NEA"]', '{"A": 1}'):
        (tmp_path / "neutral.json").write_text(wrong)
        with pytest.raises(
            GoldError, match=r"^neutral\.json: a list of surfaces for each file was expected$"
        ):
            commands.load_neutral(tmp_path)


def test_pictures_of_a_score(tmp_path: Path) -> None:
    units = [TurnGold("A", n, 50, frozenset({"a"})) for n in range(2)]
    made = {
        ("A", 0): TurnSuggestion((("a", 0.8), ("b", 0.1)), 0.9),
        ("A", 1): TurnSuggestion((("b", 0.6), ("a", 0.2)), 0.9),
    }
    score = score_suggestions(units, made, {"a": "x", "b": "x"})
    assert score.confusion == (("a", "a", 1), ("a", "b", 1))
    written = {
        p.name: p.read_text("utf-8") for p in commands.write_pictures(SuggestionScore((score,)), tmp_path)
    }
    assert written["confusion.csv"] == "coder,suggested first,turns\na,a,1\na,b,1\n"
    assert all(written[name].startswith("<svg") for name in ("calibration.svg", "coverage.svg"))
