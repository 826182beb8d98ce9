"""A transcript is taken out of a study, with all that was made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from record_help import decided
from svp_nlp.cli import main
from svp_nlp.errors import StudyError
from svp_nlp.review.decisions import Action
from svp_nlp.study import Study, reviewing

FIRST = (
    "Interviewer: Tell me.\n\n"
    "Tamsin Overgaard: I am Tamsin Overgaard, and Dr. Iolanthe Prewitt helped me at Crestholm Hospital, "
    "where I lay awake for weeks and wanted somebody to listen.\n"
)
SECOND = (
    "Interviewer: And you?\n\n"
    "Ottoline Varga: We met Dr. Iolanthe Prewitt at Crestholm Hospital on May 4, 2018, and nobody told us "
    "what had happened to my sister Marigold Varga that night.\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("removing")
    for name, text in (("first.txt", FIRST), ("varga.txt", SECOND)):
        (home / name).write_text(text, encoding="utf-8")
    study = Study.create(home / "study")
    study.redact([home / "first.txt", home / "varga.txt"])
    study.suggest()
    study.exemplars()
    return home / "study"


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Study:
    return Study(shutil.copytree(made, tmp_path / "study"))


def letter_of(study: Study, name: str) -> str:
    rows = json.loads((study.layout.private / "study.json").read_text(encoding="utf-8"))["records"]
    return next(Path(row["clean"]).stem for row in rows if row["source"] == name)


def code(study: Study, letter: str) -> None:
    """Let two coders agree on a passage of this transcript."""
    passage = next(p for p in study.proposals.passages if p.transcript == letter and p.role == "respondent")
    theme = study.codebook().themes[0].id
    log = reviewing.coding_log(study.layout, study.settings)
    for coder in ("AB", "CD"):
        for action, value in ((Action.CODE, {"themes": [theme]}), (Action.COMMIT, {})):
            log.append(decided(action, value, coder=coder, target=passage.id, study=log.study))
    log.close()


def everything(study: Study) -> str:
    """All texts of the study but its record of decisions and its ledger."""
    kept = {"decisions.sqlite", "ledger.json"}
    files = [p for p in study.layout.root.rglob("*") if p.is_file() and p.name not in kept]
    return "\n".join(f"{p.name}\n{p.read_bytes().decode('utf-8', 'replace')}" for p in files)


def test_what_was_made_of_it_goes_with_it(study: Study) -> None:
    letter, other = letter_of(study, "varga.txt"), letter_of(study, "first.txt")
    told = study.remove("varga.txt")
    assert told.letter == letter
    assert (told.findings > 3, told.passages > 1) == (True, True)
    assert "Ottoline" not in everything(study)
    assert "varga" not in everything(study)
    assert "told us" not in everything(study)
    assert set(study.transcripts) == {other}
    assert {p.transcript for p in study.proposals.passages} == {other}
    assert json.loads((study.layout.coding / "removed.json").read_text(encoding="utf-8")) == [letter]
    assert study.verify().clean


def test_the_rest_of_the_study_goes_on_with_its_pseudonyms(study: Study) -> None:
    before = {row.names[0]: row.pseudonym for row in study.ledger if "Iolanthe Prewitt" in row.names}
    clean = study.transcripts[letter_of(study, "first.txt")].text
    study.remove(letter_of(study, "varga.txt"))
    assert {row.files for row in study.ledger} == {(letter_of(study, "first.txt"),)}
    assert not study.redact().unchanged
    assert study.redact().unchanged
    assert study.transcripts[letter_of(study, "first.txt")].text == clean
    assert {row.names[0]: row.pseudonym for row in study.ledger if row.names[0] in before} == before
    assert study.verify().clean


def test_decisions_stay_in_the_record_and_no_longer_count(study: Study, tmp_path: Path) -> None:
    gone, here = letter_of(study, "varga.txt"), letter_of(study, "first.txt")
    code(study, gone)
    code(study, here)
    assert {id.partition(":")[0] for id in study.final_codings()} == {gone, here}
    study.remove(gone)
    assert {id.partition(":")[0] for id in study.final_codings()} == {here}
    assert study.export_decisions(tmp_path / "all.jsonl") == 8
    assert study.agreement().blind.table()


def test_its_letter_never_means_another_transcript(study: Study, tmp_path: Path) -> None:
    letters = {letter_of(study, "varga.txt"), letter_of(study, "first.txt")}
    study.remove("varga.txt")
    (tmp_path / "new.txt").write_text(SECOND.replace("Ottoline", "Sunniva"), encoding="utf-8")
    study.redact([tmp_path / "new.txt"])
    assert letter_of(study, "new.txt") not in letters


def test_what_was_cut_off_can_be_run_again(study: Study) -> None:
    (study.layout.sources / "varga.txt").unlink()
    (study.layout.clean / f"{letter_of(study, 'varga.txt')}.txt").unlink()
    study.remove("varga.txt")
    assert not study.redact().unchanged


def test_the_last_transcript_can_go(study: Study) -> None:
    study.remove("varga.txt")
    study.remove("first.txt")
    assert study.redact().counts == {}
    assert study.transcripts == {}


def test_what_is_not_there_is_one_sentence(study: Study) -> None:
    before = everything(study)
    with pytest.raises(StudyError) as problem:
        study.remove("none.txt")
    assert problem.value.message == "the study has no such transcript"
    assert everything(study) == before


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(list(words))
    return int(done.value.code or 0)


def test_the_command_says_what_goes_and_does_it_only_when_told(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    root, letter, before = str(study.layout.root), letter_of(study, "varga.txt"), everything(study)
    assert run("remove", root, "varga.txt") == 0
    told = capsys.readouterr().err
    assert told.startswith(f"transcript {letter}: its source and its clean file, ")
    assert told.endswith("nothing was removed; --yes does it, and there is no way back\n")
    assert "arga" not in told
    assert everything(study) == before
    (study.layout.reports).mkdir()
    (study.layout.reports / "report.html").write_text("made before", encoding="utf-8")
    assert run("remove", root, letter, "--yes") == 0
    assert "reports/ was made with it and stays: reports/report.html" in capsys.readouterr().err
    assert "Ottoline" not in everything(study)
    assert run("remove", root, letter, "--yes") == 1
    assert capsys.readouterr().err.startswith("svp-nlp: the study has no such transcript\n")
