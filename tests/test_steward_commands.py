"""The steward's commands as typed: exit codes, where names may appear, what is asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from svp_nlp.cli import main

TALK = (
    "Interviewer: Tell me.\n\n"
    "Tamsin Overgaard: I am Tamsin Overgaard, and Dr. Iolanthe Prewitt helped me at Crestholm Hospital.\n\n"
    "Interviewer: And then?\n\n"
    "Tamsin Overgaard: Iolanthe called Crestholm Hospital again on May 4, 2018.\n"
)
NAMES = ("Tamsin", "Overgaard", "Iolanthe", "Prewitt", "Crestholm")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("commands")
    (home / "talk.txt").write_text(TALK, "utf-8")
    with pytest.raises(SystemExit) as done:
        main(["redact", str(home / "talk.txt"), "--study", str(home / "study"), "--quiet"])
    assert done.value.code == 0
    return home / "study"


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study")


class Shell:
    """Runs commands and keeps what they say."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str | Path) -> int:
        with pytest.raises(SystemExit) as done:
            main([str(word) for word in words])
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.err
        assert isinstance(done.value.code, int)
        return done.value.code

    def names(self) -> list[str]:
        return [name for name in NAMES if name in self.out + self.err]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("SVP_NLP_PASSPHRASE", raising=False)
    return Shell(capsys)


def test_names_appear_only_when_asked_for(folder: Path, run: Shell, tmp_path: Path) -> None:
    for words in (
        ["ledger", "list", folder],
        ["ledger", "list", folder, "--json"],
        ["queue", folder],
        ["audit", folder, "--quiet"],
        ["audit", folder, "--quiet", "--json"],
        ["canary", folder, "--quiet"],
        ["ledger", "confirm", folder, "PERSON 1"],
        ["ledger", "list", folder, "--decisions"],
        ["ledger", "export", folder, tmp_path / "ledger.csv"],
        ["export", "transcripts", folder, "--to", tmp_path / "public"],
    ):
        assert run(*words) == 0
        assert run.names() == []
    assert run("ledger", "list", folder, "--show") == 0
    assert {"Tamsin", "Iolanthe", "Crestholm"} <= set(run.names())
    assert json.loads((tmp_path / "public" / "receipt.json").read_text())["export"]["profile"] == "public"


def test_decide_then_redact_without_sources(folder: Path, run: Shell) -> None:
    assert run("ledger", "list", folder, "--show", "--json") == 0
    rows = json.loads(run.out)
    who = next(row["entity"] for row in rows if "Iolanthe Prewitt" in row["names"])
    assert run("ledger", "rename", folder, who, "[HELPER]", "--by", "AB") == 0
    assert "svp-nlp redact --study DIR" in run.err
    assert run("redact", "--study", folder, "--quiet") == 0
    clean = next((folder / "clean").glob("*.txt")).read_text("utf-8")
    assert "Dr. [HELPER] helped me" in clean
    assert run("verify", folder) == 0
    assert run("ledger", "undo", folder, "1") == 0
    assert run("ledger", "undo", folder, "1") == 1
    assert "there is no decision 1 to undo" in run.err
    assert run("ledger", "roster", folder, "--add", "Ann Lee", "--alias", "Annie") == 0
    assert run("ledger", "roster", folder) == 1
    assert run("ledger", "merge", folder, "PERSON 1", "PERSON 99") == 1
    assert "no entity PERSON 99" in run.err


def test_redact_without_sources_needs_a_study(tmp_path: Path, run: Shell) -> None:
    assert run("redact", "--study", tmp_path / "none", "--quiet") == 1
    assert "does not exist" in run.err
    assert not (tmp_path / "none").exists()


def test_restore_writes_names_only_where_told(folder: Path, run: Shell, tmp_path: Path) -> None:
    clean = next((folder / "clean").glob("*.txt"))
    assert run("restore", folder, clean) == 1
    assert run.names() == []
    assert run("restore", folder, clean, "--show") == 0
    assert run.out == TALK
    assert run("restore", folder, clean, "--out", tmp_path / "talk.txt") == 0
    assert run.names() == []
    assert (tmp_path / "talk.txt").read_text("utf-8") == TALK
    assert run("restore", folder, clean, "--out", tmp_path / "talk.txt") == 1
    assert run("restore", folder, clean, "--out", folder / "reports" / "talk.txt") == 1
    assert "may leave" in run.err


def test_the_key(folder: Path, run: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, wrong = tmp_path / "pass", tmp_path / "wrong"
    secret.write_text("five plain words are enough\n", "utf-8")
    wrong.write_text("not this\n", "utf-8")
    assert run("key", "lock", folder) == 1
    assert "--passphrase-file" in run.err
    assert run("key", "lock", folder, "--passphrase-file", secret) == 0
    assert [p.name for p in (folder / "private").iterdir() if p.is_file()] == ["key"]
    for command in (["verify"], ["ledger", "list"], ["queue"], ["audit"], ["review", "--redaction"]):
        assert run(*command, folder) == 1
        assert "no terminal to ask on" in run.err
        assert run.names() == []
    assert run("verify", folder, "--passphrase-file", wrong) == 1
    assert "passphrase is wrong" in run.err
    assert run("verify", folder, "--passphrase-file", secret) == 0
    assert run("redact", "--study", folder, "--quiet", "--passphrase-file", secret) == 0
    assert "nothing changed" in run.err
    monkeypatch.setenv("SVP_NLP_PASSPHRASE", "five plain words are enough")
    assert run("ledger", "confirm", folder, "PERSON 1") == 0
    assert run("ledger", "list", folder, "--decisions") == 0
    assert "confirm\tPERSON 1" in run.out
    assert [p.name for p in (folder / "private").iterdir() if p.is_file()] == ["key"]
    assert run("key", "unlock", folder) == 0
    assert (folder / "private" / "ledger.json").exists()


def test_a_miss_becomes_a_rule_with_one_command(folder: Path, run: Shell, tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    marked = TALK.replace("helped me", "[[INSTITUTION:a|helped me]]")
    (tmp_path / "gold" / "talk.txt").write_text(marked, "utf-8")
    assert run("missed", folder, tmp_path / "gold") == 0
    assert "INSTITUTION\t1" in run.out
    assert "--add" in run.err
    assert run("missed", folder, tmp_path / "gold", "--add") == 0
    assert run("redact", "--study", folder, "--quiet") == 0
    assert "helped me" not in next((folder / "clean").glob("*.txt")).read_text("utf-8")
    assert run("missed", folder, tmp_path / "gold") == 0
    assert "nothing that was marked was missed" in run.err


ODD = {
    "the same name twice": ("name,type\nAnn Lee,PERSON\nann lee,PERSON\n", 0, "repeats the name"),
    "two types": ("name,type\nAnn Lee,PERSON\nAnn Lee,LOCATION\n", 1, "two types"),
    "one letter": ("name,type\nJ,PERSON\n", 0, "one letter"),
    "a common word": ("name,type\nWill,PERSON\n", 0, "a common word"),
    "another order": ("aliases;type;name\nAnnie;PERSON;Ann Lee\n", 0, "verified"),
    "no header": ("Ann Lee,PERSON\n", 1, "is no header"),
    "an unknown type": ("name,type\nAnn Lee,WIZARD\n", 1, "unknown type"),
    "nothing": ("", 1, "is empty"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_rosters(case: str, folder: Path, run: Shell, tmp_path: Path) -> None:
    text, code, told = ODD[case]
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    before = {p.name: p.read_bytes() for p in (folder / "private").iterdir() if p.is_file()}
    assert run("redact", "--study", folder, "--roster", tmp_path / "roster.csv", "--quiet") == code
    assert told in run.err
    assert "Ann" not in run.err + run.out
    if code:
        assert {p.name: p.read_bytes() for p in (folder / "private").iterdir() if p.is_file()} == before


def test_what_a_person_keeps_is_not_counted_as_replaced(run: Shell, folder: Path) -> None:
    assert run("ledger", "list", folder, "--label", "DATE", "--json") == 0
    (date,) = json.loads(run.out)
    before = json.loads((folder / "clean" / "receipt.json").read_text("utf-8"))["redact"]["replaced"]
    assert [row["DATE"] for row in before.values()] == [1]
    assert run("ledger", "keep", folder, date["entity"]) == 0
    assert run("redact", "--study", folder, "--json", "-q") == 0
    assert [row.get("DATE", 0) for row in json.loads(run.out)["transcripts"].values()] == [0]
    after = json.loads((folder / "clean" / "receipt.json").read_text("utf-8"))["redact"]["replaced"]
    assert [row.get("DATE", 0) for row in after.values()] == [0]


def test_what_could_not_be_read_is_named_once(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    assert run("redact", tmp_path / "empty.txt", tmp_path / "none.txt", "--study", tmp_path / "study") == 1
    assert run.out == ""  # a table without a row says nothing
    assert "svp-nlp: left out: empty.txt is empty: it holds 0 bytes\n" in run.err
    assert "svp-nlp: left out: there is no file or folder none.txt\n" in run.err


def test_a_wrong_option_points_to_the_help_of_its_command(run: Shell, folder: Path) -> None:
    assert run("export", "transcripts", folder, "--profil", "team") == 2
    assert run.err.endswith("hint: svp-nlp export transcripts --help\n")


def test_a_name_in_a_report_alone_is_mended_by_making_it_anew(run: Shell, folder: Path) -> None:
    (folder / "reports").mkdir(exist_ok=True)
    (folder / "reports" / "notes.txt").write_text("Prewitt helped.", "utf-8")
    assert run("verify", folder) == 1
    assert run.err.endswith("hint: make what lies in reports/ anew (svp-nlp report DIR), or take it away\n")
    clean = next((folder / "clean").glob("*.txt"))
    clean.write_text(clean.read_text("utf-8") + "Prewitt helped.", "utf-8")
    assert run("verify", folder) == 1
    assert run.err.endswith("add the name to the roster and run svp-nlp redact again\n")
    assert run.names() == []


def test_a_coding_sheet_is_a_workbook(run: Shell, folder: Path, tmp_path: Path) -> None:
    assert run("export", "sheet", folder, tmp_path / "AB.csv", "--coder", "AB") == 1
    assert (
        run.err == "svp-nlp: a coding sheet is an .xlsx file, AB.csv is not\n\nhint: end its name in .xlsx\n"
    )
    assert not (tmp_path / "AB.csv").exists()


def test_a_source_that_is_gone_says_both_ways_out(run: Shell, folder: Path) -> None:
    (folder / "sources" / "talk.txt").unlink()
    assert run("redact", "--study", folder, "-q") == 1
    assert run.err.endswith(
        "hint: put it back and run again; svp-nlp remove DIR takes a transcript out for good\n"
    )


def test_copies_without_a_mark_tell_nothing_of_misses(run: Shell, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "talk.txt").write_text(TALK, "utf-8")
    assert run("missed", folder, tmp_path / "gold") == 1
    assert run.err == (
        "svp-nlp: nothing is marked in 1 transcript, so nothing can be told of misses\n\n"
        "hint: mark every identifier in the copies: [[PERSON:p1|the name as it stands]]\n"
    )
    assert run("evaluate", "redaction", tmp_path / "gold", "-q") == 1
    assert "no identifier is marked in the 1 file of gold\n" in run.err
