from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.segment import passage_text, passages, question_text, sentences
from svp_nlp.model import Role, Span, Transcript, Turn


def transcript(*turns: tuple[Role, str], lines: bool = False) -> Transcript:
    """A transcript with one turn a line block; with *lines* every line of a turn is a piece."""
    text, made = "", []
    for i, (role, said) in enumerate(turns):
        label = "Q: " if role is Role.INTERVIEWER else "A: "
        start = len(text) + len(label)
        text += label + said
        pieces, at = [], start
        for line in said.split("\n") if lines else [said]:
            pieces.append(Span(at, at + len(line)))
            at += len(line) + 1
        made.append(Turn(i, Span(start - len(label), len(text)), tuple(pieces), role=role))
        text += "\n\n"
    return Transcript("B", text, tuple(made))


def cut(text: str) -> list[str]:
    return [text[s.start : s.end] for s in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("I saw Dr. Smith. He left.", ["I saw Dr. Smith.", "He left."]),
        ("J. R. Ewing came. Good.", ["J. R. Ewing came.", "Good."]),
        ("And... I don't know. Yes", ["And... I don't know.", "Yes"]),
        ("Well... That was it.", ["Well...", "That was it."]),
        ('She said, "Stop!" Then she went.', ['She said, "Stop!"', "Then she went."]),
        ("We met at 3 p.m. at the gate.", ["We met at 3 p.m. at the gate."]),
        ("It was [PERSON 3]. [PERSON 3] left.", ["It was [PERSON 3].", "[PERSON 3] left."]),
        ("no capitals here. none. e.g. this", ["no capitals here.", "none.", "e.g. this"]),
        ("Version 2.5 works.", ["Version 2.5 works."]),
        ("  padded.  Twice. ", ["padded.", "Twice."]),
        ("and I. Then", ["and I.", "Then"]),
        ("", []),
        ("   ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@given(st.text(st.sampled_from("aB .?!…\"'[]é\n"), max_size=60))
def test_sentences_lose_only_spaces(text: str) -> None:
    spans = sentences(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert "".join("".join(text[s.start : s.end].split()) for s in spans) == "".join(text.split())


def test_every_turn_is_a_passage_with_role_and_cited_number() -> None:
    found = passages(transcript((Role.INTERVIEWER, "Who pays?"), (Role.RESPONDENT, "Nobody does.")))
    assert [(p.id, p.turn, p.role) for p in found] == [
        ("B:1", 0, Role.INTERVIEWER),
        ("B:2", 1, Role.RESPONDENT),
    ]


def test_the_question_is_kept_over_a_backchannel() -> None:
    spoken = transcript(
        (Role.INTERVIEWER, "Who pays?"),
        (Role.RESPONDENT, "Well."),
        (Role.INTERVIEWER, "Mm-hm."),
        (Role.RESPONDENT, "Nobody does."),
    )
    found = passages(spoken)
    assert [question_text(spoken, p) for p in found] == ["", "Who pays?", "", "Who pays?"]


def test_without_roles_a_turn_that_asks_is_the_question() -> None:
    spoken = transcript((Role.UNKNOWN, "Who pays?"), (Role.UNKNOWN, "Nobody."), (Role.UNKNOWN, "I see."))
    assert [question_text(spoken, p) for p in passages(spoken)] == ["", "Who pays?", ""]


def test_a_long_turn_is_cut_at_sentence_ends() -> None:
    spoken = transcript((Role.RESPONDENT, " ".join(f"This is sentence {i}." for i in range(20))))
    found = passages(spoken, most_words=30)
    assert [p.id for p in found] == ["B:1.1", "B:1.2", "B:1.3"]
    texts = [passage_text(spoken, p) for p in found]
    assert all(t.endswith(".") and len(t.split()) <= 30 for t in texts)
    assert " ".join(texts) == spoken.said(spoken.turns[0])


def test_captions_without_stops_are_cut_at_lines() -> None:
    said = "\n".join(f"so this is caption line {i}" for i in range(12))
    spoken = transcript((Role.RESPONDENT, said), lines=True)
    found = passages(spoken, most_words=25)
    assert len(found) == 3
    assert all(passage_text(spoken, p).startswith("so this") for p in found)


def test_an_endless_line_is_cut_between_words() -> None:
    spoken = transcript((Role.RESPONDENT, "word " * 95 + "end"))
    assert [len(passage_text(spoken, p).split()) for p in passages(spoken, most_words=40)] == [32, 32, 32]


def test_silent_turns_make_no_passage() -> None:
    silent = Transcript("B", "A:  \n", (Turn(0, Span(0, 4), (Span(3, 4),)),))
    assert passages(silent) == ()


def test_pages_and_times_come_along() -> None:
    spoken = Transcript(
        "B",
        "A: one\fA: two",
        (Turn(0, Span(0, 6), (Span(3, 6),)), Turn(1, Span(7, 13), (Span(10, 13),), time=61.0)),
        page_starts=(0, 7),
    )
    assert [(p.citation, p.time) for p in passages(spoken)] == [("B page 1", None), ("B page 2", 61.0)]


speech = st.lists(
    st.sampled_from(["I", "went.", "why?", "and", "Dr.", "home", "[PERSON 1]", "\n", "So"]), max_size=60
)


@given(st.lists(st.tuples(st.sampled_from(list(Role)), speech.map(" ".join)), max_size=4), st.integers(1, 12))
def test_passages_tile_the_speech(turns: list[tuple[Role, str]], most: int) -> None:
    spoken = transcript(*turns, lines=True)
    found = passages(spoken, most_words=most)
    assert found == passages(spoken, most_words=most)
    assert len({p.id for p in found}) == len(found)
    covered = [i for p in found for piece in p.pieces for i in range(piece.start, piece.end)]
    assert covered == sorted(set(covered))
    said = [i for t in spoken.turns for piece in t.speech for i in range(piece.start, piece.end)]
    assert set(covered) <= set(said)
    assert all(spoken.text[i].isspace() for i in set(said) - set(covered))
    assert all(len(passage_text(spoken, p).split()) <= most for p in found)
