"""The review of a study: where its decisions are kept, what they must fit, and what follows from them."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from svp_nlp.files import write_json
from svp_nlp.model import Passage, Transcript
from svp_nlp.review.checks import Basis
from svp_nlp.review.store import DecisionLog
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study.coding import Proposals


def study_id(layout: f.Layout) -> str:
    """Return the id that decisions carry: the same in every copy of the study, telling nothing about it.

    It follows from the ledger's secret seed and is kept in coding/study.json, so that a copy without the
    private side has it too.
    """
    kept = layout.coding / "study.json"
    if kept.exists():
        return str(f.read_json(kept)["id"])
    ledger = layout.private / "ledger.json"
    if ledger.exists():
        seed = str(f.read_json(ledger)["seed"])
        made = hmac.digest(seed.encode(), b"study id", "sha256").hex()[:32]
    else:
        made = uuid.uuid4().hex
    write_json(kept, {"id": made})
    return made


def coding_log(layout: f.Layout, settings: Settings) -> DecisionLog:
    """Return the record of coding decisions: coding/decisions.sqlite, or the database the study names."""
    where: Path | str = settings.review.database or layout.coding / "decisions.sqlite"
    return DecisionLog(where, study_id(layout))


def redaction_log(layout: f.Layout) -> DecisionLog:
    """Return the record of redaction decisions; always a file on the private side."""
    return DecisionLog(layout.private / "review.sqlite", study_id(layout))


def basis(layout: f.Layout, settings: Settings, proposals: Proposals) -> Basis:
    """Return what coding decisions must fit: this study, its codebook, its passages, its coders."""
    book = proposals.codebook
    return Basis(
        study=study_id(layout),
        codebook_version=book.version,
        themes=frozenset(theme.id for theme in book.themes),
        texts=text_pins(proposals.transcripts, proposals.passages),
        coders=frozenset(settings.review.coders),
    )


def text_pins(
    transcripts: Mapping[str, Transcript], passages: Sequence[Passage]
) -> dict[str, tuple[str, int]]:
    """Return for each passage the SHA-256 and the length of the clean text it lies in."""
    pins = {id: (transcript.sha256, len(transcript)) for id, transcript in transcripts.items()}
    return {passage.id: pins[passage.transcript] for passage in passages}
