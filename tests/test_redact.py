from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svp_nlp.errors import SpanError, StudyError
from svp_nlp.model import Edit, Finding, Flow, Label, Redacted, Role, Source, Span, Status, Transcript, Turn
from svp_nlp.reading import read_text
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.link import link
from svp_nlp.redaction.profiles import PUBLIC, SAFE_HARBOR
from svp_nlp.redaction.redact import applied, mentions, named_again, redact, restored, settled
from svp_nlp.redaction.roster import Roster

LEDGER = Ledger(
    (
        Entity("PERSON 1", Label.PERSON, "[PERSON 1]"),
        Entity("PERSON 2", Label.PERSON, "[PERSON 2]"),
        Entity("INSTITUTION B", Label.INSTITUTION, "[INSTITUTION B]"),
        Entity("AGE 1", Label.AGE, "[AGE 1]"),
    ),
    {"t": "B"},
    "seed",
)
ENTITY = {Label.PERSON: "PERSON 1", Label.INSTITUTION: "INSTITUTION B", Label.AGE: "AGE 1"}


def found(text: str, words: str, label: Label = Label.PERSON, **more: object) -> Finding:
    start = text.index(words)
    return Finding(Span(start, start + len(words)), label, entity=ENTITY[label], **more)  # type: ignore[arg-type]


def clean(text: str, *findings: Finding) -> str:
    return redact(Transcript("t", text), findings, ledger=LEDGER).transcript.text


def test_replaces_by_position_and_nothing_else() -> None:
    text = "Ann said Annual reports by Ann."
    last = Finding(Span(27, 30), Label.PERSON, entity="PERSON 1")
    assert clean(text, found(text, "Ann"), last) == "[PERSON 1] said Annual reports by [PERSON 1]."


def test_neighbours_stay_apart() -> None:
    text = "Ann Bell"
    two = Finding(Span(4, 8), Label.PERSON, entity="PERSON 2")
    assert clean(text, two, found(text, "Ann")) == "[PERSON 1] [PERSON 2]"


def test_the_longest_wins_and_the_rest_goes_too() -> None:
    text = "at St. Mary's Hospital, Mary Bell Clinic"
    assert (
        clean(text, found(text, "Mary"), found(text, "St. Mary's Hospital", Label.INSTITUTION))
        == "at [INSTITUTION B], Mary Bell Clinic"
    )
    assert (
        clean(text, found(text, "Mary Bell"), found(text, "Bell Clinic", Label.INSTITUTION))
        == "at St. Mary's Hospital, [PERSON 1] [INSTITUTION B]"
    )


def test_what_a_person_kept_stays() -> None:
    text = "Ann and the Foley"
    kept = found(text, "Foley", status=Status.KEPT)
    assert clean(text, found(text, "Ann", status=Status.REVIEW), kept) == "[PERSON 1] and the Foley"


def test_a_profile_keeps_and_applied_says_so() -> None:
    text = "Ann is 34"
    findings = [found(text, "Ann"), found(text, "34", Label.AGE)]
    redacted = redact(Transcript("t", text), findings, ledger=LEDGER, profile=SAFE_HARBOR)
    assert redacted.transcript.text == "[PERSON 1] is 34"
    assert [f.status for f in applied(findings, redacted)] == [Status.REDACTED, Status.KEPT]


def captions(second: str) -> tuple[Transcript, list[Finding]]:
    text = f"1\n00:01 --> 00:02\nI work at Lake\n\n2\n00:02 --> 00:03\n{second}\n"
    lines = [text.index("I work"), text.index(second)]
    speech = (Span(lines[0], lines[0] + 14), Span(lines[1], lines[1] + len(second)))
    furniture = (Span(0, lines[0] - 1), Span(lines[0] + 14, lines[1]))
    turn = Turn(0, Span(lines[0], speech[1].end), speech)
    pieces = [found(text, "Lake", Label.INSTITUTION), found(text, "Sauk Hospital", Label.INSTITUTION)]
    return Transcript("t", text, (turn,), furniture, "srt"), pieces


def test_a_name_broken_over_captions_is_said_once() -> None:
    transcript, pieces = captions("Sauk Hospital, nights.")
    [group] = mentions(transcript, pieces)
    assert (len(group.pieces), group.surface) == (2, "Lake Sauk Hospital")
    redacted = redact(transcript, pieces, ledger=LEDGER)
    clean_text = redacted.transcript.text
    assert clean_text == transcript.text.replace("Lake", "[INSTITUTION B]").replace("Sauk Hospital", "")
    assert restored(redacted, transcript) == transcript.text
    assert [redacted.transcript[f] for f in redacted.transcript.furniture] == [
        transcript[f] for f in transcript.furniture
    ]


def test_a_name_broken_over_captions_that_name_their_speaker_is_one_mention() -> None:
    text = (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Ana Ruiz>I work at Saint\n\n"
        "00:00:02.000 --> 00:00:03.000\n<v Ana Ruiz>Brannoc's, at night.\n"
    )
    transcript = read_text(text, id="t", format="vtt")
    second = text.rindex("Ana Ruiz")
    pieces = [
        found(text, "Ana Ruiz"),
        found(text, "Saint", Label.INSTITUTION),
        Finding(Span(second, second + 8), Label.PERSON, entity="PERSON 1"),
        found(text, "Brannoc's", Label.INSTITUTION),
    ]
    groups = mentions(transcript, pieces)
    assert [group.surface for group in groups] == ["Ana Ruiz", "Saint Brannoc's", "Ana Ruiz"]
    redacted = redact(transcript, pieces, ledger=LEDGER)
    assert redacted.transcript.text == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v [PERSON 1]>I work at [INSTITUTION B]\n\n"
        "00:00:02.000 --> 00:00:03.000\n<v [PERSON 1]>, at night.\n"
    )
    assert restored(redacted, transcript) == text


def test_a_caption_line_is_never_left_empty() -> None:
    transcript, pieces = captions("Sauk Hospital")
    text = redact(transcript, pieces, ledger=LEDGER).transcript.text
    assert text == transcript.text.replace("Lake", "[INSTITUTION B]").replace(
        "Sauk Hospital", "[INSTITUTION B]"
    )


def labelled() -> tuple[Transcript, list[Finding]]:
    text = "RM: Who is here?\n\nAnn: Ann Bell.\n"
    turns = (
        Turn(0, Span(0, 16), (Span(4, 16),), Span(0, 2), "RM", Role.INTERVIEWER, page=1),
        Turn(1, Span(18, 32), (Span(23, 32),), Span(18, 21), "Ann", Role.RESPONDENT, page=2),
    )
    source = Source(None, "utf-16", True, "ff", ("a note",))
    transcript = Transcript("t", text, turns, page_starts=(0, 18), source=source)
    findings = [
        Finding(Span(0, 2), Label.PERSON, entity="PERSON 2"),
        Finding(Span(18, 21), Label.PERSON, entity="PERSON 1"),
        Finding(Span(23, 31), Label.PERSON, entity="PERSON 1"),
    ]
    return transcript, findings


def test_turns_labels_and_pages_move_along() -> None:
    redacted = redact(*labelled(), ledger=LEDGER)
    there = redacted.transcript
    assert there.text == "[PERSON 2]: Who is here?\n\n[PERSON 1]: [PERSON 1].\n"
    assert [there[t.label] for t in there.turns if t.label] == ["[PERSON 2]", "[PERSON 1]"]
    assert [t.speaker for t in there.turns] == ["[PERSON 2]", "[PERSON 1]"]
    assert [[there[s] for s in t.speech] for t in there.turns] == [["Who is here?"], ["[PERSON 1]."]]
    assert [t.role for t in there.turns] == [Role.INTERVIEWER, Role.RESPONDENT]
    assert [there.page_of(t.span.start) for t in there.turns] == [1, 2]
    assert there.id == "B"
    assert there.source == Source(encoding="utf-16", bom=True)


def test_a_turn_without_label_takes_no_real_name_along() -> None:
    text = "Ann: Hello.\nYes.\n"
    turns = (
        Turn(0, Span(0, 11), (Span(5, 11),), Span(0, 3), "Ann"),
        Turn(1, Span(12, 14), (Span(12, 14),), None, "Ann"),
        Turn(2, Span(14, 16), (Span(14, 16),), None, "Bob"),
    )
    finding = Finding(Span(0, 3), Label.PERSON, entity="PERSON 1")
    there = redact(Transcript("t", text, turns), [finding], ledger=LEDGER).transcript
    assert [t.speaker for t in there.turns] == ["[PERSON 1]", "[PERSON 1]", None]


def test_masked_labels_still_tell_speakers_apart() -> None:
    transcript, findings = labelled()
    there = redact(transcript, findings, ledger=LEDGER, profile=PUBLIC).transcript
    assert there.text == "[PERSON 2]: Who is here?\n\n[PERSON 1]: ***.\n"


def test_a_general_word_takes_no_second_article() -> None:
    text = "at the Veyton Hospital, then Veyton Hospital"
    first = found(text, "Veyton Hospital", Label.INSTITUTION)
    last = Finding(Span(29, 44), Label.INSTITUTION, entity="INSTITUTION B")
    redacted = redact(Transcript("t", text), [first, last], ledger=LEDGER, profile=PUBLIC)
    assert redacted.transcript.text == "at the [hospital], then [a hospital]"


def test_clean_labels_are_read_again() -> None:
    from svp_nlp.reading.files import read_text

    there = redact(*labelled(), ledger=LEDGER).transcript
    again = read_text(there.text)
    assert [t.speaker for t in again.turns] == ["[PERSON 2]", "[PERSON 1]"]


def test_pseudonyms_in_a_quote_are_named_again() -> None:
    ann = Entity("PERSON 1", Label.PERSON, "[PERSON 1]", {"Ann": {"t": 1}, "Ann Bell": {"t": 1}})
    bob = Entity("PERSON 12", Label.PERSON, "[PERSON 12]", {"Bob": {"t": 1}, "Robert": {}})
    text = "[PERSON 1] and [PERSON 12] and [PERSON 3]"
    assert named_again(text, Ledger((ann, bob))) == "Ann Bell and Bob and [PERSON 3]"
    assert named_again(text, Ledger()) == text


def test_errors_name_positions() -> None:
    transcript = Transcript("t", "Ann Bell")
    with pytest.raises(SpanError, match="a finding ends at 9, 8 characters were expected"):
        redact(transcript, [Finding(Span(4, 9), Label.PERSON)], ledger=LEDGER)
    with pytest.raises(StudyError, match="a finding at 4 has no entity"):
        redact(transcript, [Finding(Span(4, 8), Label.PERSON)], ledger=LEDGER)
    with pytest.raises(StudyError, match="does not know this transcript"):
        redact(Transcript("u", "Ann"), [], ledger=LEDGER)
    redacted = redact(transcript, [found("Ann Bell", "Ann")], ledger=LEDGER)
    with pytest.raises(StudyError, match="the source of B has changed"):
        restored(redacted, Transcript("t", "Ann Ball"))


texts = st.text("ab é\u00a0\n.😀", min_size=1, max_size=40)


@st.composite
def redactions(draw: st.DrawFn) -> tuple[Transcript, list[Finding]]:
    text = draw(texts)
    findings = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start, len(text)))
        label = draw(st.sampled_from(sorted(ENTITY)))
        findings.append(Finding(Span(start, end), label, entity=ENTITY[label]))
    return Transcript("t", text), findings


@settings(deadline=None)
@given(redactions())
def test_undo_restores_and_the_rest_is_untouched(case: tuple[Transcript, list[Finding]]) -> None:
    transcript, findings = case
    redacted = redact(transcript, findings, ledger=LEDGER)
    assert restored(redacted, transcript) == transcript.text
    at = 0
    for edit in redacted.edits:
        assert redacted.transcript[edit.clean] == ENTITY[edit.label].join("[]")
        rest = Span(at, edit.source.start)
        assert transcript[rest] == redacted.transcript[redacted.to_clean(rest)]
        at = edit.source.end


@settings(deadline=None)
@given(redactions())
def test_everything_found_is_replaced(case: tuple[Transcript, list[Finding]]) -> None:
    transcript, findings = case
    covered = {i for f in settled(transcript, findings) for i in range(f.span.start, f.span.end)}
    wanted = {i for f in findings for i in range(f.span.start, f.span.end) if transcript.text[i].isalnum()}
    assert wanted <= covered
    spans = [f.span for f in settled(transcript, findings)]
    assert all(a.end <= b.start for a, b in pairwise(spans))


@st.composite
def edited(draw: st.DrawFn) -> Redacted:
    """Edits of all shapes: neighbours, replacements of nothing by something and of something by nothing."""
    edits, at, clean_at = [], 0, 0
    for _ in range(draw(st.integers(0, 5))):
        gap = draw(st.integers(0, 2))
        source = Span(at + gap, at + gap + draw(st.integers(1, 3)))
        there = Span(clean_at + gap, clean_at + gap + draw(st.integers(0, 3)))
        edits.append(Edit(source, there, Label.PERSON, "PERSON 1"))
        at, clean_at = source.end, there.end
    return Redacted(Transcript("B", "x" * (clean_at + 3)), tuple(edits), "")


def spans(size: int) -> st.SearchStrategy[Span]:
    return st.tuples(st.integers(0, size), st.integers(0, size)).map(lambda p: Span(min(p), max(p)))


@given(edited(), st.data())
def test_the_way_back_contains_and_is_tight(redacted: Redacted, data: st.DataObject) -> None:
    span = data.draw(spans(len(redacted.transcript)))
    home = redacted.to_source(span)
    touched = [e for e in redacted.edits if e.clean.overlaps(span)]
    inside = [e for e in redacted.edits if span.contains(e.clean) and e.clean.start > span.start]
    for edit in [*touched, *(e for e in inside if e.clean.end < span.end)]:
        assert home.contains(edit.source)
    for edit in redacted.edits:
        if edit not in touched and edit not in inside and not edit.clean.contains(span):
            assert not edit.source.overlaps(home)
    if not touched and not inside and not any(e.clean.contains(span) for e in redacted.edits):
        assert len(home) == len(span)


@given(edited(), st.data())
def test_there_and_back_again(redacted: Redacted, data: st.DataObject) -> None:
    span = data.draw(spans(len(redacted.transcript)))
    home = redacted.to_source(span)
    again = redacted.to_clean(home)
    if span:
        assert again.contains(span)
    assert redacted.to_source(again) == home or not span
    assert redacted.to_clean(home) == again


def test_a_vanished_piece_belongs_to_neither_side() -> None:
    gone = Edit(Span(3, 6), Span(3, 3), Label.PERSON, "PERSON 1")
    next_to_it = Edit(Span(6, 8), Span(3, 13), Label.PERSON, "PERSON 2")
    redacted = Redacted(Transcript("B", "x" * 20), (gone, next_to_it), "")
    assert redacted.to_source(Span(0, 3)) == Span(0, 3)
    assert redacted.to_source(Span(3, 13)) == Span(6, 8)
    assert redacted.to_source(Span(0, 4)) == Span(0, 8)
    assert redacted.to_source(Span(3, 3)) == Span(6, 6)
    assert redacted.to_clean(Span(4, 5)) == Span(3, 3)


def test_reprs_hold_no_text() -> None:
    transcript, findings = labelled()
    redacted = redact(transcript, findings, ledger=LEDGER)
    shown = repr(redacted) + repr(mentions(transcript, findings)) + repr(findings)
    assert "Ann" not in shown
    assert "Bell" not in shown


def test_a_name_torn_by_a_tag_goes_whole() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>It was <c.red>Marqu</c>ezzi then.\n"
    transcript = read_text(text, id="s1", format="vtt")
    turn = transcript.turns[0]
    flow = Flow.of(transcript, turn.speech)
    assert flow.text == "It was Marquezzi then."
    at = flow.text.index("Marquezzi")
    pieces = flow.to_source(Span(at, at + 9))
    assert [transcript[p] for p in pieces] == ["Marqu", "ezzi"]
    ledger, linked = link(
        [transcript], [[Finding(p, Label.PERSON) for p in pieces]], roster=Roster(), ledger=Ledger()
    )
    redacted = redact(transcript, linked[0], ledger=ledger)
    assert "ezzi" not in redacted.transcript.text
    assert list(next(iter(ledger)).variants) == ["Marquezzi"]
