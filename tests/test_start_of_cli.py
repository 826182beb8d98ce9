"""The first moments of the command, before anything of it is loaded."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_an_interrupt_while_loading_is_a_sentence(tmp_path: Path) -> None:
    # What the command line needs first is not loaded but pressed: Ctrl-C arrives in the middle of an import.
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from svp_nlp.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == (
        "svp-nlp: interrupted; no file is half-written\n\nhint: run the same command again to go on\n"
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_the_module_runs_as_the_command_does() -> None:
    told = [sys.executable, "-m", "svp_nlp", "--version"]
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_installed_command_starts_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"svp-nlp": "svp_nlp.__main__:main"}
