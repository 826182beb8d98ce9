"""The review of a whole study: what people decide takes effect, out of the command line and back in."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from record_help import decided
from svp_nlp.cli import main
from svp_nlp.errors import ReviewError, StudyError
from svp_nlp.model import Role, Span
from svp_nlp.review.decisions import Action
from svp_nlp.review.identifiers import IdentifierDesk
from svp_nlp.study import Study, reviewing


@pytest.fixture
def study(demo: Path, tmp_path: Path) -> Study:
    shutil.copytree(demo, tmp_path / "study")
    return Study(tmp_path / "study")


def rule(desk: IdentifierDesk, target: str, action: str, **value: Any) -> Any:
    steps = [{"action": action, "value": value}]
    return desk.decide({"coder": "AB", "target": target, "steps": steps})


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def clean_text(study: Study) -> str:
    return "\n".join(transcript.text for transcript in study.transcripts.values())


def surface(desk: IdentifierDesk, id: str) -> str:
    letter, finding = desk.material.entities[id].places[0]
    return " ".join(desk.material.transcripts[letter][finding.span].split())


def test_what_is_decided_takes_effect(study: Study) -> None:
    desk = study.identifier_desk()
    asked = [e for e in desk.material.entities.values() if e.asked and len(e.places) == 1]
    kept = next(e for e in asked if surface(desk, e.id).isalpha())
    letter, transcript = next(iter(desk.material.transcripts.items()))
    word = next(w for w in transcript.text.split() if w.isalpha() and w.islower() and len(w) > 7)
    at = transcript.text.index(word)
    assert word in clean_text(study)
    assert surface(desk, kept.id) not in clean_text(study)

    rule(desk, kept.id, "not-an-identifier")
    rule(desk, "", "add-missed", transcript=letter, span=[at, at + len(word)], label="PERSON")
    desk.close()
    outcome = study.redact([])
    assert not outcome.unchanged
    assert outcome.leaks == ()
    assert surface(desk, kept.id) in clean_text(study)
    assert word not in clean_text(study)
    assert study.verify().clean
    assert study.redact([]).unchanged

    again = study.identifier_desk()
    assert kept.id not in again.material.entities
    again.undo({"coder": "AB"})
    again.undo({"coder": "AB"})
    again.close()
    study.redact([])
    assert surface(desk, kept.id) not in clean_text(study)
    assert word in clean_text(study)


def test_decisions_that_cannot_be_are_refused_by_name(study: Study) -> None:
    desk = study.identifier_desk()
    people = [id for id in desk.material.entities if id.startswith("PERSON")]
    place = next(id for id in desk.material.entities if id.startswith("LOCATION"))
    with pytest.raises(StudyError, match="only like goes with like"):
        rule(desk, people[0], "merge", into=place)
    rule(desk, people[0], "merge", into=people[1])
    with pytest.raises(StudyError, match=f"{people[0]} was merged into {people[1]} by decision 1"):
        rule(desk, people[2], "merge", into=people[0])
    desk.close()


def test_reviewed_when_the_queue_is_empty_or_the_rest_accepted(study: Study) -> None:
    left = study.cleared
    assert left.open
    assert not left.clean
    assert "Verified, review not finished" in study.report()[0].read_text("utf-8")
    desk = study.identifier_desk()
    rule(desk, "", "accept-rest", open=list(left.open), name="Ada Byron")
    desk.close()
    assert study.cleared.clean
    assert study.cleared.accepted_by == "Ada Byron"
    assert "Verified clean" in study.report()[0].read_text("utf-8")


def test_a_source_that_vanished_is_told_and_the_rest_reviewed(study: Study) -> None:
    gone = sorted(study.layout.sources.iterdir())[0]
    gone.unlink()
    desk = study.identifier_desk()
    row = desk.open({"coder": "AB"})
    assert len(row["gone"]) == 1
    assert len(row["transcripts"]) == 5
    assert desk.entity({"entity": row["entities"][0]["id"]})["contexts"]
    desk.close()


def test_every_place_is_what_was_found(study: Study) -> None:
    desk = study.identifier_desk()
    for letter, transcript in desk.material.transcripts.items():
        turns = desk.reading({"transcript": letter})["turns"]
        shown = [piece for turn in turns for piece in turn if piece[1] is not None]
        for text, start, end, *_ in shown:
            assert transcript[Span(start, end)].split() == text.split()
        read = "".join(piece[0] for piece in shown)
        for turn in transcript.turns:
            for speech in turn.speech:
                assert "".join(transcript[speech].split()) in "".join(read.split())
    desk.close()


def test_out_and_in_on_the_command_line(study: Study, tmp_path: Path, capsys: Any) -> None:
    root = str(study.layout.root)
    desk = study.coding_desk("AB")
    passage = next(p.id for p in desk.material.passages if desk.material.offered(p.id))
    theme = desk.material.codebook.themes[0].id
    steps = [{"action": "code", "value": {"themes": [theme]}}, {"action": "commit", "value": {}}]
    desk.decide({"coder": "AB", "passage": passage, "steps": steps})
    desk.close()
    out = tmp_path / "out.jsonl"
    assert command("export", "decisions", root, str(out)) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2
    assert command("export", "decisions", root, str(out)) == 1
    assert "out.jsonl exists" in capsys.readouterr().err
    assert command("import", "decisions", root, str(out)) == 0
    assert "0 decisions added, 2 were there already, 0 refused" in capsys.readouterr().out

    strange = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    strange[0]["value"]["themes"] = ["no.such"]
    strange[0]["id"] = "01900000-0000-7000-8000-000000000000"
    out.write_text("".join(json.dumps(row) + "\n" for row in strange), encoding="utf-8")
    assert command("import", "decisions", root, str(out), str(tmp_path / "gone.jsonl")) == 1
    said = capsys.readouterr()
    assert "line 1" in said.out
    assert "gone.jsonl cannot be read" in said.err

    page, sheet = tmp_path / "CD.html", tmp_path / "CD.xlsx"
    assert command("export", "page", root, str(page), "--coder", "CD", "--no-suggestions") == 0
    assert command("export", "sheet", root, str(sheet), "--coder", "CD") == 0
    assert page.stat().st_size > 10_000
    assert command("agreement", root) == 1
    assert command("review", root, "--coder", "a\nb", "--no-browser") == 1


def test_the_mode_is_on_record(study: Study) -> None:
    study.layout.settings.write_text("[review]\nblind = false\n", encoding="utf-8")
    Study(study.layout.root).coding_desk().close()
    receipt = json.loads((study.layout.coding / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["review"]["blind"] is False


def test_likeness_finds_the_passage_s_kin(study: Study) -> None:
    desk = study.coding_desk()
    first = next(p for p in desk.material.passages if p.role.value == "respondent")
    found = desk.similar({"passage": first.id})["passages"]
    assert len(found) == 20
    assert first.id not in found
    desk.close()


def test_coding_errors_are_counted_by_case_attribute(study: Study) -> None:
    passage = next(p for p in study.proposals.passages if p.role is Role.RESPONDENT)
    first, second = (theme.id for theme in study.codebook().themes[:2])
    log = reviewing.coding_log(study.layout, study.settings)
    for coder, theme in (("AB", first), ("CD", second)):
        for action, value in ((Action.CODE, {"themes": [theme]}), (Action.COMMIT, {})):
            log.append(decided(action, value, coder=coder, target=passage.id, study=log.study))
    verdict = {"themes": [first]}
    log.append(decided(Action.ADJUDICATE, verdict, coder="EF", target=passage.id, study=log.study))
    log.close()
    attributes = study.layout.coding / "attributes.csv"
    attributes.write_text(f"transcript,mode\n{passage.transcript},by phone\n", "utf-8")
    written = {path.name: path for path in study.figures()}
    rows = written["errors_by_attribute.csv"].read_text("utf-8").splitlines()
    assert rows[0].startswith("attribute,value,stage,transcripts,wrong")
    assert rows[1].startswith("mode,by phone,blind,1,0.500")
    attributes.write_text("transcript,mode\nnobody,by phone\n", "utf-8")
    with pytest.raises(StudyError, match=r"attributes\.csv, line 2"):
        study.figures()


def test_another_label_and_a_merge_leave_nothing_in_the_text(study: Study) -> None:
    desk = study.identifier_desk()
    people = [e for e in desk.material.entities.values() if e.label == "PERSON"]
    known = (study.layout.private / "roster.csv").read_text("utf-8")
    whole = [e for e in people if len((said := surface(desk, e.id)).split()) == 2 and said not in known]
    moved, one, other = whole[:3]
    names = [surface(desk, e.id) for e in (moved, one, other)]
    rule(desk, moved.id, "relabel", label="INSTITUTION")
    rule(desk, one.id, "merge", into=other.id)
    desk.close()
    outcome = study.redact([])
    assert outcome.leaks == ()
    text = clean_text(study)
    assert not [name for name in names if name in text]
    assert study.verify().clean
    lines = (study.layout.private / "findings.jsonl").read_text("utf-8").splitlines()
    entities = {row["entity"] for row in map(json.loads, lines) if row["status"] != "kept"}
    assert entities.isdisjoint({moved.id, one.id})
    assert other.id in entities

    again = study.identifier_desk()
    again.undo({"coder": "AB"})
    again.undo({"coder": "AB"})
    again.close()
    assert study.redact([]).leaks == ()
    lines = (study.layout.private / "findings.jsonl").read_text("utf-8").splitlines()
    assert {moved.id, one.id, other.id} <= {row["entity"] for row in map(json.loads, lines)}
    assert not [name for name in names if name in clean_text(study)]


def test_fewer_words_take_effect_and_come_back(tmp_path: Path) -> None:
    told = "Interviewer: Where do you work?\n\nRespondent: {} is where I am. {} is large.\n"
    (tmp_path / "one.txt").write_text(told.format("Old Fennimore Hospital", "Fennimore Hospital"), "utf-8")
    study = Study.create(tmp_path / "study")
    study.redact([tmp_path / "one.txt"])
    desk = study.identifier_desk()
    wide = next(e for e in desk.material.entities.values() if surface(desk, e.id).startswith("Old"))
    letter, finding = wide.places[0]
    start, end = finding.span.start, finding.span.end
    rule(desk, wide.id, "extent", transcript=letter, of=[start, end], span=[start + 4, end])
    desk.close()
    assert study.redact([]).leaks == ()
    assert "Respondent: Old [INSTITUTION" in clean_text(study)
    assert "Fennimore" not in clean_text(study)
    assert study.verify().clean
    assert study.redact([]).unchanged
    assert study.restore(tmp_path / "study" / "clean" / f"{letter}.txt").count("Fennimore") == 2

    again = study.identifier_desk()
    again.undo({"coder": "AB"})
    again.close()
    study.redact([])
    assert "Old" not in clean_text(study)


def test_more_words_and_other_words_take_effect(tmp_path: Path) -> None:
    told = "Interviewer: And then?\n\nRespondent: We met Anna there, and Sister Quilla Brandt of the unit.\n"
    (tmp_path / "one.txt").write_text(told, "utf-8")
    study = Study.create(tmp_path / "study")
    study.redact([tmp_path / "one.txt"])
    desk = study.identifier_desk()
    (name,) = (e for e in desk.material.entities.values() if "Brandt" in surface(desk, e.id))
    letter, finding = name.places[0]
    wide, start = [finding.span.start, finding.span.end], told.index("Brandt")
    span = [start, start + len("Brandt of the unit")]
    rule(desk, name.id, "extent", transcript=letter, of=wide, span=span)
    desk.close()
    assert study.redact([]).leaks == ()
    text = clean_text(study)
    assert "Brandt" not in text
    assert "of the unit" not in text
    assert study.verify().clean


def test_the_report_says_what_people_decided(study: Study) -> None:
    passages = [p for p in study.proposals.passages if p.role is Role.RESPONDENT][:3]
    first, second = (theme.id for theme in study.codebook().themes[:2])
    log = reviewing.coding_log(study.layout, study.settings)
    said = {passages[0].id: (first, first), passages[1].id: (first, second), passages[2].id: (second, None)}
    for id, themes in said.items():
        for coder, theme in zip(("AB", "CD"), themes, strict=True):
            if theme is not None:
                log.append(decided(Action.CODE, {"themes": [theme]}, coder=coder, target=id, study=log.study))
                log.append(decided(Action.COMMIT, {}, coder=coder, target=id, study=log.study))
    span = passages[0].pieces[0]
    pieces = [[span.start, span.start + 20]]
    quote = {"theme": first, "pieces": pieces}
    log.append(decided(Action.QUOTE, quote, coder="AB", target=passages[0].id, study=log.study))
    log.close()
    study.figures()
    written = {path.name: path for path in study.report()}
    page = written["report.html"].read_text("utf-8")
    assert "1 agreed on by all their coders, 1 by one coder" in page
    assert "On 1 passage coders differ" in page
    assert "Cohen&#39;s kappa" in page
    assert 'href="review/saturation.svg"' in page
    rows = written["decided.csv"].read_text("utf-8").splitlines()
    assert sum(map(int, next(r for r in rows if f",{first}," in r).split(",")[3:])) == 1
    quotes = written["themes.csv"].read_text("utf-8")
    assert quotes.count(",decided\n") == 1


def coded(study: Study, coder: str, themes: dict[str, str]) -> None:
    log = reviewing.coding_log(study.layout, study.settings)
    version = study.codebook().version
    for passage, theme in themes.items():
        for action, value in ((Action.CODE, {"themes": [theme]}), (Action.COMMIT, {})):
            made = decided(action, value, coder=coder, target=passage, study=log.study)
            log.append(replace(made, codebook_version=version))
    log.close()


def test_the_learning_curve_is_judged_on_what_was_left_out(study: Study) -> None:
    with pytest.raises(StudyError, match="0 transcripts have final codings"):
        study.learning_curve()
    theme = study.codebook().themes[0].id
    answers = [p for p in study.proposals.passages if p.role is Role.RESPONDENT]
    some = sorted({p.transcript for p in answers})[:3]
    several = [p for t in some for p in [p for p in answers if p.transcript == t][:2]]
    coded(study, "AB", {p.id: theme for p in several})
    curve = study.learning_curve()
    assert (curve.passages, curve.of) == (6, 3)
    assert [p.transcripts for p in curve.points] == [0, 1, 2]
    assert all(0 <= p.lowest <= p.first <= p.highest <= 1 for p in curve.points)
    assert all(p.first <= p.three <= 1 for p in curve.points)
    assert study.learning_curve() == curve
    assert "first three" in curve.table()
    assert curve.figure().startswith("<svg")


def test_suggestions_can_follow_one_coder(study: Study) -> None:
    first, second = (theme.id for theme in study.codebook().themes[:2])
    passage = next(p for p in study.proposals.passages if p.role is Role.RESPONDENT)
    coded(study, "AB", {passage.id: first})
    coded(study, "CD", {passage.id: second})
    assert study.suggest().confirmed == 0
    assert study.suggest(coder="AB").confirmed == 1
    receipt = json.loads((study.layout.coding / "receipt.json").read_text("utf-8"))
    assert receipt["suggest"]["learned_from"] == "AB"
    with pytest.raises(ReviewError, match="'EF' has decided nothing; who has: AB, CD"):
        study.suggest(coder="EF")
