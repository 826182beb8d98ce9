from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from svp_nlp.model import Finding, Label, Role, Span, Status, Transcript, Turn
from svp_nlp.redaction.canary import canaries_through, plant
from svp_nlp.redaction.ledger import Entity, Ledger


def interview() -> Transcript:
    text = "1\n00:01 --> 00:02\nQ: Who is there?\n\n2\n00:02 --> 00:03\nA: Just me.\nAnd you?\n"
    q, a, you = text.index("Q:"), text.index("A:"), text.index("And you")
    turns = (
        Turn(0, Span(q, q + 16), (Span(q + 3, q + 16),), Span(q, q + 1), role=Role.INTERVIEWER),
        Turn(1, Span(a, you + 8), (Span(a + 3, a + 11), Span(you, you + 8)), Span(a, a + 1)),
    )
    return Transcript("t", text, turns, (Span(0, q - 1), Span(q + 18, a - 1)), "srt", (0,))


def test_the_copy_keeps_its_structure() -> None:
    source = interview()
    planted = plant(source, Ledger(), each=2, seed="x")
    copy = planted.transcript
    assert [copy[f] for f in copy.furniture] == [source[f] for f in source.furniture]
    assert [copy[t.label] for t in copy.turns if t.label] == ["Q", "A"]
    assert copy[copy.turns[0].speech[0]] == "Who is there?"
    assert copy[copy.turns[1].speech[0]] == "Just me."
    assert copy[copy.turns[1].speech[1]].startswith("And you? ")
    assert copy.turns[1].span.end == copy.turns[1].speech[1].end
    assert all(copy.turns[1].speech[1].contains(c.span) for c in planted.canaries)
    assert sorted(c.label for c in planted.canaries) == sorted([*Label] * 2)
    assert source.text == interview().text


def test_the_same_seed_plants_the_same_and_no_name_of_the_study() -> None:
    source = interview()
    one = plant(source, Ledger(), each=3, seed="x")
    assert plant(source, Ledger(), each=3, seed="x") == one
    assert plant(source, Ledger(), each=3, seed="y") != one
    words = {w for c in one.canaries for w in one.transcript[c.span].split()}
    known = Entity("PERSON 1", Label.PERSON, "[PERSON 1]", {w: {"t": 1} for w in words if w.isalpha()})
    again = plant(source, Ledger((known,), {}, "s"), each=3, seed="x")
    names = [again.transcript[c.span] for c in again.canaries if c.label is Label.PERSON]
    assert words.isdisjoint(w for name in names for w in name.split())


@settings(deadline=None)
@given(st.integers(1, 3), st.text("ab", max_size=3))
def test_canaries_sit_where_they_are_said_to_sit(each: int, seed: str) -> None:
    planted = plant(Transcript("t", "Nobody speaks here."), Ledger(), each=each, seed=seed)
    assert len(planted.canaries) == 8 * each
    for canary in planted.canaries:
        words = planted.transcript[canary.span]
        assert words == words.strip() != ""
        assert not planted.transcript.text[canary.span.end].isalnum()
        assert not planted.transcript.text[canary.span.start - 1].isalnum()


def test_no_capital_gives_a_canary_away() -> None:
    planted = plant(Transcript("t", "nobody speaks here and nobody writes"), Ledger(), each=3, seed="x")
    assert planted.transcript.text == planted.transcript.text.lower()


def test_what_gets_through_is_counted_by_label() -> None:
    def figures(transcripts: Sequence[Transcript]) -> list[list[Finding]]:
        """Find figures only, of long numbers not the last; a finding that is kept hides nothing."""
        found = [
            [
                Finding(Span(m.start(), m.end() - (len(m.group()) > 4)), Label.ID)
                for m in re.finditer(r"\d[\d-]*", t.text)
            ]
            for t in transcripts
        ]
        kept = [Finding(Span(0, len(t)), Label.PERSON, status=Status.KEPT) for t in transcripts]
        return [[*row, k] for row, k in zip(found, kept, strict=True)]

    report = canaries_through([interview()], figures, Ledger(), each=8, seed="x")
    assert report.planted == dict.fromkeys(Label, 8)
    assert 0 < report.found[Label.DATE_YEAR] < 8
    assert 0 < report.found[Label.AGE] < 8
    hidden = (Label.PERSON, Label.INSTITUTION, Label.LOCATION, Label.DATE, Label.CONTACT, Label.ID)
    assert {report.found[label] for label in hidden} == {0}
    found = report.found[Label.DATE_YEAR] + report.found[Label.AGE]
    assert report.recall == found / 64
    assert len(report.through) == 64 - found
    assert f"AGE              {report.found[Label.AGE]} of 8" in report.table()
