"""The record of a steward's decisions: ``private/decisions.jsonl``, one a line, only ever added to."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from svp_nlp.errors import StudyError
from svp_nlp.study import folder as f

if TYPE_CHECKING:
    from svp_nlp.redaction.decisions import Decision


def decisions_path(layout: f.Layout) -> Path:
    """Return where the decisions are kept."""
    return layout.private / "decisions.jsonl"


def load_decisions(layout: f.Layout) -> tuple[Decision, ...]:
    """Return all decisions, also those undone since; StudyError names a damaged line."""
    from svp_nlp.redaction.decisions import decisions_from

    path = decisions_path(layout)
    if not path.exists():
        return ()
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise StudyError("private/decisions.jsonl is not UTF-8", hint="put it back from a copy") from None
    return decisions_from(lines)


def append_decisions(layout: f.Layout, decisions: Iterable[Decision], *, by: str = "") -> None:
    """Add *decisions*, signed with who (default: the account) and when, and force them to disk."""
    from svp_nlp.redaction.decisions import row_of

    who, now = by or _account(), datetime.now(UTC).isoformat(timespec="seconds")
    rows = [row_of(replace(d, by=d.by or who, at=d.at or now)) for d in decisions]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path = decisions_path(layout)
    if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
        data = b"\n" + data  # the last line was edited by hand; it must not swallow the new one
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
