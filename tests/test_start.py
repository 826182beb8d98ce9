"""start.py and .ci/run: the two lines of the README."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh start.py whose checkout is an empty folder with a project in it."""
    spec = importlib.util.spec_from_file_location("start_under_test", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.txt")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("a==1\n", encoding="utf-8")
    return module


@pytest.mark.parametrize("arguments", [[], ["tset"]])
def test_a_wrong_verb_says_how_to_call_it(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "start.py"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == "start.py: usage: python start.py demo | test [arguments]\n"
    assert done.stderr == ""


def test_an_old_python_is_told_so(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "OLDEST", (3, 99))
    assert start.main(["demo"]) == 2
    version = ".".join(map(str, sys.version_info[:2]))
    assert capsys.readouterr().out == (
        f"start.py: svp-nlp needs Python 3.99 or newer; this is Python {version} ({sys.executable})\n"
    )


def test_an_old_python_can_parse_it() -> None:
    # 3.7 is the oldest grammar that ast knows.
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_only_the_standard_library_is_imported() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        alias.name.split(".")[0] if isinstance(node, ast.Import) else (node.module or "").split(".")[0]
        for node in imports
        for alias in node.names
    }
    assert names <= sys.stdlib_module_names


def test_the_fingerprint_follows_what_is_pinned(start: ModuleType, tmp_path: Path) -> None:
    before = start.fingerprint()
    assert start.fingerprint() == before
    (tmp_path / "constraints.txt").write_text("a==2\n", encoding="utf-8")
    assert start.fingerprint() != before


@pytest.mark.parametrize(
    ("installed", "wanted", "enough"),
    [("test", "test", True), ("test", "demo", True), ("demo", "demo", True), ("demo", "test", False)],
)
def test_a_complete_environment_is_used_again(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, installed: str, wanted: str, enough: bool
) -> None:
    assert not start.is_installed(wanted)
    start.VENV.mkdir()
    start.STAMP.write_text(f"{start.fingerprint()}\n{installed}\n", encoding="utf-8")
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    assert start.is_installed(wanted) is enough
    monkeypatch.setattr(start, "PYTHON", start.VENV / "moved-away")
    assert not start.is_installed(wanted)


def test_a_failing_step_gives_its_exit_code(start: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(start.StepError) as error:
        start.run("count to three", [sys.executable, "-c", "raise SystemExit(3)"])
    assert error.value.code == 3
    assert str(error.value) == "could not count to three (exit code 3); its last words are above"
    assert capsys.readouterr().out == "start.py: count to three\n"


def test_a_missing_program_is_a_failed_step(start: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(start.StepError) as error:
        start.run("run it", [tmp_path / "absent"])
    assert error.value.code == 127


def test_an_environment_that_does_not_start_does_not_work(start: ModuleType, tmp_path: Path) -> None:
    assert start.works(Path(sys.executable))
    assert start.works(Path(sys.executable), "-m", "pip")
    assert not start.works(tmp_path / "python")
    assert not start.works(Path(sys.executable), "-m", "no_such_module")


def test_ci_runs_the_same_line() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'exec "$python" start.py test' in script
