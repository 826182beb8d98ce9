"""One table of wrong inputs drives the library and the command line alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from svp_nlp import errors
from svp_nlp.cli import main
from svp_nlp.study import Study

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "bad_input.yaml").read_text(encoding="utf-8"))


def lay_out(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.write_bytes(bytes.fromhex(content["bytes"]))
        else:
            path.write_text(content, encoding="utf-8", newline="")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_library_says_it(case: dict[str, Any], tmp_path: Path) -> None:
    lay_out(tmp_path, case["make"])
    roster = tmp_path / case["roster"] if "roster" in case else None

    def run() -> Any:
        study = Study.create(tmp_path / "study")
        return study.redact([tmp_path / name for name in case["redact"]], roster=roster)

    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])) as caught:
            run()
        assert case["says"] in str(caught.value)
        return
    outcome = run()
    assert sorted(name for name, _ in outcome.refused) == sorted(case["refused"])
    assert any(case.get("tells", "") in told for told in ("", *outcome.questions))
    assert len(outcome.counts) == case["transcripts"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_command_line_says_it(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, case["make"])
    arguments = ["redact", *(str(tmp_path / name) for name in case["redact"])]
    arguments += ["--study", str(tmp_path / "study"), "--quiet"]
    if "roster" in case:
        arguments += ["--roster", str(tmp_path / case["roster"])]
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    said = capsys.readouterr().err
    wrong = bool(case.get("error") or case["refused"])
    assert stopped.value.code == int(wrong)
    assert "Traceback" not in said
    assert ("hint:" in said) is wrong
    for words in [case["says"]] if "says" in case else [*case["refused"], case.get("tells", "")]:
        assert words in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify"], "Missing argument"),
        (["redact", "x.txt"], "Missing option"),
        (["verfy", "x"], "No such command"),
        (["suggest", "x", "--codebok", "y"], "No such option"),
    ],
)
def test_wrong_usage_exits_with_two(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err


def test_an_interrupt_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(monkeypatch, KeyboardInterrupt)
    lay_out(tmp_path, {"talk.txt": "Q: Where?\n\nA: Here.\n"})
    with pytest.raises(SystemExit) as stopped:
        main(["redact", str(tmp_path / "talk.txt"), "--study", str(tmp_path / "study"), "-q"])
    assert stopped.value.code == 1
    assert "interrupted; no file is half-written" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(monkeypatch, lambda: OSError(28, "No space left on device"))
    lay_out(tmp_path, {"talk.txt": "Q: Where?\n\nA: Here.\n"})
    with pytest.raises(SystemExit) as stopped:
        main(["redact", str(tmp_path / "talk.txt"), "--study", str(tmp_path / "study"), "-q"])
    assert stopped.value.code == 1
    assert "the disk is full" in capsys.readouterr().err
    assert not list((tmp_path / "study").rglob(".writing-*"))


def interrupted(monkeypatch: pytest.MonkeyPatch, problem: Callable[[], BaseException]) -> None:
    """Let the operating system fail at the moment a file is about to get its name."""

    def fail(*_: object) -> None:
        raise problem()

    monkeypatch.setattr(Path, "replace", fail)
