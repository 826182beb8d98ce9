"""The redaction score on transcripts small enough to count by hand."""

from __future__ import annotations

import json

import pytest

from svp_nlp.errors import GoldError, SpanError
from svp_nlp.evaluation.gold import GoldTranscript, Mention
from svp_nlp.evaluation.redaction import RedactionScore, neutral_spans, score_redaction, words_of
from svp_nlp.model import Finding, Label, Span, Status, Transcript

TEXT = "Ana: I met Ana Ruiz in Boston in May, and Epic was down. Ruiz left."


def span_of(surface: str, nth: int = 0, text: str = TEXT) -> Span:
    at = -1
    for _ in range(nth + 1):
        at = text.index(surface, at + 1)
    return Span(at, at + len(surface))


GOLD = GoldTranscript(
    "A",
    Transcript("A", TEXT),
    mentions=(
        Mention(span_of("Ana"), Label.PERSON, "p1"),
        Mention(span_of("Ana Ruiz"), Label.PERSON, "p2"),
        Mention(span_of("Boston"), Label.LOCATION, "l1"),
        Mention(span_of("May"), Label.DATE, "d1"),
        Mention(span_of("Ruiz", 1), Label.PERSON, "p2"),
    ),
)


def found(surface: str, label: Label, nth: int = 0, status: Status = Status.REDACTED) -> Finding:
    return Finding(span_of(surface, nth), label, status=status)


def score(*findings: Finding, neutral: tuple[str, ...] = ()) -> RedactionScore:
    return score_redaction([GOLD], {"A": findings}, neutral={"A": neutral})


def test_counts_by_hand() -> None:
    result = score(
        found("Ana", Label.PERSON),
        found("Ana", Label.PERSON, 1),  # half of "Ana Ruiz"
        found("Boston", Label.INSTITUTION),
        found("May", Label.DATE, status=Status.KEPT),
        found("Epic", Label.PERSON),
        found("Ruiz", Label.PERSON, 1, status=Status.REVIEW),
    )
    assert (result["recall"].hits, result["recall"].of) == (3, 5)
    assert result["recall PERSON"].value == pytest.approx(2 / 3)
    assert result["recall DATE"].hits == 0
    assert (
        result["entities, every mention"].hits,
        result["entities, every mention"].of,
    ) == (2, 4)
    assert result["files without a miss"].hits == 0
    assert result.precision == (3 + 3 + 6 + 4) / (3 + 3 + 6 + 4 + 4)
    assert result["false alarms per 1,000 words"].value == pytest.approx(1000 / 15)
    assert (result["label right, of those found"].hits, result["label right, of those found"].of) == (2, 3)
    assert result["words in the review queue"].value == pytest.approx(1 / 15)
    assert result["recall after the queue"].hits == 3
    assert [(m.span, m.kind) for m in result.misses] == [
        (span_of("Ana Ruiz"), "partial"),
        (span_of("May"), "missed"),
    ]
    assert [(m.span, m.kind) for m in result.false_alarms] == [(span_of("Epic"), "false alarm")]


def test_a_mention_covered_by_two_findings_is_found() -> None:
    result = score(found("Ana", Label.PERSON, 1), found("Ruiz", Label.PERSON))
    assert result["recall"].hits == 1


def test_a_touched_mention_is_whole_once_the_queue_is_answered() -> None:
    result = score(
        found("Ana", Label.PERSON, 1, status=Status.REVIEW), found("Epic", Label.PERSON, 0, Status.REVIEW)
    )
    assert result["recall"].hits == 0
    assert result["recall after the queue"].hits == 1
    assert result["precision after the queue"].value == 1
    assert result.precision == 3 / 7


def test_neutral_surfaces_are_neither_right_nor_wrong() -> None:
    result = score(found("Boston", Label.LOCATION), found("Epic", Label.PERSON), neutral=("Epic",))
    assert result.precision == 1
    assert not result.false_alarms


def test_neutral_never_excuses_a_miss() -> None:
    assert score(neutral=("Boston",))["recall LOCATION"].hits == 0


def test_too_wide_a_finding_costs_precision_and_is_no_false_alarm() -> None:
    result = score(found("in Boston in", Label.LOCATION))
    assert result["recall LOCATION"].value == 1
    assert result.precision == 6 / 10
    assert not result.false_alarms


def test_adjoining_false_findings_are_one_alarm() -> None:
    result = score(found("Epic", Label.PERSON), found(" was", Label.PERSON), found("left", Label.PERSON))
    assert [len(m.span) for m in result.false_alarms] == [8, 4]


def test_perfect_and_empty() -> None:
    perfect = score(*(Finding(m.span, m.label) for m in GOLD.mentions))
    assert perfect.recall == perfect.precision == perfect["files without a miss"].value == 1
    empty = score()
    assert empty.recall == 0
    assert empty["precision by characters"].as_dict()["value"] is None


def test_neutral_surface_in_a_lower_cased_text() -> None:
    lower = Transcript("A", "the national academy's fund and a burst")
    assert neutral_spans(lower, ["National Academy's", "Burst"]) == (Span(4, 22), Span(34, 39))
    cased = Transcript("B", "Burst is a book; a burst is not. Bursts")
    assert neutral_spans(cased, ["Burst"]) == (Span(0, 5),)


def test_words_leave_furniture_out() -> None:
    text = "00:01 --> 00:02\nIt was — fine."
    transcript = Transcript("A", text, furniture=(Span(0, 15),))
    assert [transcript[w] for w in words_of(transcript)] == ["It", "was", "fine."]


def test_a_transcript_without_findings_is_an_error() -> None:
    with pytest.raises(GoldError, match=r"^no findings for A; expected an entry a file$"):
        score_redaction([GOLD], {})
    with pytest.raises(GoldError, match=r"^no findings for an empty gold set; expected an entry a file$"):
        score_redaction([], {})


def test_a_finding_past_the_end_is_an_error() -> None:
    with pytest.raises(SpanError, match=rf"^span ends at 900, A has {len(TEXT)} characters$"):
        score(Finding(Span(899, 900), Label.ID))


def test_pooled_over_files_with_an_interval() -> None:
    golds = [GoldTranscript(i, Transcript(i, TEXT), GOLD.mentions) for i in "ABC"]
    all_found = [Finding(m.span, m.label) for m in GOLD.mentions]
    result = score_redaction(golds, {"A": all_found, "B": all_found, "C": []})
    assert result["files without a miss"].hits == 2
    assert (result["recall, over files"].low, result["recall, over files"].high) == (0, 1)
    assert result["recall, over files"].interval == "bootstrap over 3 files"


def test_shows_no_text() -> None:
    result = score(found("Epic", Label.PERSON))
    shown = (
        result.table() + repr(result) + result.to_json() + result._repr_html_() + str(result.misses_frame())
    )
    for word in ("Ana", "Ruiz", "Boston", "Epic"):
        assert word not in shown
    assert json.loads(result.to_json())["misses"][0]["kind"] == "missed"
    assert list(result.to_frame().columns) == ["value", "low", "high", "hits", "of", "interval"]
    assert len(result.misses_frame()) == 6
