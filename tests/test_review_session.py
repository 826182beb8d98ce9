from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_help import BOOK, SAID, THEMES, coding_desk, coding_material, identifier_desk, interview, kept
from svp_nlp.errors import ReviewError, StudyError
from svp_nlp.model import Span
from svp_nlp.review.decisions import Action
from svp_nlp.review.identifiers import IdentifierDesk
from svp_nlp.review.pieces import flow_pieces, text_pieces
from svp_nlp.review.session import CodingDesk

NOT = "this cannot be recorded:"
FAR = [[0, 10**6]]


@pytest.fixture
def desk(tmp_path: Path) -> CodingDesk:
    return coding_desk(tmp_path / "d.sqlite")


def decide(desk: CodingDesk, passage: str, *steps: tuple[str, dict[str, Any]], coder: str = "AB") -> Any:
    rows = [{"action": action, "value": value} for action, value in steps]
    return desk.decide({"coder": coder, "passage": passage, "steps": rows, "seconds": 2})


def code(desk: CodingDesk, passage: str, *themes: str, coder: str = "AB") -> Any:
    return decide(desk, passage, ("code", {"themes": list(themes)}), ("commit", {}), coder=coder)


@given(st.text(st.characters() | st.sampled_from("a b[]👩‍👧é́\u0301\u200dשל本")))
def test_pieces_are_the_text(text: str) -> None:
    pieces = list(text_pieces(text, 7))
    assert "".join(piece.text for piece in pieces) == text
    ends = [7, *(piece.at.end for piece in pieces if piece.at)]
    assert [piece.at.start for piece in pieces if piece.at] == ends[:-1]


def test_pieces_keep_together_what_is_one_sign() -> None:
    shown = [piece.text for piece in text_pieces("[PERSON 3] don't 👩‍👩‍👧 é́")]
    assert shown == ["[PERSON 3]", " ", "don't", " ", "👩‍👩‍👧", " ", "é́"]


def test_pieces_of_a_torn_turn_hold_their_places() -> None:
    transcript = interview(["one two", "three"])
    spans = (Span(21, 24), Span(25, 28))
    pieces = flow_pieces(transcript, spans)
    assert [(p.text, p.at) for p in pieces] == [("one", spans[0]), (" ", None), ("two", spans[1])]


def test_nothing_tells_the_suggestions_before_the_commit(desk: CodingDesk) -> None:
    told = [
        desk.open({"coder": "AB"}),
        desk.view({"passage": "B:2"}),
        decide(desk, "B:2", ("code", {"themes": ["need.sleep"]})),
        desk.compare({"coder": "AB"}),
        desk.pull({"coder": "AB", "since": 0}),
    ]
    for row in told:
        assert "An example of it" not in json.dumps(row)
        assert "0.77" not in json.dumps(row)
    with pytest.raises(ReviewError) as refused:
        desk.suggestions({"coder": "AB", "passage": "B:2"})
    assert refused.value.message == "commit your own codes first"
    assert not any(d.action is Action.SEEN for d in kept(desk))


def test_suggestions_open_after_the_commit_without_scores(desk: CodingDesk) -> None:
    code(desk, "B:2", "need.sleep")
    shown = desk.suggestions({"coder": "AB", "passage": "B:2", "seconds": 1})["suggestions"]
    assert {row["theme"] for row in shown} == set(desk.material.offered("B:2"))
    assert all("score" not in row for row in shown)
    desk.suggestions({"coder": "AB", "passage": "B:2"})
    seen = [d for d in kept(desk) if d.action is Action.SEEN]
    assert len(seen) == 1
    assert seen[0].value["themes"] == list(desk.material.offered("B:2"))


def test_a_verdict_knows_rank_order_and_what_was_seen(desk: CodingDesk) -> None:
    code(desk, "B:2")
    desk.suggestions({"coder": "AB", "passage": "B:2"})
    second = desk.material.offered("B:2")[1]
    decide(desk, "B:2", ("accept", {"theme": second}))
    last = kept(desk)[-1]
    assert (last.rank, last.saw_suggestion, last.model) == (2, True, "model@1")
    assert last.order_shown == desk.material.order("B:2", "AB")
    assert last.text_sha256 == desk.material.transcripts["B"].sha256
    after = desk.suggestions({"coder": "AB", "passage": "B:2"})["suggestions"]
    assert [row["theme"] for row in after if "score" in row] == [second]


def test_blind_codes_stay_what_they_were(desk: CodingDesk) -> None:
    code(desk, "B:2", "need.fear")
    desk.suggestions({"coder": "AB", "passage": "B:2"})
    first = desk.material.offered("B:2")[0]
    row = decide(desk, "B:2", ("accept", {"theme": first}))["states"]["B:2"]
    assert row["blind"] == ["need.fear"]
    assert set(row["themes"]) == {"need.fear", first}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([("accept", {"theme": "need.sleep"})], "the suggestions are not open yet"),
        ([("code", {"themes": ["need.nothing"]})], f"{NOT} 1 of its themes are not in the codebook"),
        ([("quote", {"theme": "need.fear", "pieces": FAR})], f"{NOT} its positions lie outside the text"),
        ([("seen", {"themes": []})], '"seen" is not something to decide here'),
        ([("confirm", {})], '"confirm" is not something to decide here'),
        ([("dance", {})], "the page sent a decision of an unknown kind"),
        ([], "the page sent no decision"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_stored(desk: CodingDesk, steps: Any, words: str) -> None:
    with pytest.raises(ReviewError) as refused:
        decide(desk, "B:2", *steps)
    assert refused.value.message == words
    assert kept(desk) == []


def test_an_unknown_coder_is_named_with_the_known_ones(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite", coders=("AB", "CD"))
    with pytest.raises(ReviewError, match="coder 'XY' is not one of the study's: AB, CD"):
        desk.open({"coder": "XY"})


def test_order_is_random_by_coder_and_stable() -> None:
    material = coding_material([*SAID] * 20)
    orders = {coder: [material.order(p.id, coder) for p in material.passages] for coder in ("AB", "CD")}
    assert orders["AB"] != orders["CD"]
    assert orders["AB"] == [material.order(p.id, "AB") for p in coding_material([*SAID] * 20).passages]
    answered = [p.id for p in material.passages if material.offered(p.id)]
    first = sum(material.order(id, "AB")[0] == material.offered(id)[0] for id in answered)
    assert 0.15 < first / len(answered) < 0.55  # a third, were it the model's order it would be all


def test_planted_checks_are_told_and_have_no_rank(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite", [*SAID] * 5, checks=0.5)
    assert desk.open({"coder": "AB"})["checks"] is True
    passage, planted = next(
        (p.id, theme) for p in desk.material.passages if (theme := desk.material.planted(p.id))
    )
    assert planted not in desk.material.offered(passage)
    code(desk, passage)
    shown = desk.suggestions({"coder": "AB", "passage": passage})["suggestions"]
    assert len(shown) == 4
    decide(desk, passage, ("accept", {"theme": planted}))
    assert kept(desk)[-1].rank is None


def test_without_blinding_suggestions_open_at_once(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite", blind=False)
    desk.suggestions({"coder": "AB", "passage": "B:2"})
    row = decide(desk, "B:2", ("code", {"themes": ["need.fear"]}))["states"]["B:2"]
    assert row["blind"] is None
    assert row["decided"]


def test_undo_goes_back_step_by_step_but_not_behind_what_was_seen(desk: CodingDesk) -> None:
    code(desk, "B:2", "need.fear")
    decide(desk, "B:4", ("flag", {"on": True}))
    desk.suggestions({"coder": "AB", "passage": "B:2"})
    first = desk.material.offered("B:2")[0]
    decide(desk, "B:2", ("accept", {"theme": first}))
    undone = [desk.undo({"coder": "AB"}) for _ in range(4)]
    assert [(row["passage"], row.get("undone")) for row in undone] == [
        ("B:2", "accept"), ("B:4", "flag"), ("B:2", "code"), (None, None),
    ]  # fmt: skip
    state = desk.journal.state.codings["AB", "B:2"]
    assert state.blind == {"need.fear"}
    assert state.themes == set()


def test_nobody_undoes_for_somebody_else(desk: CodingDesk) -> None:
    code(desk, "B:2", "need.fear", coder="AB")
    assert desk.undo({"coder": "CD"})["passage"] is None


def test_two_programs_see_what_the_other_wrote(tmp_path: Path) -> None:
    one, other = coding_desk(tmp_path / "d.sqlite"), coding_desk(tmp_path / "d.sqlite")
    since = other.open({"coder": "AB"})["last"]
    code(one, "B:2", "need.fear")
    row = other.pull({"coder": "AB", "since": since})
    assert row["states"]["B:2"]["themes"] == ["need.fear"]
    assert other.pull({"coder": "AB", "since": row["last"]})["states"] == {}


def test_who_codes_sees_others_only_where_they_decided_themselves(desk: CodingDesk) -> None:
    for passage, ab, cd in (("B:2", "need.fear", "need.fear"), ("B:4", "ways.talk", "ways.peers")):
        code(desk, passage, ab, coder="AB")
        code(desk, passage, cd, coder="CD")
    code(desk, "B:8", "need.fear", coder="AB")
    code(desk, "B:8", "need.fear", coder="CD")
    code(desk, "B:10", "need.fear", coder="CD")
    code(desk, "B:10", "need.fear", coder="EF")
    assert [row["passage"] for row in desk.compare({"coder": "AB"})["rows"]] == ["B:4", "B:2", "B:8"]
    assert len(desk.compare({"coder": "the lead"})["rows"]) == 4
    assert "CD" not in json.dumps(desk.open({"coder": "AB"})["states"])


def test_the_resolved_coding_is_apart(desk: CodingDesk) -> None:
    code(desk, "B:4", "ways.talk", coder="AB")
    code(desk, "B:4", "ways.peers", coder="CD")
    decide(desk, "B:4", ("adjudicate", {"themes": ["ways.talk"], "text": "talked it over"}), coder="EF")
    row = desk.compare({"coder": "EF"})["rows"][0]
    assert row["resolved"] == {
        "themes": ["ways.talk"],
        "by": "EF",
        "reason": "talked it over",
        "certainty": None,
    }
    assert [one["themes"] for one in row["codings"]] == [["ways.talk"], ["ways.peers"]]


def test_five_thousand_passages_open_quickly(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite", [f"{n}: {SAID[n % 6]} {SAID[1] * 5}" for n in range(5000)])
    for n in range(2, 2000, 2):
        desk.journal.log.append(
            desk._decision("AB", desk.material.by_id[f"B:{n}"], Action.CODE, {"themes": []}, 0)
        )
    start = time.perf_counter()
    json.dumps(desk.open({"coder": "AB"}))
    assert time.perf_counter() - start < 2


# ---- redaction ---------------------------------------------------------------------------------------------


@pytest.fixture
def found(tmp_path: Path) -> IdentifierDesk:
    return identifier_desk(tmp_path / "r.sqlite")


def rule(desk: IdentifierDesk, target: str, action: str, **value: Any) -> Any:
    steps = [{"action": action, "value": value}]
    return desk.decide({"coder": "AB", "target": target, "steps": steps, "seconds": 1})


def test_what_would_leak_most_comes_first(found: IdentifierDesk) -> None:
    rows = found.open({"coder": "AB"})["entities"]
    assert [(row["id"], row["count"], row["asked"]) for row in rows] == [
        ("INSTITUTION G", 3, True), ("DATE 1", 1, True), ("PERSON 2", 1, True), ("PERSON 1", 1, False),
    ]  # fmt: skip


def test_every_context_is_shown_with_its_name_marked(found: IdentifierDesk) -> None:
    contexts = found.entity({"entity": "INSTITUTION G"})["contexts"]
    marked = ["".join(p[0] for p in row["pieces"] if len(p) > 4) for row in contexts]
    assert marked == ["the General"] * 3


def test_done_when_the_queue_is_empty(found: IdentifierDesk) -> None:
    assert not found.open({"coder": "AB"})["clearance"]["clean"]
    rule(found, "INSTITUTION G", "confirm")
    rule(found, "PERSON 2", "relabel", label="LOCATION")
    row = rule(found, "DATE 1", "not-an-identifier")
    assert row["clearance"] == {"open": [], "by": "", "at": "", "clean": True}
    assert not found.undo({"coder": "AB"})["clearance"]["clean"]


def test_or_when_the_rest_is_accepted_by_name_and_date(found: IdentifierDesk) -> None:
    rule(found, "INSTITUTION G", "confirm")
    row = rule(found, "", "accept-rest", open=["PERSON 2", "DATE 1"], name="Ada Byron")
    assert row["clearance"]["clean"]
    assert row["clearance"]["by"] == "Ada Byron"
    with pytest.raises(ReviewError, match="gives their name"):
        rule(found, "", "accept-rest", open=["PERSON 2"], name=" ")


def test_accepting_does_not_cover_what_is_found_later(found: IdentifierDesk) -> None:
    rule(found, "", "accept-rest", open=["PERSON 2", "DATE 1"], name="Ada Byron")
    assert not found.open({"coder": "AB"})["clearance"]["clean"]  # INSTITUTION G was not on the list


def test_a_missed_name_keeps_its_words(found: IdentifierDesk) -> None:
    text = found.material.transcripts["B"].text
    at = text.index("Zebulon")
    row = rule(found, "", "add-missed", transcript="B", span=[at, at + 7], label="PERSON")
    assert row["missed"][0]["text"] == "Zebulon"
    assert kept(found)[0].value["surfaces"] == ["Zebulon"]


def test_what_contradicts_an_earlier_decision_is_refused(tmp_path: Path) -> None:
    def check(before: Any, new: Any) -> None:
        raise StudyError("PERSON 2 was merged by decision 1")

    desk = identifier_desk(tmp_path / "r.sqlite", check=check)
    with pytest.raises(StudyError, match="decision 1"):
        rule(desk, "PERSON 2", "not-an-identifier")
    assert kept(desk) == []


def test_no_repr_shows_a_name(found: IdentifierDesk, desk: CodingDesk) -> None:
    entity = found.material.entities["INSTITUTION G"]
    shown = f"{found.material!r} {entity!r} {desk.material!r} {list(text_pieces('Foley'))!r}"
    for words in ("General", "Foley", "Zebulon", "lay awake"):
        assert words not in shown
    assert BOOK.themes
    assert THEMES
