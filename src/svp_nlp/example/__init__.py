"""The built-in example study: six invented interviews about peer support after harm, with a roster.

Nobody and nothing in it exists: people, hospitals, programmes and numbers are made up; real cities and
streets are named in passing. The roster is as incomplete as a team's roster is. ``gold/`` holds the text
formats with every identifier and theme marked.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from svp_nlp.errors import StudyError

_SUFFIXES = {".txt", ".vtt", ".srt", ".docx", ".pdf"}


def example_sources() -> tuple[Path, ...]:
    """Return the six source files (two txt, vtt, srt, docx, pdf), in order of name."""
    sources = _home() / "sources"
    return tuple(sorted(p for p in sources.iterdir() if p.suffix in _SUFFIXES))


def example_roster() -> Path:
    """Return the study's roster: some of its people, sites and programmes, not all."""
    return _home() / "roster.csv"


def example_gold() -> Path:
    """Return the folder of the four text-format interviews with identifiers and themes marked."""
    return _home() / "gold"


def _home() -> Path:
    """Return the package's folder; raises StudyError where the package is not unpacked on disk."""
    home = files("svp_nlp.example")
    if not isinstance(home, Path):
        raise StudyError(
            "the example study is not on disk; svp-nlp runs from an archive",
            hint="install svp-nlp with pip, which unpacks it",
        )
    return home
