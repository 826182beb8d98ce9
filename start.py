"""Set svp-nlp up and run it: ``python start.py demo`` or ``python start.py test``.

Needs Python 3.11 or newer and nothing else; the two lines are the same in Linux, macOS and Windows shells.
The first run makes the virtual environment ``.venv`` beside this file, installs the pinned packages into it
and fetches the models (about 2 GB on the disk in all); later runs start at once. ``demo`` then analyses the
built-in example study; ``test`` runs the linter, the type checker and the tests. Further arguments go to
``svp-nlp demo`` or to pytest: ``python start.py test -k models``.

Everything is downloaded through pip and its own configuration. On Linux the standard build of torch carries
the CUDA libraries, several gigabytes that svp-nlp does not use. To get the small build, name the address
that PyTorch's "Get Started" page shows for "Linux, Pip, CPU" before the first run, in pip's configuration or
in the environment:

    PIP_EXTRA_INDEX_URL=<that address> python start.py demo

This file uses only the standard library, and no syntax newer than Python 3.6, so that an old Python can say
that it is too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "svp-nlp-installed.txt"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""  # Windows adds it only to a name without a folder
PYTHON = BIN / ("python" + SUFFIX)
SVP_NLP = BIN / ("svp-nlp" + SUFFIX)
PIP_OPTIONS = ["--no-input", "--disable-pip-version-check"]
USAGE = "usage: python start.py demo | test [arguments]"


class StepError(Exception):
    """A step that failed: what to say, and the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def main(arguments: list) -> int:
    """Run one of the two verbs and return the exit code."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        require_python()
        if verb not in VERBS:
            raise StepError(USAGE, 2)
        install(verb)
        run("fetch the models", [SVP_NLP, "models", "fetch"])
        say(VERBS[verb](rest))
    except StepError as error:
        say(str(error))
        return error.code
    except KeyboardInterrupt:
        say("stopped; run the same line again to go on")
        return 130
    return 0


def require_python() -> None:
    """Stop unless this Python is new enough."""
    if sys.version_info < OLDEST:
        raise StepError(
            "svp-nlp needs Python {}.{} or newer; this is Python {}.{} ({})".format(
                *OLDEST, *sys.version_info[:2], sys.executable
            ),
            2,
        )


def demo(rest: list) -> str:
    """Run the main job on the built-in example study."""
    run("run the demo", [SVP_NLP, "demo", *rest])
    return "the demo is done"


def test(rest: list) -> str:
    """Run every check; all of them run, the first that fails gives the exit code."""
    checks = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "pytest": ["pytest", *rest],
    }
    codes = {name: call(name, [PYTHON, "-m", *command]) for name, command in checks.items()}
    failed = [name for name, code in codes.items() if code]
    if failed:
        raise StepError("failed: " + ", ".join(failed), codes[failed[0]])
    return "passed: " + ", ".join(checks)


VERBS = {"demo": demo, "test": test}


def install(verb: str) -> None:
    """Make the environment and install the pinned packages, unless that is done already."""
    if is_installed(verb):
        return
    make_environment()
    say_how_to_save_space()
    target = ".[test]" if verb == "test" else "."
    command = ["install", *PIP_OPTIONS, "-c", HERE / "constraints.txt", "-e", target]
    run("install the packages", [PYTHON, "-m", "pip", *command])
    # Written last: an interrupted installation leaves no stamp and is gone through again.
    STAMP.write_text(fingerprint() + "\n" + verb + "\n", encoding="utf-8")


def is_installed(verb: str) -> bool:
    """Return whether all that *verb* needs is installed; what `test` needs is more than `demo` needs."""
    done = STAMP.read_text(encoding="utf-8").split() if STAMP.is_file() else []
    return done in ([fingerprint(), verb], [fingerprint(), "test"]) and works(PYTHON)


def fingerprint() -> str:
    """Return a hash that changes with what has to be installed."""
    pinned = b"".join((HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return hashlib.sha256(pinned + str(HERE).encode()).hexdigest()


def make_environment() -> None:
    """Make .venv, with pip in it; one that works is kept."""
    if works(PYTHON) and works(PYTHON, "-m", "pip"):
        return
    if VENV.exists():
        shutil.rmtree(str(VENV))
    if call("make the environment", [sys.executable, "-m", "venv", VENV]) == 0:
        return
    # Some Linux systems ship venv without the pip it needs, but a pip of their own.
    run("make the environment without pip", [sys.executable, "-m", "venv", "--clear", "--without-pip", VENV])
    run("put pip into it", [sys.executable, "-m", "pip", "--python", PYTHON, "install", *PIP_OPTIONS, "pip"])


def works(python: Path, *module: str) -> bool:
    """Return whether *python* starts, is new enough, and (if given) has the module."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    command = [str(python), *((*module, "--version") if module else ("-c", check))]
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def say_how_to_save_space() -> None:
    """On Linux, say how to avoid CUDA unless pip is told where to look for packages."""
    if not sys.platform.startswith("linux"):
        return
    settings = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], stdout=subprocess.PIPE).stdout
    if b"index-url" not in settings and b"find-links" not in settings:
        say("on Linux pip may fetch several gigabytes of CUDA; the head of start.py says how to avoid it")


def run(what: str, command: list) -> None:
    """Run a command; stop with its exit code if it fails."""
    code = call(what, command)
    if code:
        raise StepError(f"could not {what} (exit code {code}); its last words are above", code)


def call(what: str, command: list) -> int:
    """Run a command in the checkout, its output shown, and return its exit code."""
    say(what)
    try:
        return subprocess.run([str(part) for part in command], cwd=str(HERE)).returncode
    except OSError as error:
        say(f"{Path(str(command[0])).name}: {error.strerror}")
        return 127


def say(sentence: str) -> None:
    """Print one line of our own, at once, so that it stays in order with the commands' output."""
    print("start.py: " + sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
