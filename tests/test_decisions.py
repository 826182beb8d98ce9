from __future__ import annotations

import json

import pytest

from svp_nlp.errors import StudyError
from svp_nlp.model import Finding, Label, Span, Status, Transcript
from svp_nlp.redaction.decisions import (
    Decision,
    Kind,
    decide,
    decided,
    decisions_from,
    fold_ledger,
    mended,
    names_missed,
    questions,
    row_of,
    with_decisions,
)
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.link import link
from svp_nlp.redaction.redact import redact
from svp_nlp.redaction.roster import Roster, parse_roster

TEXT = "Ann Bell, Annie, the Foley, Tate at Lake Clinic, Tate again"
MARKS = [
    ("Ann Bell", Label.PERSON),
    ("Annie", Label.PERSON),
    ("Foley", Label.PERSON),
    ("Tate", Label.PERSON),
    ("Lake Clinic", Label.INSTITUTION),
]
LEDGER = Ledger(
    (
        Entity("PERSON 1", Label.PERSON, "[PERSON 1]", {"Ann Bell": {"t": 2}, "Annie": {"t": 1}}),
        Entity("PERSON 2", Label.PERSON, "[PERSON 2]", {"Tate": {"t": 2, "u": 1}}),
        Entity("PERSON 3", Label.PERSON, "[PERSON 3]", {"Foley": {"t": 1}}),
        Entity("INSTITUTION B", Label.INSTITUTION, "[INSTITUTION B]", {"Lake Clinic": {"t": 1}}),
    ),
    {"t": "C"},
    "seed",
)


def made(*new: Decision, roster: Roster | None = None) -> tuple[Decision, ...]:
    log: tuple[Decision, ...] = ()
    for decision in new:
        log = decide(LEDGER, log, decision, roster)
    return log


def variants(*new: Decision) -> dict[str, set[str]]:
    return {e.id: set(e.variants) for e in fold_ledger(LEDGER, made(*new))}


MERGE = Decision(Kind.MERGE, "PERSON 2", "PERSON 1")
SPLIT = Decision(Kind.SPLIT, "PERSON 1", surfaces=("Annie",))
RENAME = Decision(Kind.RENAME, "PERSON 2", pseudonym="[the chief nurse]")
KEEP = Decision(Kind.KEEP, "PERSON 3")


def test_merge() -> None:
    folded = fold_ledger(LEDGER, made(MERGE))
    assert set(folded["PERSON 1"].variants) == {"Ann Bell", "Annie", "Tate"}
    assert "PERSON 2" not in folded
    assert folded["PERSON 1"].variants["Tate"] == {"t": 2, "u": 1}


def test_split_makes_an_entity_that_linking_never_makes() -> None:
    assert variants(SPLIT)["PERSON 1B"] == {"Annie"}
    assert fold_ledger(LEDGER, made(SPLIT))["PERSON 1B"].pseudonym == "[PERSON 1B]"
    lake = Entity("INSTITUTION B", Label.INSTITUTION, "[INSTITUTION B]", {"Lake": {}, "Oak": {}})
    [decision] = decide(
        Ledger((lake,), {}, "s"), (), Decision(Kind.SPLIT, "INSTITUTION B", surfaces=("Oak",))
    )
    assert len(decision.into) == len("INSTITUTION ABC")


def test_rename_and_keep() -> None:
    folded = fold_ledger(LEDGER, made(RENAME, KEEP))
    assert folded["PERSON 2"].pseudonym == "[the chief nurse]"
    assert "PERSON 3" not in folded
    some = Decision(Kind.KEEP, "PERSON 1", surfaces=("Annie",))
    assert variants(some)["PERSON 1"] == {"Ann Bell"}


def test_undo_brings_back_exactly_what_was() -> None:
    undo = [Decision(Kind.UNDO, number=n) for n in (1, 2, 3, 4)]
    assert fold_ledger(LEDGER, made(MERGE, SPLIT, RENAME_ONE, KEEP, *undo)) == LEDGER


RENAME_ONE = Decision(Kind.RENAME, "PERSON 1", pseudonym="[the first]")

CONTRADICTIONS = [
    ([MERGE, RENAME], "PERSON 2 was merged into PERSON 1 by decision 1"),
    (
        [MERGE, Decision(Kind.MERGE, "PERSON 1", "PERSON 2")],
        "PERSON 2 was merged into PERSON 1 by decision 1",
    ),
    ([KEEP, Decision(Kind.ROSTER, "PERSON 3")], "PERSON 3 was said to be no identifier by decision 1"),
    ([Decision(Kind.CONFIRM, "PERSON 3"), KEEP], "PERSON 3 was said to be an identifier by decision 1"),
    ([Decision(Kind.MERGE, "PERSON 1", "PERSON 1")], "PERSON 1 cannot be merged into itself"),
    (
        [Decision(Kind.MERGE, "PERSON 1", "INSTITUTION B")],
        "PERSON 1 is a PERSON and INSTITUTION B an INSTITUTION; only like goes with like",
    ),
    ([Decision(Kind.RENAME, "PERSON 9", pseudonym="[x]")], "the ledger has no entity PERSON 9"),
    ([Decision(Kind.SPLIT, "PERSON 1", surfaces=("Tate",))], "PERSON 1 has no such variant to split off"),
    (
        [Decision(Kind.SPLIT, "PERSON 2", surfaces=("Tate",))],
        "all variants of PERSON 2 would be split off; at least one stays",
    ),
    (
        [Decision(Kind.RENAME, "PERSON 1", pseudonym="[PERSON 2]")],
        "another entity has this pseudonym already",
    ),
    (
        [Decision(Kind.RENAME, "PERSON 1", pseudonym="[Dr. Tate]")],
        "the new pseudonym holds a name that the study hides",
    ),
    (
        [Decision(Kind.RENAME, "PERSON 1", pseudonym="one: two")],
        "a pseudonym is one line of text without a colon and without spaces at its rims",
    ),
    (
        [Decision(Kind.TRIM, "PERSON 1", surfaces=("Tate", "Ta"))],
        "PERSON 1 has no such variant",
    ),
    (
        [Decision(Kind.TRIM, "PERSON 1", surfaces=("Ann Bell", "Bel"))],
        "PERSON 1 can be trimmed only to some of its words",
    ),
    (
        [Decision(Kind.TRIM, "PERSON 1", surfaces=("Ann Bell", "ann  bell"))],
        "PERSON 1 can be trimmed only to some of its words",
    ),
    ([Decision(Kind.UNDO, number=1)], "there is no decision 1 to undo; in force: none"),
    (
        [SPLIT, Decision(Kind.RENAME, "PERSON 1B", pseudonym="[x]"), Decision(Kind.UNDO, number=1)],
        "later decisions are about PERSON 1B, which decision 1 made; undo them first",
    ),
    (
        [Decision(Kind.ADD, surfaces=("Tate",), label=Label.INSTITUTION)],
        "this name is in the ledger as PERSON 2, a PERSON",
    ),
    (
        [Decision(Kind.ADD, surfaces=("-",), label=Label.PERSON)],
        "a name to add needs a label and at least one letter or figure",
    ),
]


@pytest.mark.parametrize(("log", "message"), CONTRADICTIONS, ids=[m for _, m in CONTRADICTIONS])
def test_contradictions_are_errors(log: list[Decision], message: str) -> None:
    with pytest.raises(StudyError) as error:
        made(*log)
    assert error.value.message == message


def test_what_the_roster_says_is_no_mistake() -> None:
    with pytest.raises(StudyError, match="PERSON 3 is on the study's roster"):
        made(KEEP, roster=parse_roster("name,type\nFoley,PERSON\n"))


def found() -> tuple[Transcript, list[Finding]]:
    findings = []
    for words, label in MARKS:
        at = TEXT.find(words)
        while at >= 0:
            findings.append(Finding(Span(at, at + len(words)), label, 0.6, status=Status.REVIEW))
            at = TEXT.find(words, at + 1)
    return Transcript("t", TEXT), findings


def run(ledger: Ledger, log: tuple[Decision, ...]) -> str:
    transcript, findings = found()
    raw, rows = link([transcript], [findings], roster=Roster(), ledger=ledger)
    after, (row,) = decided(raw, [transcript], rows, log)
    return redact(transcript, row, ledger=after).transcript.text


def test_decisions_survive_running_again() -> None:
    log = made(MERGE, SPLIT, KEEP, RENAME_ONE)
    text = "[the first], [PERSON 1B], the Foley, [the first] at [INSTITUTION B], [the first] again"
    assert run(LEDGER, log) == text
    transcript, findings = found()
    raw, _ = link([transcript], [findings], roster=Roster(), ledger=LEDGER)
    assert run(raw, log) == text


def test_confirmed_is_no_longer_up_for_review() -> None:
    transcript, findings = found()
    raw, rows = link([transcript], [findings], roster=Roster(), ledger=LEDGER)
    assert [q.entity for q in questions(rows)][:2] == ["PERSON 1", "PERSON 2"]
    log = made(Decision(Kind.CONFIRM, "PERSON 2"), MERGE, KEEP)
    _, after = decided(raw, [transcript], rows, log)
    assert [q.entity for q in questions(after)] == ["INSTITUTION B"]


def test_a_name_found_too_wide_is_cut_and_the_rest_of_it_stays() -> None:
    transcript = Transcript("t", "I'm at\nFennimore now. Fennimore it is.")
    wide = Finding(Span(0, 16), Label.INSTITUTION, 0.6, status=Status.REVIEW)
    again = Finding(Span(22, 31), Label.INSTITUTION, 0.9)
    ledger, linked = link([transcript], [[wide, again]], roster=Roster(), ledger=Ledger(seed="s"))
    entity = linked[0][0].entity
    cut = Decision(Kind.TRIM, entity, surfaces=("I'm at Fennimore", "fennimore"))
    log = decide(ledger, (), cut)
    (row,) = mended([transcript], linked, log)
    assert [(f.span, f.status) for f in row] == [
        (Span(7, 16), Status.REDACTED),
        (Span(22, 31), Status.REDACTED),
    ]
    assert "I'm at Fennimore" not in {s for e in fold_ledger(ledger, log) for s in e.variants}
    undone = decide(ledger, log, Decision(Kind.UNDO, number=1))
    assert mended([transcript], linked, undone) == linked
    assert fold_ledger(ledger, undone) == fold_ledger(ledger, ())


def test_another_label_is_laid_over_before_linking() -> None:
    transcript = Transcript("t", TEXT)
    at = TEXT.index("Tate")
    findings = [[Finding(Span(at, at + 4), Label.PERSON, 0.6, "PERSON 2", status=Status.REVIEW)]]
    log = made(Decision(Kind.RELABEL, "PERSON 2", label=Label.LOCATION))
    ((one,),) = mended([transcript], findings, log)
    assert (one.label, one.entity, one.status) == (Label.LOCATION, "", Status.REDACTED)
    assert "PERSON 2" not in {e.id for e in fold_ledger(LEDGER, log)}
    with pytest.raises(StudyError, match="PERSON 2 was given the label LOCATION by decision 1"):
        decide(LEDGER, log, RENAME)
    with pytest.raises(StudyError, match="needs another label"):
        made(Decision(Kind.RELABEL, "PERSON 2", label=Label.PERSON))


def test_a_cut_holds_for_what_was_merged_and_can_take_all() -> None:
    log = made(MERGE, Decision(Kind.TRIM, "PERSON 1", surfaces=("Tate",)))
    transcript = Transcript("t", TEXT)
    at = TEXT.index("Tate")
    findings = [[Finding(Span(at, at + 4), Label.PERSON, entity="PERSON 2")]]
    assert mended([transcript], findings, log) == ((),)


def test_questions_come_by_what_would_leak() -> None:
    rows = [
        Finding(Span(0, 1), Label.PERSON, 0.9, "PERSON 1", status=Status.REVIEW),
        Finding(Span(1, 2), Label.PERSON, 0.5, "PERSON 2", status=Status.REVIEW),
        Finding(Span(2, 3), Label.PERSON, 0.5, "PERSON 2", status=Status.REVIEW),
        Finding(Span(3, 4), Label.PERSON, 0.5, "PERSON 3"),
    ]
    assert [(q.entity, q.count, q.risk) for q in questions([rows])] == [
        ("PERSON 2", 2, 1.0),
        ("PERSON 1", 1, 0.9),
    ]


def test_names_go_onto_the_roster() -> None:
    add = Decision(Kind.ADD, surfaces=("Bob Veyle", "Bobby"), label=Label.PERSON)
    roster = with_decisions(Roster(), LEDGER, made(Decision(Kind.ROSTER, "PERSON 1"), add))
    assert [(e.name, e.aliases) for e in roster] == [("Ann Bell", ("Annie",)), ("Bob Veyle", ("Bobby",))]


def test_a_miss_becomes_a_rule() -> None:
    transcript, findings = found()
    marks = [
        Finding(Span(0, 8), Label.PERSON),
        Finding(Span(10, 15), Label.PERSON),
        Finding(Span(10, 15), Label.PERSON),
    ]
    assert names_missed(transcript, marks, findings[:1]) == (
        Decision(Kind.ADD, surfaces=("Annie",), label=Label.PERSON),
    )


def test_the_log_there_and_back() -> None:
    add = Decision(Kind.ADD, surfaces=("Bob",), label=Label.PERSON, by="me", at="2026-01-01")
    log = (*made(MERGE, SPLIT, RENAME_ONE, KEEP), add, Decision(Kind.UNDO, number=2))
    assert decisions_from(json.dumps(row_of(d)) for d in log) == log
    for line in ("{", '{"kind": "burn"}', '{"kind": "keep", "what": 1}', "[]"):
        with pytest.raises(StudyError, match="line 2 of the decisions cannot be read"):
            decisions_from(["", line])


def test_reprs_hold_no_names() -> None:
    assert "Annie" not in repr(made(SPLIT))
    assert "nurse" not in repr(made(RENAME))
