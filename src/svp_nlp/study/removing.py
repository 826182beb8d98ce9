"""Taking a transcript out of a study: a participant withdrew, or the file was the wrong one.

What was made of it goes with it on both sides. What people recorded stays, for the record is only added to,
but decisions about its passages no longer count. The ledger keeps its pseudonyms and the transcript's letter,
so that neither ever means somebody else.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from svp_nlp.errors import StudyError
from svp_nlp.files import write_json, write_lines, write_whole
from svp_nlp.study import folder as f
from svp_nlp.study.locking import require_key
from svp_nlp.study.redacting import State, raw_ledger
from svp_nlp.wording import plural


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes with a transcript, and which files of reports/ were made with it and stay."""

    letter: str
    findings: int
    passages: int
    reports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"transcript {self.letter}: its source and its clean file, {plural(self.findings, 'finding')}, "
            f"{plural(self.passages, 'passage')} with what is suggested for them"
        )


def removal(layout: f.Layout, source: str) -> Removal:
    """Return what `remove` would take out; nothing is changed. Raises StudyError as it does."""
    return _looked_up(layout, source)[1]


def remove(layout: f.Layout, source: str) -> Removal:
    """Take a transcript out, named by its letter or its source file; what is cut off can be run again.

    Raises StudyError when the study has no such transcript or its key is locked.
    """
    record, told = _looked_up(layout, source)
    _from_coding(layout, told.letter)
    _from_clean(layout, record, told.letter)
    _from_private(layout, record, told.letter)
    (layout.sources / record.source).unlink(missing_ok=True)
    left = tuple(r for r in State.load(layout).records if r != record)
    State(left).save(layout)  # without a fingerprint: the next redact looks at what is left
    return told


def _looked_up(layout: f.Layout, source: str) -> tuple[f.Record, Removal]:
    require_key(layout)
    name = Path(source).name
    for record in State.load(layout).records:
        letter = Path(record.clean).stem
        if name in (record.source, record.clean, letter):
            return record, _told(layout, record, letter)
    raise StudyError(
        "the study has no such transcript",
        hint="name it by its letter, as svp-nlp redact lists it, or by the name of its source file",
    )


def _told(layout: f.Layout, record: f.Record, letter: str) -> Removal:
    findings = sum(row["source"] == record.source for row in _rows(layout.private / "findings.jsonl"))
    passages = sum(row["transcript"] == letter for row in _rows(layout.coding / "suggestions.jsonl"))
    made = sorted(p for p in layout.reports.rglob("*") if p.is_file()) if layout.reports.exists() else []
    return Removal(letter, findings, passages, tuple(p.relative_to(layout.root).as_posix() for p in made))


def _rows(path: Path) -> list[dict[str, Any]]:
    return list(f.read_lines(path)) if path.exists() else []


def _keep(path: Path, stays: Callable[[Mapping[str, Any]], bool]) -> None:
    if path.exists():
        write_lines(path, [row for row in _rows(path) if stays(row)])


def _from_coding(layout: f.Layout, letter: str) -> None:
    """Say that decisions about its passages no longer count, then take out what was made of them."""
    coding = layout.coding
    write_json(coding / "removed.json", sorted({*f.removed_letters(layout), letter}))
    _keep(coding / "suggestions.jsonl", lambda row: row["transcript"] != letter)
    _keep(coding / "exemplars.jsonl", lambda row: row["transcript"] != letter)
    topics = coding / "topics.json"
    if topics.exists():
        passages = [p for topic in f.read_json(topics)["topics"] for p in topic["passages"]]
        if any(f.transcript_of(passage) == letter for passage in passages):
            topics.unlink()
            (coding / "topic_map.svg").unlink(missing_ok=True)
    _keep(coding / "transcripts.jsonl", lambda row: row["id"] != letter)
    doubtful = coding / "doubtful.json"
    if doubtful.exists():
        write_json(doubtful, {id: rows for id, rows in f.read_json(doubtful).items() if id != letter})
    _from_receipt(coding / "receipt.json", "suggest", letter)


def _from_receipt(path: Path, made_by: str, letter: str) -> None:
    receipt = f.read_json(path) if path.exists() else {}
    if made_by in receipt:
        for facts in receipt[made_by].values():
            if isinstance(facts, dict):
                facts.pop(letter, None)
        write_json(path, receipt)


def _from_clean(layout: f.Layout, record: f.Record, letter: str) -> None:
    (layout.clean / record.clean).unlink(missing_ok=True)
    _from_receipt(layout.clean / "receipt.json", "redact", letter)


def _from_private(layout: f.Layout, record: f.Record, letter: str) -> None:
    """Take out findings, edits, counts in the ledger, and all caches: they do not tell whose they are."""
    private = layout.private
    _keep(private / "findings.jsonl", lambda row: row["source"] != record.source)
    _keep(private / "edits.jsonl", lambda row: row["transcript"] != letter)
    ledger = raw_ledger(layout)
    entities = tuple(replace(e, variants=_elsewhere(e.variants, record.id)) for e in ledger)
    write_whole(private / "ledger.json", replace(ledger, entities=entities).to_json())
    shutil.rmtree(private / "cache", ignore_errors=True)


def _elsewhere(variants: Mapping[str, Mapping[str, int]], transcript: str) -> dict[str, dict[str, int]]:
    return {s: {t: n for t, n in counts.items() if t != transcript} for s, counts in variants.items()}
