"""The study folder: what lies where, and how values are written down and read back.

``sources/`` and ``private/`` never leave the researcher's machine; ``clean/``, ``coding/`` and ``reports/``
may, once verified. Nothing on the clean side holds a path, a file name or a length from the other side.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from svp_nlp.errors import StudyError
from svp_nlp.files import write_json, write_lines
from svp_nlp.model import (
    Edit,
    Finding,
    Label,
    Passage,
    Quote,
    Reason,
    Role,
    Span,
    Status,
    Suggestion,
    Suggestions,
    Topic,
    Transcript,
    Turn,
)


@dataclass(frozen=True)
class Layout:
    """Where the parts of a study lie."""

    root: Path = field(repr=False)

    @property
    def settings(self) -> Path:
        """The study's settings."""
        return self.root / "svp.toml"

    @property
    def sources(self) -> Path:
        """The originals; never leave."""
        return self.root / "sources"

    @property
    def private(self) -> Path:
        """Key, findings, edits; never leave."""
        return self.root / "private"

    @property
    def clean(self) -> Path:
        """Redacted transcripts; may leave once verified."""
        return self.root / "clean"

    @property
    def coding(self) -> Path:
        """Passages, suggestions, exemplars, topics, decisions; may leave with the clean side."""
        return self.root / "coding"

    @property
    def reports(self) -> Path:
        """What is shown to people."""
        return self.root / "reports"

    def is_study(self) -> bool:
        """Tell whether there is a study here."""
        return self.settings.exists()


@dataclass(frozen=True, slots=True)
class Record:
    """One transcript of the study: its id, its source file and what both sides' contents hash to."""

    id: str
    source: str = field(repr=False)
    bytes_sha256: str
    text_sha256: str
    clean: str
    clean_sha256: str


def spans(pieces: Sequence[Span]) -> list[list[int]]:
    """Write spans as [start, end] pairs."""
    return [[p.start, p.end] for p in pieces]


def as_spans(pairs: Sequence[Sequence[int]]) -> tuple[Span, ...]:
    """Read spans back."""
    return tuple(Span(a, b) for a, b in pairs)


def finding_row(source: str, finding: Finding) -> dict[str, object]:
    """Write a finding as the contract has it: one flat object."""
    return {
        "source": source,
        "start": finding.span.start,
        "end": finding.span.end,
        "label": finding.label.value,
        "score": round(finding.score, 4),
        "entity": finding.entity,
        "found_by": list(finding.found_by),
        "status": finding.status.value,
    }


def as_finding(row: Mapping[str, Any]) -> Finding:
    """Read a finding back."""
    return Finding(
        Span(row["start"], row["end"]),
        Label(row["label"]),
        row["score"],
        row["entity"],
        tuple(row["found_by"]),
        Status(row["status"]),
    )


def edit_row(transcript: str, edit: Edit) -> dict[str, object]:
    """Write an edit."""
    return {
        "transcript": transcript,
        "source": [edit.source.start, edit.source.end],
        "clean": [edit.clean.start, edit.clean.end],
        "label": edit.label.value,
        "entity": edit.entity,
    }


def as_edit(row: Mapping[str, Any]) -> Edit:
    """Read an edit back."""
    return Edit(Span(*row["source"]), Span(*row["clean"]), Label(row["label"]), row["entity"])


def transcript_row(transcript: Transcript, file: str) -> dict[str, object]:
    """Write a clean transcript's structure: positions only, pinned to its text by hash."""
    return {
        "id": transcript.id,
        "file": file,
        "format": transcript.format,
        "sha256": transcript.sha256,
        "page_starts": list(transcript.page_starts),
        "furniture": spans(transcript.furniture),
        "turns": [_turn_row(turn) for turn in transcript.turns],
    }


def _turn_row(turn: Turn) -> dict[str, object]:
    return {
        "index": turn.index,
        "span": [turn.span.start, turn.span.end],
        "speech": spans(turn.speech),
        "label": None if turn.label is None else [turn.label.start, turn.label.end],
        "role": turn.role.value,
        "page": turn.page,
        "time": turn.time,
    }


def as_transcript(row: Mapping[str, Any], text: str) -> Transcript:
    """Put a clean transcript together from its stored structure and its text (already checked by hash)."""
    return Transcript(
        row["id"],
        text,
        turns=tuple(_as_turn(turn, text) for turn in row["turns"]),
        furniture=as_spans(row["furniture"]),
        format=row["format"],
        page_starts=tuple(row["page_starts"]),
    )


def _as_turn(row: Mapping[str, Any], text: str) -> Turn:
    label = None if row["label"] is None else Span(*row["label"])
    return Turn(
        row["index"],
        Span(*row["span"]),
        as_spans(row["speech"]),
        label,
        None if label is None else text[label.start : label.end],
        Role(row["role"]),
        row["page"],
        row["time"],
    )


def suggestions_row(passage: Passage, made: Suggestions) -> dict[str, object]:
    """Write what is proposed for a passage, as the contract has it."""
    return {
        "passage": passage.id,
        "transcript": passage.transcript,
        "turn": passage.turn,
        "start": passage.span.start,
        "end": passage.span.end,
        "role": passage.role.value,
        "citation": passage.citation,
        "coded": round(made.coded, 4),
        "suggestions": [_suggestion_row(s) for s in made.ranked],
        "abstained": made.abstained,
        "domain": made.domain,
    }


def _suggestion_row(suggestion: Suggestion) -> dict[str, object]:
    because = asdict(suggestion.because)
    because["sentence"] = spans(suggestion.because.sentence)
    return {
        "theme": suggestion.theme,
        "domain": suggestion.domain,
        "score": round(suggestion.score, 4),
        "because": because,
    }


def as_suggestions(row: Mapping[str, Any]) -> Suggestions:
    """Read what is proposed for a passage back."""
    ranked = tuple(
        Suggestion(s["theme"], s["domain"], s["score"], _as_reason(s["because"])) for s in row["suggestions"]
    )
    return Suggestions(row["passage"], row["coded"], ranked, row["abstained"], row.get("domain", ""))


def _as_reason(row: Mapping[str, Any]) -> Reason:
    return Reason(
        row["exemplar"],
        row["source"],
        as_spans(row["sentence"]),
        tuple(row["words"]),
        row["against"],
        row["margin"],
        row.get("exclusion", ""),
    )


def quote_row(quote: Quote, text: str) -> dict[str, object]:
    """Write a quote with its words (clean side) and positions."""
    return {
        "theme": quote.theme,
        "transcript": quote.transcript,
        "passage": quote.passage,
        "pieces": spans(quote.pieces),
        "score": round(quote.score, 4),
        "citation": quote.citation,
        "text": text,
    }


def as_quote(row: Mapping[str, Any]) -> Quote:
    """Read a quote back."""
    return Quote(
        row["theme"],
        row["transcript"],
        row["passage"],
        as_spans(row["pieces"]),
        row["score"],
        row["citation"],
    )


def topic_row(topic: Topic) -> dict[str, object]:
    """Write an emergent topic."""
    return {
        "words": list(topic.words),
        "passages": list(topic.passages),
        "domain": topic.domain,
        "likeness": round(topic.likeness, 4),
        "stability": round(topic.stability, 4),
    }


def as_topic(row: Mapping[str, Any]) -> Topic:
    """Read an emergent topic back."""
    return Topic(
        tuple(row["words"]), tuple(row["passages"]), row["domain"], row["likeness"], row["stability"]
    )


def read_json(path: Path) -> Any:
    """Read a JSON file of the study; StudyError when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise StudyError(
            f"{path.parent.name}/{path.name} is damaged: not JSON", hint=how_to_mend(path)
        ) from None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read a file of one JSON object a line; StudyError when it is damaged."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (UnicodeDecodeError, json.JSONDecodeError):
            where = f"{path.parent.name}/{path.name}, line {number}"
            raise StudyError(f"{where} is damaged: not JSON", hint=how_to_mend(path)) from None


_MADE_BY = {
    "findings.jsonl": "redact --study",
    "edits.jsonl": "redact --study",
    "doubtful.json": "redact --study",
    "transcripts.jsonl": "redact --study",
    "suggestions.jsonl": "suggest",
    "grounds.json": "suggest",
    "exemplars.jsonl": "exemplars",
    "topics.json": "topics",
}


def how_to_mend(path: Path) -> str:
    """Say what to do about a damaged file of the study: what a command made, it can make again."""
    command = _MADE_BY.get(path.name)
    if path.name == "receipt.json":
        command = "redact --study" if path.parent.name == "clean" else "suggest"
    if command is not None:
        return f"take it away and run: svp-nlp {command} DIR"
    if path.parent.name == "hits":
        return "take it away; it is only a cache"
    return "put it back from a copy of the study; no command can make it anew"


def transcript_of(passage: str) -> str:
    """Return the letter of the transcript that the passage with this id lies in ("B:12.1": B)."""
    return passage.partition(":")[0]


def removed_letters(layout: Layout) -> frozenset[str]:
    """Return the letters of the transcripts that were taken out; also without the private side."""
    path = layout.coding / "removed.json"
    return frozenset(map(str, read_json(path))) if path.exists() else frozenset()


def write_receipt(folder: Path, made_by: str, facts: Mapping[str, object]) -> None:
    """Write or extend ``receipt.json`` of an output folder: what made it, with which settings and models."""
    from svp_nlp import __version__

    path = folder / "receipt.json"
    receipt = read_json(path) if path.exists() else {}
    receipt[made_by] = {
        "svp_nlp": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
    }
    write_json(path, receipt)


__all__ = [
    "Layout",
    "Record",
    "as_edit",
    "as_finding",
    "as_quote",
    "as_spans",
    "as_suggestions",
    "as_topic",
    "as_transcript",
    "edit_row",
    "finding_row",
    "quote_row",
    "read_json",
    "read_lines",
    "removed_letters",
    "spans",
    "suggestions_row",
    "topic_row",
    "transcript_of",
    "transcript_row",
    "write_json",
    "write_lines",
    "write_receipt",
]
