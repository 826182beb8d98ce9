"""Tables for spreadsheets and other programs: the code report and the code-by-transcript matrix, as CSV.

A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator

from svp_nlp.reporting.data import ReportData
from svp_nlp.reporting.texts import quoted

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def themes_table(data: ReportData) -> str:
    """Return the code report as CSV: domain, theme, label, quote, citation, passage, score, status.

    One row a quote, in the order of the codebook: what coders marked (status "decided", without a score),
    then what is suggested; a theme without quotes has one row that says so.
    """
    head = ("domain", "theme", "label", "quote", "citation", "passage", "score", "status")
    return _csv(head, _quote_rows(data))


def matrix_table(data: ReportData) -> str:
    """Return the code-by-transcript matrix as CSV.

    A row a theme, a column a transcript; cells count respondents' passages for which the theme is
    suggested first. The last row counts the passages for which none is suggested.
    """
    counts = first_counts(data)
    rows = [
        (theme.domain, theme.id, theme.label, *(counts[theme.id, t] for t in data.transcripts))
        for theme in data.codebook.themes
    ]
    none = ("", "", "none suggested", *(counts["", t] for t in data.transcripts))
    return _csv(("domain", "theme", "label", *data.transcripts), [*rows, none])


def decided_table(data: ReportData) -> str:
    """Return the matrix of themes by transcript as people decided it, as CSV.

    A row a theme, a column a transcript; cells count the passages with the theme. The last rows count the
    passages decided to have none, and those not decided.
    """
    counts = decided_counts(data)
    rows = [
        (theme.domain, theme.id, theme.label, *(counts[theme.id, t] for t in data.transcripts))
        for theme in data.codebook.themes
    ]
    last = [
        ("", "", words, *(counts[key, t] for t in data.transcripts))
        for key, words in (("none", "no theme applies"), ("open", "not decided"))
    ]
    return _csv(("domain", "theme", "label", *data.transcripts), [*rows, *last])


def decided_counts(data: ReportData) -> Counter[tuple[str, str]]:
    """Count passages by (theme decided, transcript).

    The theme is "none" where none applies, "open" for answers that nobody decided on.
    """
    decided = {} if data.decided is None else data.decided.themes
    counts: Counter[tuple[str, str]] = Counter()
    for passage in data.passages:
        given = decided.get(passage.id)
        counts.update((theme, passage.transcript) for theme in given or ("none",) if given is not None)
    counts.update(("open", p.transcript) for p in data.answers() if p.id not in decided)
    return counts


def first_counts(data: ReportData) -> Counter[tuple[str, str]]:
    """Count answers by (theme suggested first, transcript); the theme is "" where none is suggested."""
    made = ((data.suggested(p), p.transcript) for p in data.answers())
    return Counter((ranked[0].theme if ranked else "", transcript) for ranked, transcript in made)


def _quote_rows(data: ReportData) -> Iterator[tuple[object, ...]]:
    for theme in data.codebook.themes:
        about = (theme.domain, theme.id, theme.label)
        marked = [] if data.decided is None else [q for q in data.decided.quotes if q.theme == theme.id]
        quotes = [q for q in data.quotes if q.theme == theme.id]
        for q in marked:
            yield (*about, quoted(data.transcripts[q.transcript], q), q.citation, q.passage, "", "decided")
        for q in quotes:
            text = quoted(data.transcripts[q.transcript], q)
            yield (*about, text, q.citation, q.passage, f"{q.score:.4f}", "suggested")
        if not quotes and not marked:
            yield (*about, "", "", "", "", "no quote suggested")


def _csv(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(cell) for cell in head])
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    """Return *cell* with an apostrophe in front where a spreadsheet would take it for a formula."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return "'" + cell
    return cell
