"""What the review page is given: a study's passages or its identifiers, and the record to write to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from svp_nlp.engines.protocols import Embedder, Vectors
from svp_nlp.errors import StudyError, SvpError
from svp_nlp.model import Finding, Passage, Role, Transcript
from svp_nlp.review.decisions import check_coder
from svp_nlp.review.identifiers import IdentifierDesk, IdentifierMaterial
from svp_nlp.review.session import CodingDesk, CodingMaterial
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study import redacting, reviewed, reviewing, steward_log
from svp_nlp.study.coding import Proposals, embedder
from svp_nlp.study.locking import require_key

LIKE = 20
"""Passages that "more like this" shows."""


def coding_material(layout: f.Layout, settings: Settings, proposals: Proposals) -> CodingMaterial:
    """Return what coders see of a study: its clean side, the codebook, and what is suggested."""
    return CodingMaterial(
        study=reviewing.study_id(layout),
        title=settings.study.title,
        codebook=proposals.codebook,
        transcripts=proposals.transcripts,
        passages=proposals.passages,
        suggestions={made.passage: made for made in proposals.suggestions},
        model=Path(settings.coding.embedding_model).name,
        blind=settings.review.blind,
        coders=settings.review.coders,
        checks=settings.review.checks,
        similar=_likeness(layout, settings, proposals),
        little=tuple(theme.theme for theme in proposals.grounds if theme.weak),
    )


def coding_desk(layout: f.Layout, settings: Settings, proposals: Proposals, coder: str = "") -> CodingDesk:
    """Return the desk of the coding review; *coder*, where given, is not asked for a name.

    How coders are shown suggestions is put on record in coding/receipt.json.
    """
    _check_coder(settings, coder)
    review = settings.review
    facts = {"blind": review.blind, "checks": review.checks, "coders": list(review.coders)}
    f.write_receipt(layout.coding, "review", facts)
    log = reviewing.coding_log(layout, settings)
    return CodingDesk(coding_material(layout, settings, proposals), log, coder)


def identifier_desk(layout: f.Layout, settings: Settings, coder: str = "") -> IdentifierDesk:
    """Return the desk of the redaction review; sources that are gone are left out and told.

    Raises StudyError when the study was not redacted yet, or no source of it can be read.
    """
    _check_coder(settings, coder)
    material = identifier_material(layout, settings)
    return IdentifierDesk(material, reviewing.redaction_log(layout), coder)


def identifier_material(layout: f.Layout, settings: Settings) -> IdentifierMaterial:
    """Return the study's sources and what was found in them, by transcript letter."""
    require_key(layout)
    if not (layout.private / "findings.jsonl").exists():
        raise StudyError(
            "there is nothing to review: this study was not redacted yet",
            hint="svp-nlp redact SOURCES... --study DIR",
        )
    found: dict[str, list[Finding]] = {}
    for row in f.read_lines(layout.private / "findings.jsonl"):
        found.setdefault(row["source"], []).append(f.as_finding(row))
    records = {Path(r.clean).stem: r for r in redacting.State.load(layout).records}
    sources = {letter: _source(layout, record) for letter, record in records.items()}
    here = {letter: text for letter, text in sources.items() if text is not None}
    if not here:
        raise StudyError("no source of this study can be read as it was", hint="put sources/ back in place")
    return IdentifierMaterial(
        study=reviewing.study_id(layout),
        title=settings.study.title,
        transcripts=here,
        findings={letter: tuple(found.get(records[letter].source, ())) for letter in here},
        check=reviewed.checker(
            steward_log.load_decisions(layout), redacting.raw_ledger(layout), redacting.kept_roster(layout)
        ),
        coders=settings.review.coders,
        gone=tuple(letter for letter in records if letter not in here),
    )


def _check_coder(settings: Settings, coder: str) -> None:
    if coder:
        check_coder(coder)
    known = settings.review.coders
    if coder and known and coder not in known:
        raise StudyError(
            f"coder {coder!r} is not one of the study's: {', '.join(known)}",
            hint="svp.toml, [review] coders names them",
        )


def _source(layout: f.Layout, record: f.Record) -> Transcript | None:
    """Return a source as it was when redacted, None where it is gone or changed: positions would not fit."""
    try:
        transcript = redacting.reread(layout, record)
    except (SvpError, OSError):
        return None
    return transcript if transcript.sha256 == record.text_sha256 else None


def _likeness(
    layout: f.Layout, settings: Settings, proposals: Proposals
) -> Callable[[str], Sequence[str]] | None:
    """Return a function from a passage to those most like it, by cosine; None without the model.

    Vectors are in the study's cache since the suggestions were made; the first call reads them all.
    """
    try:
        embed = embedder(layout, settings)
    except SvpError:
        return None
    return _Likeness(proposals, embed)


class _Likeness:
    """Finds passages like one; only answers, for questions are alike without meaning anything."""

    def __init__(self, proposals: Proposals, embed: Embedder) -> None:
        self.proposals = proposals
        self.embed = embed
        self.answers = [p for p in proposals.passages if p.role is not Role.INTERVIEWER]

    @cached_property
    def vectors(self) -> Vectors:
        """A unit vector for each answer."""
        return self.embed([self._text(passage) for passage in self.answers])

    def _text(self, passage: Passage) -> str:
        from svp_nlp.coding.segment import passage_text

        return passage_text(self.proposals.transcripts[passage.transcript], passage)

    def __call__(self, id: str) -> list[str]:
        one = next(p for p in self.proposals.passages if p.id == id)
        likeness = self.vectors @ self.embed([self._text(one)])[0]
        order = [self.answers[n].id for n in (-likeness).argsort()]
        return [other for other in order if other != id][:LIKE]
