"""The reporting step: gather the clean side's values and write the page and its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from svp_nlp.errors import ReviewError, StudyError
from svp_nlp.files import write_whole
from svp_nlp.model import Label, Passage, Quote, Span
from svp_nlp.reporting.data import Decided, ReportData
from svp_nlp.review.adjudication import FinalCoding, discrepancies, final_codings
from svp_nlp.review.fold import State as Coded
from svp_nlp.settings import Settings
from svp_nlp.study import folder as f
from svp_nlp.study import reviewing
from svp_nlp.study.coding import Proposals
from svp_nlp.study.locking import is_locked
from svp_nlp.study.redacting import State, doubtful_passages, stored
from svp_nlp.study.verifying import Verification, verify_study


def write_report(layout: f.Layout, settings: Settings, proposals: Proposals) -> list[Path]:
    """Write reports/report.html, themes.csv and matrix.csv; returns the paths, the page first.

    Where people have decided, decided.csv counts what they decided; without decisions there is none.

    The study is verified first, so that the page says what is true now; where the key is locked, it says that
    nobody verified it.
    """
    from svp_nlp.reporting.html import html_report
    from svp_nlp.reporting.tables import decided_table, matrix_table, themes_table

    checked = None if is_locked(layout) else verify_study(layout, settings)
    data = report_data(layout, settings, proposals, checked)
    written = {
        "report.html": html_report(data),
        "themes.csv": themes_table(data),
        "matrix.csv": matrix_table(data),
        **({"decided.csv": decided_table(data)} if data.decided else {}),
    }
    (layout.reports / "decided.csv").unlink(missing_ok=True)
    for name, text in written.items():
        write_whole(layout.reports / name, text)
    f.write_receipt(layout.reports, "report", {"files": sorted(written)})
    return [layout.reports / name for name in written]


def report_data(
    layout: f.Layout, settings: Settings, proposals: Proposals, verification: Verification | None
) -> ReportData:
    """Gather what a report shows; exemplars and topics are left out where they were not made."""
    known = {passage.id for passage in proposals.passages}
    themes = {theme.id for theme in proposals.codebook.themes}
    quotes = _rows(layout.coding / "exemplars.jsonl")
    topics, message = _topics(layout, known)
    review, counts = _counts(layout)
    return ReportData(
        title=settings.study.title,
        codebook=proposals.codebook,
        transcripts=proposals.transcripts,
        entity_counts=counts,
        review_open=review,
        verified=None if verification is None else verification.clean,
        leaks=() if verification is None else verification.leaks,
        passages=proposals.passages,
        suggestions=proposals.suggestions,
        quotes=tuple(f.as_quote(q) for q in quotes if q["passage"] in known and q["theme"] in themes),
        topics=topics,
        topics_message=message,
        topic_map_svg=_text(layout.coding / "topic_map.svg") if topics else "",
        receipt=_receipts(layout),
        decided=decided_by_people(layout, settings, proposals),
        grounds=proposals.grounds,
        grounds_remark=proposals.remark,
    )


def decided_by_people(layout: f.Layout, settings: Settings, proposals: Proposals) -> Decided | None:
    """Return what people decided, None where nobody did. Themes the codebook does not have do not count."""
    state = reviewing.coding_state(layout, settings)
    passages = {p.id: p for p in proposals.passages}
    final = {id: one for id, one in final_codings(state).items() if id in passages}
    differing = [d.passage for d in discrepancies(state) if d.passage in passages]
    if not final and not differing:
        return None
    known = {theme.id for theme in proposals.codebook.themes}
    fitting = {id: one for id, one in final.items() if one.themes <= known}
    folder = layout.reports / "review"
    return Decided(
        {id: one.themes for id, one in fitting.items()},
        Counter(_HOW[one.how] for one in fitting.values()),
        len(differing),
        len(final) - len(fitting),
        len(state.coders),
        tuple(_marked(state, fitting, passages, doubtful_passages(layout, proposals.passages))),
        _agreement(state, proposals),
        sorted(path.name for path in folder.glob("*.*")) if folder.exists() else (),
        [f"{note[0].upper()}{note[1:]}." for note in reviewing.migration_notes(state)],
    )


_HOW = {"adjudicated": "adjudicated", "agreed": "agreed on by all their coders", "one coder": "by one coder"}


def _marked(
    state: Coded,
    final: Mapping[str, FinalCoding],
    passages: Mapping[str, Passage],
    doubtful: Container[str],
) -> Iterator[Quote]:
    """Yield the quotes coders marked for themes that count; none where a redaction is in doubt."""
    seen: set[tuple[str, tuple[Span, ...]]] = set()
    for coding in state.codings.values():
        one = final.get(coding.passage)
        if one is None or coding.passage in doubtful:
            continue
        passage = passages[coding.passage]
        for mark in coding.quotes:
            if mark.theme in one.themes and (mark.theme, mark.pieces) not in seen:
                seen.add((mark.theme, mark.pieces))
                yield Quote(
                    mark.theme, passage.transcript, passage.id, mark.pieces, citation=passage.citation
                )


def _agreement(state: Coded, proposals: Proposals) -> str:
    """Say how far coders agree on blind codings, or why that is not known."""
    try:
        blind = reviewing.reliability(state, proposals).blind
    except ReviewError as problem:
        return f"How far coders agree is not known: {problem.message}."
    pooled = blind["all themes pooled"]
    if pooled.kappa.value != pooled.kappa.value:
        return f"Agreement cannot be computed: no theme was given ({blind.frame})."
    return (
        f"Agreement, all themes pooled: Cohen's kappa {pooled.kappa}, raw agreement {pooled.percent} "
        f"({blind.frame})."
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return list(f.read_lines(path)) if path.exists() else []


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _topics(layout: f.Layout, known: set[str]) -> tuple[tuple[Any, ...], str]:
    path = layout.coding / "topics.json"
    if not path.exists():
        return (), "Topics were not looked for (svp-nlp topics)."
    raw = f.read_json(path)
    topics = tuple(f.as_topic(row) for row in raw["topics"])
    if not {passage for topic in topics for passage in topic.passages} <= known:
        return (), "The topics belong to an older state of the transcripts; run svp-nlp topics again."
    return topics, raw["message"]


def _counts(layout: f.Layout) -> tuple[int, Mapping[str, Mapping[Label, int]]]:
    """Return the open review findings, and by transcript how many identifiers of each kind were replaced.

    Nothing is open where people decided on every queued entity, or accepted the rest by name and date.
    """
    from svp_nlp.study.reviewed import cleared

    if not is_locked(layout) and not State.load(layout).records:
        raise StudyError("there is nothing to report yet", hint="svp-nlp redact SOURCES... --study DIR")
    done = stored(layout)
    settled = not is_locked(layout) and cleared(layout).clean
    return 0 if settled else done.review, {id: Counter(counts) for id, counts in done.counts.items()}


def _receipts(layout: f.Layout) -> dict[str, object]:
    """Join the receipts of the clean side."""
    joined: dict[str, object] = {}
    for folder in (layout.clean, layout.coding):
        path = folder / "receipt.json"
        if path.exists():
            joined |= f.read_json(path)
    return joined
