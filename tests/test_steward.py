"""The steward's work on a small study with the real model: decide, run again, lock, restore, account."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from svp_nlp.errors import LeakError, StudyError
from svp_nlp.evaluation.gold import marked_by_hand
from svp_nlp.model import Label
from svp_nlp.study import Study
from svp_nlp.study.stewarding import decision_table, queue, read_sheet, write_sheet

FIRST = (
    "Interviewer: Tell me about the night.\n\n"
    "Quillan Drost: Dr. Marisol Ontiveros called me at Bexhill Regional Hospital on March 3, 2019. "
    "I am Quillan Drost, and Marisol stayed the whole night.\n\n"
    "Interviewer: Who was there?\n\n"
    "Quillan Drost: Peer support was there, and Wolverton came by in the morning, he always does.\n"
)
SECOND = (
    "Interviewer: Where do you work?\n\n"
    "Hedda Vantongeren: At Bexhill Regional Hospital, with Dr. Ontiveros. I am Hedda Vantongeren, 41 years "
    "old, and I came in 2011.\n"
)
ROSTER = "name,type,aliases\nMarisol Ontiveros,PERSON,\nBexhill Regional Hospital,INSTITUTION,Bexhill\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("steward")
    (home / "Drost.txt").write_text(FIRST, "utf-8")
    (home / "Vantongeren.txt").write_text(SECOND, "utf-8")
    (home / "roster.csv").write_text(ROSTER, "utf-8")
    study = Study.create(home / "study")
    found = study.redact([home / "Drost.txt", home / "Vantongeren.txt"], roster=home / "roster.csv")
    assert not found.leaks
    assert study.verify().clean
    return home / "study"


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Study:
    return Study(shutil.copytree(made, tmp_path / "study"))


def entity_of(study: Study, name: str) -> str:
    return next(row.entity for row in study.ledger if name in row.names)


def letter_of(study: Study, source: str) -> str:
    records = json.loads((study.layout.private / "study.json").read_text("utf-8"))["records"]
    return next(str(r["clean"]) for r in records if r["source"] == source)


def clean_text(study: Study, source: str) -> str:
    return (study.layout.clean / letter_of(study, source)).read_text("utf-8")


NAMES = ("Drost", "Quillan", "Ontiveros", "Marisol", "Bexhill", "Vantongeren", "Hedda")


def test_the_ledger_shows_names_only_when_asked(study: Study) -> None:
    view = study.ledger
    told = view.table() + view._repr_html_() + repr(view) + repr(view[0]) + view.to_frame().to_csv()
    assert not [name for name in NAMES if name in told]
    assert "[PERSON " in told
    for shown in (view.table(show=True), view.to_html(show=True), view.to_frame(show=True).to_csv()):
        assert all(name in shown for name in ("Ontiveros", "Bexhill", "Vantongeren"))
    row = next(row for row in view if "Marisol Ontiveros" in row.names)
    assert row.label is Label.PERSON
    assert row.count >= 3
    assert len(row.files) == 2
    assert len(view[:2]) == 2


def test_decisions_take_effect_with_the_next_run_and_can_be_undone(study: Study) -> None:
    chief, clinic = entity_of(study, "Marisol Ontiveros"), entity_of(study, "Bexhill Regional Hospital")
    before = clean_text(study, "Drost.txt")
    told = study.decide("rename", chief, pseudonym="[CHIEF 1]", by="AB")
    assert "decision 1" in str(told)
    assert "svp-nlp redact --study DIR" in str(told)
    assert clean_text(study, "Drost.txt") == before
    outcome = study.redact()
    assert not outcome.leaks
    assert not outcome.unchanged
    assert "[CHIEF 1] stayed the whole night" in clean_text(study, "Drost.txt")
    assert "[CHIEF 1]" in clean_text(study, "Vantongeren.txt")
    assert study.verify().clean
    assert study.redact().unchanged
    study.decide("undo", number=1)
    assert not study.redact().leaks
    assert clean_text(study, "Drost.txt") == before
    assert f"[{clinic}]" in before
    log = [json.loads(x) for x in (study.layout.private / "decisions.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in log] == ["rename", "undo"]
    assert log[0]["by"] == "AB"
    assert all(row["at"].startswith("20") for row in log)


def test_what_is_said_to_be_no_identifier_stays_in_the_text(study: Study) -> None:
    wolverton = entity_of(study, "Wolverton")
    study.decide("keep", wolverton)
    assert not study.redact().leaks
    assert "Wolverton came by" in clean_text(study, "Drost.txt")
    assert study.verify().clean
    assert wolverton not in {row.entity for row in study.ledger}
    rows = [json.loads(x) for x in (study.layout.private / "findings.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows if FIRST[row["start"] : row["end"]] == "Wolverton"] == ["kept"]


def test_merge_and_split(study: Study) -> None:
    one, other = entity_of(study, "Wolverton"), entity_of(study, "Marisol Ontiveros")
    study.decide("merge", one, into=other)
    study.decide("split", other, surfaces=["Marisol"])
    assert not study.redact().leaks
    text = clean_text(study, "Drost.txt")
    assert f"[{other}] came by" in text
    assert f"[{other}B] stayed" in text


def test_a_name_put_on_the_roster_is_found(study: Study) -> None:
    study.decide("add", surfaces=("Peer support",), label="INSTITUTION")
    assert not study.verify().clean
    assert not study.redact().leaks
    assert "Peer support" not in clean_text(study, "Drost.txt")
    assert study.verify().clean


@pytest.mark.parametrize(
    ("kind", "told", "problem"),
    [
        ("merge", {"into": "INSTITUTION ?"}, "the ledger has no entity"),
        ("rename", {"pseudonym": "Nurse in chief"}, "speaks in an interview"),
        ("rename", {"pseudonym": "[Hedda]"}, "holds a name that the study hides"),
        ("split", {"surfaces": ["Nobody"]}, "no such variant"),
        ("forget", {}, "cannot be decided"),
        ("undo", {"number": 7}, "no decision 7"),
        ("add", {"surfaces": ["Ann"], "label": "ANIMAL"}, "one of the labels"),
        ("keep", {"surfaces": ["Nobody"]}, "no such variant"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_recorded(
    study: Study, kind: str, told: dict[str, object], problem: str
) -> None:
    with pytest.raises(StudyError, match=problem) as refused:
        study.decide(kind, entity_of(study, "Quillan Drost"), **told)
    assert not [name for name in NAMES if name in str(refused.value)]
    assert not (study.layout.private / "decisions.jsonl").exists()


def test_contradictions_name_the_decision_in_the_way(study: Study) -> None:
    wolverton, other = entity_of(study, "Wolverton"), entity_of(study, "Quillan Drost")
    study.decide("keep", wolverton)
    for kind, entity, told in [
        ("confirm", wolverton, {}),
        ("merge", other, {"into": wolverton}),
        ("add", "", {"surfaces": ["Wolverton"], "label": "PERSON"}),
    ]:
        with pytest.raises(StudyError, match="no identifier by decision 1"):
            study.decide(kind, entity, **told)
    study.decide("undo", number=1)
    study.decide("add", surfaces=["Wolverton"], label="PERSON")
    with pytest.raises(StudyError, match="on the study's roster"):
        study.decide("keep", wolverton)
    assert [row.split("\t")[1] for row in decision_table(study.layout).splitlines()[1:]] == [
        "keep",
        "undo 1",
        "add",
    ]


def test_a_listed_name_cannot_be_kept(study: Study) -> None:
    with pytest.raises(StudyError, match="on the study's roster"):
        study.decide("keep", entity_of(study, "Marisol Ontiveros"))


def test_a_damaged_log_is_named_by_line_and_nothing_is_redacted(study: Study) -> None:
    study.decide("confirm", entity_of(study, "Wolverton"))
    path = study.layout.private / "decisions.jsonl"
    path.write_text(path.read_text() + '{"kind": "conf')
    before = clean_text(study, "Drost.txt")
    with pytest.raises(StudyError, match="line 2 of the decisions"):
        study.redact()
    assert clean_text(study, "Drost.txt") == before


def test_the_sheet_goes_out_and_comes_back(study: Study, tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "ledger.xlsx"
    write_sheet(study.layout, path)
    with pytest.raises(StudyError, match="exists already"):
        write_sheet(study.layout, path)
    with pytest.raises(StudyError, match="clean/ may leave"):
        write_sheet(study.layout, study.layout.clean / "ledger.csv")
    with pytest.raises(StudyError, match=r"a \.csv or an \.xlsx"):
        write_sheet(study.layout, tmp_path / "ledger.pdf")
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    columns = {cell.value: cell.column for cell in sheet[1]}
    row = next(r[0].row for r in sheet.iter_rows(min_row=2) if "Wolverton" in [c.value for c in r])
    sheet.cell(row, columns["identifier"], "no")
    book.save(path)
    assert read_sheet(study.layout, path).numbers == (1,)
    assert not study.redact().leaks
    assert "Wolverton" in clean_text(study, "Drost.txt")


def test_restore_gives_back_sources_and_quotes(study: Study) -> None:
    letter = letter_of(study, "Drost.txt")
    assert study.restore(study.layout.clean / letter) == FIRST
    assert study.restore(Path(letter).stem) == FIRST
    clean = clean_text(study, "Drost.txt")
    said = "stayed the whole night"
    quote = clean[clean.index("I am ") : clean.index(said) + len(said)]
    back = study.restore(f"As one said, “{quote}” and [{entity_of(study, 'Marisol Ontiveros')}] left")
    assert "“I am Quillan Drost, and Marisol stayed the whole night”" in back
    assert back.endswith("and Marisol Ontiveros left")
    with pytest.raises(StudyError, match="no file nothing"):
        study.restore(Path("nothing.txt"))


def test_changed_sources_and_clean_files_are_told(study: Study) -> None:
    source = study.layout.sources / "Drost.txt"
    source.write_text(FIRST + "\nQuillan Drost: One more thing.\n", "utf-8")
    for verb in (study.redact, study.audit, lambda: study.restore("text")):
        with pytest.raises(StudyError, match=r"sources/Drost.txt has changed since it was redacted"):
            verb()
    assert not study.redact(force=True).leaks
    assert "One more thing" in clean_text(study, "Drost.txt")
    assert study.audit().audit.replaced > 0
    source.unlink()
    with pytest.raises(StudyError, match="gone"):
        study.redact()


def test_the_key_is_sealed_and_the_clean_side_goes_on(study: Study) -> None:
    files = {p.name: p.read_bytes() for p in study.layout.private.iterdir() if p.is_file()}
    study.lock("three quiet words")
    left = [p for p in study.layout.private.rglob("*") if p.is_file() and p.parent == study.layout.private]
    assert [p.name for p in left] == ["key"]
    sealed = left[0].read_bytes()
    assert not [name for name in NAMES if name.encode() in sealed]
    assert "2 transcripts" in repr(study)
    assert len(study.transcripts) == 2
    assert study.suggest().passages
    assert study.report()[0].exists()
    assert "Not verified" in study.report()[0].read_text("utf-8")
    for verb in (study.verify, study.redact, lambda: study.ledger, study.audit, lambda: study.restore("x")):
        with pytest.raises(StudyError, match="the key of this study is locked"):
            verb()
    with pytest.raises(StudyError, match="passphrase is wrong"), study.unlocked("three loud words"):
        pass
    with pytest.raises(StudyError, match="locked already"):
        study.lock("three quiet words")
    with study.unlocked("three quiet words"):
        assert study.verify().clean
        study.decide("confirm", entity_of(study, "Wolverton"))
    assert not (study.layout.private / "ledger.json").exists()
    study.unlock("three quiet words")
    now = {p.name: p.read_bytes() for p in study.layout.private.iterdir() if p.is_file()}
    assert {name: now[name] for name in files} == files
    assert "confirm" in now["decisions.jsonl"].decode()
    with pytest.raises(StudyError, match="not locked"):
        study.unlock("three quiet words")


def test_the_key_is_sealed_again_when_a_run_fails(study: Study) -> None:
    study.lock("three quiet words")
    with pytest.raises(RuntimeError), study.unlocked("three quiet words"):
        raise RuntimeError
    assert [p.name for p in study.layout.private.iterdir() if p.is_file()] == ["key"]


def test_tampering_and_the_key_of_another_study(study: Study, tmp_path: Path) -> None:
    other = Study.create(tmp_path / "other")
    (tmp_path / "Note.txt").write_text("Q: Who?\n\nA: Ottoline Fairweather-Bligh.\n", "utf-8")
    other.redact([tmp_path / "Note.txt"])
    for one in (study, other):
        one.lock("three quiet words")
    key = study.layout.private / "key"
    own = key.read_bytes()
    key.write_bytes((other.layout.private / "key").read_bytes())
    with pytest.raises(StudyError, match="belongs to another study"):
        study.unlock("three quiet words")
    key.write_bytes(own[:-1] + bytes([own[-1] ^ 1]))
    with pytest.raises(StudyError, match="has been changed"):
        study.unlock("three quiet words")
    key.write_bytes(own[:40])
    with pytest.raises(StudyError, match="key file"):
        study.unlock("three quiet words")
    assert not (study.layout.private / "ledger.json").exists()
    key.write_bytes(own)
    study.unlock("three quiet words")
    assert study.verify().clean


def test_a_run_that_was_cut_off_loses_nothing(study: Study) -> None:
    study.lock("three quiet words")
    sealed = (study.layout.private / "key").read_bytes()
    study.unlock("three quiet words")
    (study.layout.private / "key").write_bytes(sealed)  # as when the machine stopped in between
    study.decide("confirm", entity_of(study, "Wolverton"))
    with pytest.raises(StudyError, match="passphrase is wrong"):
        study.lock("another passphrase")
    study.lock("three quiet words")
    with study.unlocked("three quiet words"):
        assert "confirm" in decision_table(study.layout)


def test_the_audit_counts_and_tells_no_value(study: Study, tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("who,role,site\np1,nurse,Bexhill\np2,nurse,Bexhill\np3,surgeon,Bexhill\n", "utf-8")
    made = study.audit(cases=cases, codes=True)
    page = made.paths[0].read_text("utf-8") + made.paths[1].read_text("utf-8") + made._repr_html_()
    assert not [name for name in (*NAMES, "surgeon", "Wolverton") if name in page]
    assert "| role × site | 3 | 2 | 1 | 1 |" in page
    assert "<td>role × site</td><td>3</td><td>2</td><td>1</td><td>1</td>" in page
    assert made.codes is not None
    assert made.codes.passages >= made.codes.changed >= made.codes.changed_touched
    assert made.codes.touched > 0
    assert made.audit.share_changed > 0.05
    assert study.verify().clean
    assert study.audit().audit.combinations == made.audit.combinations  # the cases are kept
    with pytest.raises(StudyError, match="no file nowhere"):
        study.audit(cases=tmp_path / "nowhere.csv")


def test_canaries_are_counted_and_leave_no_trace(study: Study) -> None:
    before = sorted(p.name for p in study.layout.root.rglob("*"))
    found = study.canaries(each=2, seed="a")
    assert sum(found.planted.values()) == 2 * 2 * len(Label)
    assert found.recall > 0.8
    assert sorted(p.name for p in study.layout.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("profile", "there", "gone"),
    [
        ("public", ("[a hospital]", "***", "40s", "[early 2019]"), ("March 3", "41 years")),
        ("safe_harbor", ("2019", "2011", "41 years", "[PERSON"), ("March 3",)),
        ("strict", ("[DATE 1]", "[AGE 1]"), ("2011", "March 3")),
        ("team", ("41 years", "[PERSON"), ("March 3, 2019",)),
    ],
)
def test_exports_of_one_study(
    study: Study, tmp_path: Path, profile: str, there: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    out = tmp_path / "out" / profile
    done = study.export(profile, out)
    assert done.transcripts == 2
    assert done.profile == profile
    text = "".join(p.read_text("utf-8") for p in sorted(out.glob("*.txt")))
    assert all(words in text for words in there)
    assert not [words for words in (*gone, *NAMES) if words in text]
    assert json.loads((out / "receipt.json").read_text())["export"]["profile"] == profile
    with pytest.raises(StudyError, match="is not empty"):
        study.export(profile, out)
    study.export(profile, out, force=True)
    assert [p.name for p in out.parent.iterdir()] == [profile]


def test_pseudonyms_are_the_same_in_every_export(study: Study, tmp_path: Path) -> None:
    study.export("safe_harbor", tmp_path / "a")
    name = letter_of(study, "Drost.txt")
    assert f"[{entity_of(study, 'Marisol Ontiveros')}] stayed" in (tmp_path / "a" / name).read_text("utf-8")


def test_an_export_never_goes_into_the_study_and_never_out_unclean(study: Study, tmp_path: Path) -> None:
    for part in (study.layout.root, study.layout.clean / "x", study.layout.private):
        with pytest.raises(StudyError, match="a part of the study"):
            study.export("public", part)
    study.decide("keep", entity_of(study, "Wolverton"))
    study.redact()
    roster = study.layout.private / "roster.csv"
    roster.write_text(ROSTER + "Ada Wolverton,PERSON,\n", "utf-8")  # a part of this name is left in the text
    assert not study.verify().clean
    with pytest.raises(LeakError, match="nothing was written"):
        study.export("public", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_misses_become_roster_entries(study: Study, tmp_path: Path) -> None:
    marked = FIRST.replace("Peer support", "[[INSTITUTION:a|Peer support]]").replace(
        "Marisol stayed", "[[PERSON:b|Marisol]] stayed"
    )
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "Drost.txt").write_text(marked, "utf-8")
    found = study.missed(marked_by_hand(tmp_path / "gold"))
    assert found.marks == 2
    assert [list(c.items()) for c in found.counts.values()] == [[(Label.INSTITUTION, 1)]]
    assert "Peer" not in found.table() + repr(found) + found._repr_html_()
    assert study.add_missed(found).numbers == (1,)
    assert not study.redact().leaks
    assert "Peer support" not in clean_text(study, "Drost.txt")
    assert not study.missed(marked_by_hand(tmp_path / "gold")).decisions


def test_a_miss_that_contradicts_a_decision_is_told(study: Study, tmp_path: Path) -> None:
    study.decide("keep", entity_of(study, "Wolverton"))
    study.redact()
    (tmp_path / "Drost.txt").write_text(FIRST.replace("Wolverton", "[[PERSON:a|Wolverton]]"), "utf-8")
    done = study.add_missed(study.missed(marked_by_hand(tmp_path)))
    assert done.numbers == ()
    assert "no identifier by decision 1" in str(done.problems[0])


def test_a_marked_text_of_another_study_is_refused(study: Study, tmp_path: Path) -> None:
    (tmp_path / "Else.txt").write_text("Q: Who?\n\nA: [[PERSON:a|Ann Lee]].\n", "utf-8")
    with pytest.raises(StudyError, match="none of this study's sources"):
        study.missed(marked_by_hand(tmp_path))


def test_the_queue_is_sorted_by_what_would_leak(study: Study) -> None:
    path = study.layout.private / "findings.jsonl"
    rows = [json.loads(x) for x in path.read_text("utf-8").splitlines()]
    for row in rows:
        row["status"] = "review"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    risks = [question.risk for question in queue(study.layout)]
    assert risks == sorted(risks, reverse=True)
    assert len(risks) == len({row["entity"] for row in rows})


def test_stand_ins_are_the_same_in_all_runs_and_exports(study: Study, tmp_path: Path) -> None:
    named = {"PERSON": "surrogate", "INSTITUTION": "surrogate"}
    chief = entity_of(study, "Marisol Ontiveros")
    study.export("team", tmp_path / "a", operators=named)
    first = (tmp_path / "a" / letter_of(study, "Drost.txt")).read_text("utf-8")
    assert not [name for name in (*NAMES, "[PERSON", "[INSTITUTION") if name in first]
    assert study.verify().clean
    settings = study.layout.settings
    wanted = 'operators = {PERSON = "surrogate", INSTITUTION = "surrogate"}'
    settings.write_text(
        "\n".join(wanted if x.startswith("operators") else x for x in settings.read_text().splitlines())
    )
    study = Study(study.layout.root)
    third = tmp_path / "Third.txt"
    third.write_text("Interviewer: Who?\n\nAnselm Brightwater: Dr. Marisol Ontiveros.\n", "utf-8")
    assert not study.redact([third]).leaks
    assert study.verify().clean
    stand_in = next(row.pseudonym for row in study.ledger if row.entity == chief)
    given, family = stand_in.split()
    assert f"Dr. {given} {family} called me" in first
    assert f"and {given} stayed" in first
    assert f"and {given} stayed" in clean_text(study, "Drost.txt")
    assert f"Dr. {family}" in clean_text(study, "Vantongeren.txt")
    assert stand_in in clean_text(study, "Third.txt")
    assert study.restore(study.layout.clean / letter_of(study, "Third.txt")) == third.read_text("utf-8")
    study.export("team", tmp_path / "b", operators=named)
    assert stand_in in (tmp_path / "b" / letter_of(study, "Third.txt")).read_text("utf-8")
