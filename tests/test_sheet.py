from __future__ import annotations

from pathlib import Path

import pytest

from svp_nlp.errors import StudyError
from svp_nlp.model import Label
from svp_nlp.redaction.decisions import fold_ledger
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.sheet import COLUMNS, ledger_rows, read_sheet, write_csv, write_xlsx

LEDGER = Ledger(
    (
        Entity(
            "PERSON 1", Label.PERSON, "[PERSON 1]", {"Ann Bell": {"t": 2}, "Annie": {"t": 1}, "Nan": {"t": 1}}
        ),
        Entity("PERSON 2", Label.PERSON, "[PERSON 2]", {"Tate": {"t": 2}}),
        Entity("CONTACT 1", Label.CONTACT, "[CONTACT 1]", {"+1 555 0172": {"t": 1}}),
    ),
    {"t": "C"},
    "seed",
)


def answered(path: Path, **answers: dict[str, str]) -> Path:
    """Write the ledger to *path* with answers by surface (spaces as underscores)."""
    if path.suffix == ".csv":
        import csv
        import io

        rows = list(csv.DictReader(io.StringIO(write_csv(LEDGER))))
        for row in rows:
            row.update(answers.get(row["surface"].replace(" ", "_"), {}))
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        return path
    import openpyxl

    write_xlsx(LEDGER, path)
    book = openpyxl.load_workbook(path)
    for cells in book.active.iter_rows(min_row=2):
        for column, value in answers.get(str(cells[3].value).replace(" ", "_"), {}).items():
            cells[COLUMNS.index(column)].value = value
    book.save(path)
    return path


def test_the_table_tells_and_asks() -> None:
    rows = ledger_rows(LEDGER)
    assert rows[1] == ["PERSON 1", "PERSON", "[PERSON 1]", "Ann Bell", "2", "C", "", "", "", ""]
    assert len(rows) == 6
    assert "'+1 555 0172" in write_csv(LEDGER)


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.xlsx"])
def test_there_and_back(tmp_path: Path, name: str) -> None:
    path = answered(
        tmp_path / name,
        Annie={"move_to": "PERSON 2"},
        Nan={"move_to": "new"},
        Tate={"rename_to": "[the chief]", "on_roster": "yes"},
        **{"+1_555_0172": {"identifier": "no"}, "'+1_555_0172": {"identifier": "no"}},
    )
    log = read_sheet(path, LEDGER, (), Roster())
    folded = fold_ledger(LEDGER, log)
    assert {e.id: set(e.variants) for e in folded} == {
        "PERSON 1": {"Ann Bell"},
        "PERSON 2": {"Annie", "Tate"},
        "PERSON 1C": {"Nan"},
    }
    assert folded["PERSON 2"].pseudonym == "[the chief]"
    assert [d.kind.value for d in log] == ["split", "merge", "split", "rename", "roster", "keep"]


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.xlsx"])
def test_unanswered_decides_nothing(tmp_path: Path, name: str) -> None:
    assert read_sheet(answered(tmp_path / name), LEDGER, (), Roster()) == ()


def test_the_whole_entity_moved_is_a_merge(tmp_path: Path) -> None:
    path = answered(tmp_path / "s.csv", Tate={"move_to": "PERSON 1"})
    assert [d.kind.value for d in read_sheet(path, LEDGER, (), Roster())] == ["merge"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"Annie": {"move_to": "PERSON 9"}}, "line 3 of the sheet: the ledger has no entity PERSON 9"),
        ({"Annie": {"identifier": "maybe"}}, "line 3 of the sheet, column identifier: expected yes or no"),
        (
            {"Annie": {"rename_to": "[a]"}, "Nan": {"rename_to": "[b]"}},
            "line 4 of the sheet gives PERSON 1 a second new pseudonym",
        ),
        (
            {"Annie": {"surface": "Anny"}},
            "line 3 of the sheet has an entity or a variant that the ledger does not have",
        ),
        (
            {"Tate": {"move_to": "PERSON 1", "rename_to": "[a]"}},
            "line 5 of the sheet: PERSON 2 was merged into PERSON 1 by decision 1",
        ),
    ],
)
def test_answers_that_cannot_be(tmp_path: Path, answers: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(StudyError) as error:
        read_sheet(answered(tmp_path / "s.csv", **answers), LEDGER, (), Roster())
    assert error.value.message == message


@pytest.mark.parametrize("name", ["s.csv", "s.xlsx"])
def test_files_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="the sheet cannot be read as"):
        read_sheet(tmp_path / name, LEDGER, (), Roster())
    (tmp_path / "t.csv").write_text("who,what\n", encoding="utf-8")
    with pytest.raises(StudyError, match="the sheet has no header"):
        read_sheet(tmp_path / "t.csv", LEDGER, (), Roster())
