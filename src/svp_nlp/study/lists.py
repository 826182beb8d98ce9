"""The public lists a study was given: kept whole in ``private/lists.jsonl``, so that a run needs no file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import StudyError
from svp_nlp.files import write_lines
from svp_nlp.study import folder as f
from svp_nlp.study.locking import require_key

if TYPE_CHECKING:
    from svp_nlp.redaction.lists import NameList


def kept_lists(layout: f.Layout) -> tuple[NameList, ...]:
    """Return the study's lists, in the order they were added; StudyError where the file is damaged."""
    from svp_nlp.redaction.lists import NameList

    require_key(layout)
    path = layout.private / "lists.jsonl"
    if not path.exists():
        return ()
    try:
        return tuple(NameList.from_row(row) for row in f.read_lines(path))
    except (KeyError, TypeError, ValueError):
        raise StudyError(
            "private/lists.jsonl is damaged", hint="take it away and add the lists again"
        ) from None


def add_list(
    layout: f.Layout, path: Path, *, kind: str = "institution", column: str = "", name: str = ""
) -> NameList:
    """Read a list (see `load_list`) and keep it; one of the same name is replaced. Raises RosterError."""
    from svp_nlp.redaction.lists import load_list

    fresh = load_list(path, kind=kind, column=column, name=name)
    known = kept_lists(layout)
    at = next((n for n, one in enumerate(known) if one.name == fresh.name), len(known))
    _save(layout, (*known[:at], fresh, *known[at + 1 :]))
    return fresh


def remove_list(layout: f.Layout, name: str) -> None:
    """Take the list called *name* out of the study; StudyError names those there are."""
    known = kept_lists(layout)
    left = [one for one in known if one.name != name]
    if len(left) == len(known):
        there = ", ".join(one.name for one in known) or "none"
        raise StudyError(f"the study has no list of this name; lists: {there}")
    _save(layout, left)


def _save(layout: f.Layout, lists: Iterable[NameList]) -> None:
    write_lines(layout.private / "lists.jsonl", (one.row() for one in lists))
