"""Detection end to end on small transcripts of our own, with the real model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Analyzer, Hit
from svp_nlp.model import Finding, Label, Status, Transcript
from svp_nlp.reading.files import read_text
from svp_nlp.redaction.detect import default_engine, detect
from svp_nlp.redaction.roster import Roster, RosterEntry


@pytest.fixture(scope="module")
def engine() -> Analyzer:
    return default_engine(model_path("en_core_web_md"))


def found(text: str, engine: Analyzer, *, format: str = "txt") -> list[str]:
    transcript = read_text(text, format=format)
    (findings,) = detect([transcript], engine=engine)
    return [transcript[f.span] for f in findings]


INTERVIEW = """Interviewer: Thanks for coming, Marisol.

Marisol Ferreira: Sure. I'm Marisol Ferreira, I run quality at Oakvale Regional Medical Center.

Interviewer: And the program?

Marisol Ferreira: It's called Second Breath. Dr. Ferreira is what patients say. Will Haugen started it
and Will left in 2016. Oakvale paid for it. Will you use my name?

Interviewer: No. Nobody will.
"""


def test_labels_speech_parts_and_short_forms_are_all_found(engine: Analyzer) -> None:
    surfaces = found(INTERVIEW, engine)
    assert surfaces.count("Marisol Ferreira") == 3
    assert surfaces.count("Ferreira") == 1
    assert "Second Breath" in surfaces
    assert "Oakvale Regional Medical Center" in surfaces
    assert "Oakvale" in surfaces
    assert "2016" in surfaces


def test_a_house_keeps_its_possessive(engine: Analyzer) -> None:
    text = "Interviewer: And after?\n\nRespondent: We went to Ilka's, for soup. I know Marek's wife.\n"
    assert {"Ilka's", "Marek"} <= set(found(text, engine))


def test_a_profession_in_letters_is_no_speaker_s_name(engine: Analyzer) -> None:
    text = "INT: And then?\n\nCRNA: I bagged him.\n\nINT: Who came?\n\nCRNA: Nobody came.\n"
    assert found(text, engine) == []
    assert "CRNA" in found(text.replace("INT", "Ana Ruiz"), engine)


def test_two_letters_that_may_be_a_profession_are_asked_about(engine: Analyzer) -> None:
    text = "INT: And then?\n\nRT: I bagged him.\n\nINT: Who came?\n\nRT: Nobody came.\n"
    (findings,) = detect([read_text(text)], engine=engine)
    assert [f.status for f in findings] == [Status.REVIEW, Status.REVIEW]


def test_roles_stay(engine: Analyzer) -> None:
    assert not {"Interviewer", "Dr", "Dr."} & set(found(INTERVIEW, engine))


def test_a_name_that_is_a_word_is_taken_only_where_it_is_a_name(engine: Analyzer) -> None:
    transcript = read_text(INTERVIEW)
    (findings,) = detect([transcript], engine=engine)
    starts = {f.span.start for f in findings if transcript[f.span].startswith("Will")}
    assert starts == {INTERVIEW.index("Will Haugen"), INTERVIEW.index("Will left")}


def test_a_name_broken_over_two_captions_is_found_in_both(engine: Analyzer) -> None:
    text = (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\n<v Rosa Quiñones>I work at Oakvale Regional\n\n"
        "2\n00:00:04.000 --> 00:00:08.000\n<v Rosa Quiñones>Medical Center in Duluth with Ingeborg\n"
    )
    surfaces = found(text, engine, format="vtt")
    assert "Oakvale Regional" in surfaces
    assert "Medical Center" in surfaces
    assert {"Duluth", "Ingeborg"} <= set(surfaces)
    assert surfaces.count("Rosa Quiñones") == 2
    assert not any("-->" in s or "00:00" in s for s in surfaces)


def test_text_without_capitals(engine: Analyzer) -> None:
    text = (
        "Interviewer: so tell me who you are\n\n"
        "Respondent: i'm priya raghunathan i work with doctor villanueva at oakvale medical center in fresno "
        "and my daughter is nine years old she was born in march of twenty fourteen and hector in quality "
        "said we should start the program so we did and it was hard but we kept going for years and years\n"
    )
    surfaces = {s.lower() for s in found(text, engine)}
    joined = " | ".join(surfaces)
    for name in ("priya raghunathan", "villanueva", "oakvale medical center", "fresno", "nine", "hector"):
        assert name in joined
    assert "march of twenty fourteen" in joined


def test_roster_names_are_found_where_nothing_else_finds_them(engine: Analyzer) -> None:
    text = (
        "Interviewer: Who helped?\n\nRespondent: oh, lantern did. We called the nook and harbor came along.\n"
    )
    transcript = read_text(text)
    roster = Roster(
        (
            RosterEntry("Lantern Nook", Label.INSTITUTION, ("the nook",)),
            RosterEntry("Quillon Lanternis", Label.PERSON, ("harbor came",)),
        )
    )
    assert detect([transcript], engine=engine) == ((),)
    (findings,) = detect([transcript], roster=roster, engine=engine)
    assert all("roster" in f.found_by for f in findings)
    assert "harbor came" in [transcript[f.span] for f in findings]


def test_a_misheard_name_goes_to_review(engine: Analyzer) -> None:
    text = "Interviewer: Hi.\n\nRespondent: Doctor Villanueva said so. We asked twice, and Villanoeva came.\n"
    transcript = read_text(text)
    (findings,) = detect([transcript], engine=engine)
    surfaces = [transcript[f.span] for f in findings]
    assert "Villanoeva" in surfaces


def test_a_name_of_one_transcript_is_found_in_the_next(engine: Analyzer) -> None:
    one = read_text(
        "Interviewer: Hi.\n\nRespondent: I'm with Dr. Quillfeather at Oakvale Medical Center.\n", id="T1"
    )
    two = read_text(
        "Interviewer: Hi.\n\nRespondent: oh, quillfeather again. And the oakvale people.\n", id="T2"
    )
    _, second = detect([one, two], engine=engine)
    assert [two[f.span] for f in second] == ["quillfeather", "oakvale"]
    assert all("study" in f.found_by for f in second)


def test_what_is_only_a_particle_in_small_letters_is_nobody(engine: Analyzer) -> None:
    text = "Q: And you are?\n\nA: I'm Van Oduya, call me Van. We came in the van, all of us.\n"
    assert [t for t in found(text, engine) if "an" in t] == ["Van Oduya", "Van"]


def test_a_verb_behind_a_name_is_none_of_it(engine: Analyzer) -> None:
    text = "Q: Was it sent?\n\nA: My assistant Estella faxed it. Faxed it! Estella did.\n"
    assert found(text, engine) == ["Estella", "Estella"]


def test_spelled_and_signed_names(engine: Analyzer) -> None:
    text = "Interviewer: Spell it?\n\nRespondent: L-U-N-D-Q, Lundq. On the chat I'm lundq_er, 612-555-0148.\n"
    joined = " | ".join(found(text, engine))
    for name in ("L-U-N-D-Q", "Lundq", "lundq_er", "612-555-0148"):
        assert name in joined


def test_agreement_makes_confidence(engine: Analyzer) -> None:
    text = "Interviewer: Hi.\n\nRespondent: I asked Dr. Ferreira, and somebody said, ask Lumen Steps.\n"
    transcript = read_text(text)
    (findings,) = detect([transcript], engine=engine)
    by_surface = {transcript[f.span]: f for f in findings}
    assert by_surface["Ferreira"].status is Status.REDACTED
    assert by_surface["Ferreira"].score > 0.9
    assert len(by_surface["Ferreira"].found_by) > 1
    assert by_surface["Lumen Steps"].score < by_surface["Ferreira"].score


def test_progress_counts_transcripts(engine: Analyzer) -> None:
    seen: list[tuple[int, int]] = []
    texts = [read_text(f"Interviewer: Hi {n}.\n", id=f"T{n}") for n in range(2)]
    detect(texts, engine=engine, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]


def test_nothing_in_nothing_out(engine: Analyzer) -> None:
    assert detect([], engine=engine) == ()
    assert detect([Transcript("T1", "")], engine=engine) == ((),)


class Deaf:
    """An engine that hears nothing: labels, roster and propagation alone."""

    name = "deaf"

    def __call__(self, texts: Sequence[str]) -> list[list[Hit]]:
        return [[] for _ in texts]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Ann Lund", "Lund", "ann", "A-N-N", "O.K.", "\n", "\r\n", "“Lund’s”", "x", "12", "é"]
        ),
        max_size=20,
    )
)
def test_findings_are_sorted_disjoint_and_inside(words: list[str]) -> None:
    transcript = read_text("Ann Lund: hello\n\nQ: hm\n\nAnn Lund: " + " ".join(words) + " end\n")
    (findings,) = detect([transcript], engine=Deaf())
    assert list(findings) == sorted(findings, key=lambda f: f.span)
    for before, after in pairwise(findings):
        assert before.span.end <= after.span.start
    assert all(0 <= f.span.start < f.span.end <= len(transcript) for f in findings)
    assert isinstance(findings[0], Finding)


def test_no_name_shows_in_a_repr(engine: Analyzer) -> None:
    (findings,) = detect([read_text(INTERVIEW)], engine=engine)
    assert "Marisol" not in repr(findings)
    assert "Ferreira" not in repr(findings)
