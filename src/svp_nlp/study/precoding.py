"""What must hold before codes are suggested: a clean side, a codebook that coders' decisions fit, English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from svp_nlp.errors import CodebookError, StudyError
from svp_nlp.model import Codebook, Transcript
from svp_nlp.review.adjudication import FinalCoding
from svp_nlp.review.fold import State
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f

_NOT_TRANSCRIPTS = ("receipt.json",)


def require_redacted(layout: f.Layout, transcripts: Iterable[str]) -> None:
    """Refuse a clean folder that holds files which redaction did not write; *transcripts* are those it did.

    The files are counted, not named: an interview's file name tells who was interviewed.
    """
    known = {*transcripts, *_NOT_TRANSCRIPTS}
    strange = [p for p in layout.clean.iterdir() if p.name not in known and not p.name.startswith(".")]
    if strange:
        many = "a file" if len(strange) == 1 else f"{len(strange)} files"
        raise StudyError(
            f"clean/ holds {many} that svp-nlp redact did not write; nothing unredacted is coded",
            hint="move it out, then svp-nlp redact FILE --study DIR",
        )


def codebook_facts(codebook: Codebook) -> dict[str, str]:
    """Return what the receipt says of a codebook: title, version, and a hash of what it says."""
    from svp_nlp.coding.codebook import content_hash

    return {"title": codebook.title, "version": codebook.version, "content": content_hash(codebook)}


def same_codebook(layout: f.Layout, codebook: Codebook) -> bool:
    """Tell whether the stored suggestions were made with *codebook* as it is now."""
    before = _receipt_of(layout)
    return not before or before.get("content", "") in ("", codebook_facts(codebook)["content"])


def require_versioned(layout: f.Layout, codebook: Codebook, codings: Mapping[str, int]) -> None:
    """Refuse a codebook edited after coding began that still has the version decisions were made with.

    *codings* counts decisions by the codebook version they were made with.
    """
    if same_codebook(layout, codebook) or not codings.get(codebook.version):
        return
    if _receipt_of(layout).get("version") == codebook.version:
        raise CodebookError(
            f"the codebook was edited after coding began and still says version {codebook.version}; "
            f"{codings[codebook.version]} decisions were made with it as it was",
            hint="give the edited codebook a new version: decisions keep theirs, so both can be told apart",
        )


def remarks(
    transcripts: Mapping[str, Transcript],
    codebook: Codebook,
    codings: Mapping[str, int],
    final: Mapping[str, FinalCoding],
    state: State,
) -> Iterator[str]:
    """Yield what a person should know beside the suggestions; *final* are the final codings of *state*."""
    from svp_nlp.coding.language import foreign

    spoken = (" ".join(t.said(turn) for turn in t.turns) for t in transcripts.values())
    yield from foreign(spoken, "transcript")
    for version, count in sorted((v, n) for v, n in codings.items() if v != codebook.version):
        read = ", read as the migration says" if state.migrations.leads(version, codebook.version) else ""
        yield (
            f"{count} decisions were made with codebook version {version or 'unknown'}, this one is "
            f"{codebook.version}; they keep theirs{read}"
        )
    gone = {theme for coding in final.values() for theme in coding.themes} - {t.id for t in codebook.themes}
    if gone:
        yield (
            f"final codings use {', '.join(sorted(gone))}, which this codebook does not have; they are not "
            "learned from until they are decided anew, or svp-nlp codebook migrate says what became of them"
        )
    if waiting := sum(bool(coding.split) for coding in state.codings.values()):
        yield f"codings with a theme that was split, for their coders to decide again: {waiting}"


def decisions_by_version(layout: f.Layout, settings: Settings) -> Counter[str]:
    """Count coding decisions by the version of the codebook that they were made with."""
    from svp_nlp.study.reviewing import coding_log

    if not settings.review.database and not (layout.coding / "decisions.sqlite").exists():
        return Counter()
    log = coding_log(layout, settings)
    try:
        return Counter(d.codebook_version for d in log.read() if d.kind == "coding")
    finally:
        log.close()


def _receipt_of(layout: f.Layout) -> dict[str, Any]:
    """Return what the receipt says of the codebook of the stored suggestions."""
    path = layout.coding / "receipt.json"
    found = f.read_json(path).get("suggest", {}).get("codebook", {}) if path.exists() else {}
    return dict(found)
