"""Both sides of a study at once: each source with what was found in it, its clean text, and the way back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from svp_nlp.errors import StudyError
from svp_nlp.model import Finding, Redacted, Transcript
from svp_nlp.study import folder as f
from svp_nlp.study.coding import load_transcripts
from svp_nlp.study.redacting import State, reread, ways_back


@dataclass(frozen=True)
class Side:
    """A transcript as it came and as it may leave. For the private side only."""

    record: f.Record = field(repr=False)
    source: Transcript
    findings: tuple[Finding, ...] = field(repr=False)
    redacted: Redacted

    @property
    def letter(self) -> str:
        """The id on the clean side."""
        return self.redacted.transcript.id


def load_sides(layout: f.Layout) -> tuple[Side, ...]:
    """Return every transcript of the study from both sides, in the study's order.

    Raises StudyError when nothing was redacted yet, when the key is locked, and when a source or a clean file
    is not what it was when redacted: positions would not fit.
    """
    records = State.load(layout).records
    if not records:
        raise StudyError("nothing was redacted yet", hint="svp-nlp redact SOURCES... --study DIR")
    for record in records:
        _unchanged(layout.clean, record.clean, record.clean_sha256)
    back = ways_back(layout, load_transcripts(layout))
    found: dict[str, list[Finding]] = {record.source: [] for record in records}
    for row in f.read_lines(layout.private / "findings.jsonl"):
        found[row["source"]].append(f.as_finding(row))
    return tuple(
        Side(r, _source(layout, r), tuple(found[r.source]), back[Path(r.clean).stem][1]) for r in records
    )


def _source(layout: f.Layout, record: f.Record) -> Transcript:
    transcript = reread(layout, record)
    _unchanged(layout.sources, record.source, record.bytes_sha256)
    return transcript


def _unchanged(folder: Path, name: str, digest: str) -> None:
    path = folder / name
    if not path.exists():
        raise StudyError(f"{folder.name}/{name} is gone", hint="put it back, or redact the study again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise StudyError(
            f"{folder.name}/{name} has changed since it was redacted",
            hint="put it back as it was; or svp-nlp redact --study DIR --force",
        )
