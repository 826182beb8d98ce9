"""A small study to review, built by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from svp_nlp.coding.segment import passages
from svp_nlp.model import Codebook, Domain, Role, Span, Theme, Transcript, Turn
from svp_nlp.review.checks import Basis
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.sheet_rows import SheetText

STUDY = "5" * 32
THEMES = ("need.sequelae", "need.recognition", "insights.education")
BOOK = Codebook(
    "Small codebook",
    "7",
    (Domain("need", "Needs"), Domain("insights", "Insights")),
    tuple(Theme(id, id.partition(".")[2].capitalize(), id.partition(".")[0]) for id in THEMES),
)
DOMAIN_OF = {theme.id: theme.domain for theme in BOOK.themes}
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def transcript_of(answers: Iterable[str], id: str = "B") -> Transcript:
    """One turn an answer, one line each."""
    text, turns = "", []
    for number, answer in enumerate(answers):
        span = Span(len(text), len(text) + len(answer))
        turns.append(Turn(number, span, (span,), role=Role.RESPONDENT))
        text += answer + "\n"
    return Transcript(id, text, tuple(turns))


def sheet_text(*answers: str) -> SheetText:
    """The texts of a sheet about one transcript with these answers."""
    transcript = transcript_of(answers)
    return SheetText(BOOK, {transcript.id: transcript}, passages(transcript))


def basis_of(text: SheetText, **changes: Any) -> Basis:
    """What decisions about *text* must fit."""
    pins = {
        p.id: (text.transcripts[p.transcript].sha256, len(text.transcripts[p.transcript]))
        for p in text.passages
    }
    facts = {"study": STUDY, "codebook_version": BOOK.version, "themes": frozenset(THEMES), "texts": pins}
    return Basis(**(facts | changes))


def decided(
    action: Action,
    value: Mapping[str, Any] | None = None,
    *,
    at: int = 0,
    coder: str = "AB",
    target: str = "B:1",
    **more: Any,
) -> Decision:
    """A decision made *at* seconds after the start."""
    facts: dict[str, Any] = {"kind": "coding", "study": STUDY, "codebook_version": BOOK.version} | more
    time = facts.pop("time", START + timedelta(seconds=at))
    return Decision(coder=coder, target=target, action=action, value=value or {}, time=time, **facts)
