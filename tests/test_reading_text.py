"""Plain transcripts: which words are labels, who speaks which turn, what nobody says."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from textwrap import TextWrapper
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading_help import tiles
from svp_nlp.model import Role, Transcript
from svp_nlp.reading import read, read_text

ASKS, R, U = Role.INTERVIEWER, Role.RESPONDENT, Role.UNKNOWN


def turns(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(t.speaker, transcript.said(t)) for t in transcript.turns]


TALK = [("{0}", "How was it for you?"), ("{1}", "Hard."), ("{0}", "Why?"), ("{1}", "It was late: no beds.")]

STYLES = {
    "role words": ("Interviewer: {}", "Respondent: {}", "Interviewer", "Respondent"),
    "initials": ("RM: {}", "HK: {}", "RM", "HK"),
    "question and answer": ("Q: {}", "A: {}", "Q", "A"),
    "court": ("Q. {}", "A. {}", "Q", "A"),
    "time before": ("(00:00:04) PRIYA: {}", "[00:00:09] LEILANI: {}", "PRIYA", "LEILANI"),
    "time behind": ("Speaker 1 (00:01:22): {}", "Speaker 2 [1:25]: {}", "Speaker 1", "Speaker 2"),
    "time in the speech": ("Interviewer: [00:00:03] {}", "P1: [00:00:05] {}", "Interviewer", "P1"),
    "time on the line": ("Ann Lee  00:00:03\n{}", "Bo Ek  00:00:07\n{}", "Ann Lee", "Bo Ek"),
    "time on the line, first": ("00:03 Ann Lee\n{}", "00:07 Bo Ek\n{}", "Ann Lee", "Bo Ek"),
    "label on the line": ("Speaker 1 (00:03):\n{}", "Speaker 2 (00:07):\n{}", "Speaker 1", "Speaker 2"),
    "name on the line": ("Interviewer\n{}", "Participant\n{}", "Interviewer", "Participant"),
    "titles": ("MR. LINDQVIST: {}", "MS. VANG: {}", "MR. LINDQVIST", "MS. VANG"),
    "tab": ("JC\t{}", "CA\t{}", "JC", "CA"),
    "tag": ("[doctor] {}", "[patient] {}", "doctor", "patient"),
    "participant number": ("I: {}", "P08: {}", "I", "P08"),
    "described": ("Hon. Ann Lee (Minister): {}", "Mr. Bo Ek (Selkirk, CPC): {}", "Hon. Ann Lee", "Mr. Bo Ek"),
    "our own": ("[PERSON 3]: {}", "[PERSON 12]: {}", "[PERSON 3]", "[PERSON 12]"),
    "our own, with a title": (
        "DR. [PERSON 3]: {}",
        "Ms. [PERSON 12]: {}",
        "DR. [PERSON 3]",
        "Ms. [PERSON 12]",
    ),
    "our own, timed": ("[PERSON 3]  00:00:03\n{}", "[PERSON 1]  00:00:07\n{}", "[PERSON 3]", "[PERSON 1]"),
    "our own, tagged": ("[[PERSON 3]] {}", "[[PERSON 1]] {}", "[PERSON 3]", "[PERSON 1]"),
    "surnames": ("Maddox: {}", "Abara: {}", "Maddox", "Abara"),
    "degrees": ("Wei-Ling Hsu, MD: {}", "Ann Lee, RN: {}", "Wei-Ling Hsu, MD", "Ann Lee, RN"),
    "full names": (
        "Wei-Ling Hsu: {}",
        "Renée O'Neil de la Cruz: {}",
        "Wei-Ling Hsu",
        "Renée O'Neil de la Cruz",
    ),
    "numbered": ("1. Interviewer: {}", "2. Respondent: {}", "Interviewer", "Respondent"),
    "bold": ("**Interviewer:** {}", "**Anna:** {}", "Interviewer", "Anna"),
    "French spacing": ("Interviewer\u00a0: {}", "P1\u00a0: {}", "Interviewer", "P1"),
    "time after the colon": ("Speaker 1: (00:03)\n{}", "Speaker 2: (00:05)\n{}", "Speaker 1", "Speaker 2"),
    "blank line below": ("INTERVIEWER:\n\n{}", "ANNA SMITH:\n\n{}", "INTERVIEWER", "ANNA SMITH"),
    "dash": ("RM – {}", "HK – {}", "RM", "HK"),
    "lower case": ("interviewer: {}", "respondent: {}", "interviewer", "respondent"),
    "broadcast": (">> ANN: {}", ">> BO: {}", "ANN", "BO"),
}


@pytest.mark.parametrize("between", ["\n\n", "\n", "\r\n\r\n"])
@pytest.mark.parametrize("style", STYLES)
def test_label_styles(style: str, between: str) -> None:
    asks, answers, first, second = STYLES[style]
    text = between.join((asks if who == "{0}" else answers).format(words) for who, words in TALK)
    transcript = read_text(text)
    assert turns(transcript) == [(first if who == "{0}" else second, words) for who, words in TALK]
    assert [t.role for t in transcript.turns] == [ASKS, R, ASKS, R]
    assert [transcript[t.label] for t in transcript.turns if t.label] == [first, second, first, second]
    tiles(transcript)


def test_times_are_seconds() -> None:
    for style, first, second in [
        ("time behind", 82.0, 85.0),
        ("time on the line", 3.0, 7.0),
        ("time before", 4.0, 9.0),
    ]:
        asks, answers, *_ = STYLES[style]
        transcript = read_text(f"{asks.format('How?')}\n\n{answers.format('Hard.')}\n\n{asks.format('Why?')}")
        assert [t.time for t in transcript.turns] == [first, second, first]


def test_a_colon_in_prose_makes_no_speaker() -> None:
    text = (
        "So here is the thing: I was tired. I had one rule: never call.\n\nThen: nothing. It was a mess.\n\n"
        "That is all: done. Note: this too."
    )
    assert [speaker for speaker, _ in turns(read_text(text))] == [None, None, None]


def test_a_colon_in_a_labelled_file_makes_no_speaker() -> None:
    transcript = read_text(
        "INTERVIEWER: How was it\nfor you? Tell me:\neverything.\n"
        "ANNA: Hard. I told\nBob: go home. And\nso on.\n"
        "INTERVIEWER: And?\nANNA: Done.\n\nFirst: nothing first.\n"
    )
    assert turns(transcript) == [
        ("INTERVIEWER", "How was it for you? Tell me: everything."),
        ("ANNA", "Hard. I told Bob: go home. And so on."),
        ("INTERVIEWER", "And?"),
        ("ANNA", "Done. First: nothing first."),
    ]


def test_words_for_roles_in_prose_make_no_speaker() -> None:
    talk = [f"Ann: Number {n}?\n\nBo: It was {n}." for n in range(5)]
    prose = "Question: would I do it again?\n\nFamily: mine came.\n\nA: the first, or\n\nPart 2: the second."
    transcript = read_text("\n\n".join([*talk, prose]))
    assert [speaker for speaker, _ in turns(transcript)] == ["Ann", "Bo"] * 5
    transcript = read_text("\n\n".join([*talk, "Participant 4: Me, too.", "Nurse: Coffee?"]))
    assert turns(transcript)[-2:] == [("Participant 4", "Me, too."), ("Nurse", "Coffee?")]


def test_a_sentence_runs_on_over_a_page_break() -> None:
    transcript = read_text("I went home and\n\f slept for a day.\n\nThen I woke.\n\fThe ward was full.")
    assert [said for _, said in turns(transcript)] == [
        "I went home and slept for a day.",
        "Then I woke.",
        "The ward was full.",
    ]


def test_a_speaker_may_occur_once() -> None:
    transcript = read_text(
        "Int: How?\n\nJane: One.\n\nInt: Why?\n\nJane: Two.\n\nReceptionist: Coffee?\n\nInt: Thanks."
    )
    assert turns(transcript)[4] == ("Receptionist", "Coffee?")
    assert turns(read_text("Maddox: How are you?\n\nAbara: Fine, thanks.")) == [
        ("Maddox", "How are you?"),
        ("Abara", "Fine, thanks."),
    ]


def test_paragraphs_without_a_label_belong_to_the_running_turn() -> None:
    transcript = read_text("Q: How?\n\nA: One.\n\nTwo, a paragraph.\n\nQ: Why?")
    assert turns(transcript) == [("Q", "How?"), ("A", "One. Two, a paragraph."), ("Q", "Why?")]
    assert [len(t.speech) for t in transcript.turns] == [1, 2, 1]


def test_only_one_side_is_labelled() -> None:
    asked = "Interviewer: How?\n\nIt was hard.\n\nReally hard.\n\nInterviewer: Why?\n\nSo.\n\n"
    transcript = read_text(asked + "Interviewer: And then?\n\nNothing.")
    assert [(t.speaker, t.role, transcript.said(t)) for t in transcript.turns] == [
        ("Interviewer", ASKS, "How?"),
        (None, R, "It was hard. Really hard."),
        ("Interviewer", ASKS, "Why?"),
        (None, R, "So."),
        ("Interviewer", ASKS, "And then?"),
        (None, R, "Nothing."),
    ]


def test_paragraphs_of_nobody() -> None:
    wrapped = "It was late when the call came and nobody was on\nthe ward. I went home.\n"
    transcript = read_text(wrapped + "Then I slept for a day and a night and another day\nand woke.\n")
    assert [said for _, said in turns(transcript)] == [
        "It was late when the call came and nobody was on the ward. I went home.",
        "Then I slept for a day and a night and another day and woke.",
    ]
    long = "It was late. " * 20
    assert len(read_text(f"{long}\n{long}\n{long}").turns) == 3


def test_times_without_names() -> None:
    transcript = read_text("0:01 so I was tired\n0:07 and went\nhome\n1:02 then I slept\n")
    assert [(t.time, transcript.said(t)) for t in transcript.turns] == [
        (1.0, "so I was tired"),
        (7.0, "and went home"),
        (62.0, "then I slept"),
    ]
    tiles(transcript)


def test_speech_before_the_first_label_is_a_turn_of_nobody() -> None:
    opening = "But then I got waylaid by poetry, and I think I found that whatever I have is suited to it."
    transcript = read_text(
        f"{opening} And so on.\n\nDB: When was that?\n\nRW: In spring.\n\nDB: And?\n\nRW: Later."
    )
    assert turns(transcript)[0] == (None, f"{opening} And so on.")
    assert [t.role for t in transcript.turns] == [U, ASKS, R, ASKS, R]


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        ("Interview 3\nDate: 3/4/2019\nInterviewer: Ann Lee\nParticipant: P08\nLocation: Topeka\n\n", ""),
        (
            "A STUDY\n\nDate: 3/4/2019\n\nInterviewer: Ann Lee\n\nParticipant: P08\n\n"
            "Site: Topeka\n\n-----\n\n",
            "",
        ),
        ("", "\n\n(End of recording.)\n"),
        ("", "\n\n[END]"),
        ("", "\n\n*** END OF INTERVIEW ***"),
        ("[Recording begins]\n\n", "\n\n[recording stopped at 10:45]"),
        ("Page 1\n\n", "\n\nPage 2"),
    ],
)
def test_headers_and_closers_are_furniture(head: str, foot: str) -> None:
    transcript = read_text(
        f"{head}Interviewer: So how?\n\nP08: It ended.\n\nInterviewer: And?\n\nP08: No more.{foot}"
    )
    assert turns(transcript) == [
        ("Interviewer", "So how?"),
        ("P08", "It ended."),
        ("Interviewer", "And?"),
        ("P08", "No more."),
    ]
    assert len(transcript.furniture) == len([line for line in (head + foot).splitlines() if line])
    tiles(transcript)


def test_a_header_without_blank_lines_ends_where_the_talk_begins() -> None:
    head = [
        "Interview 4: Ann Lee",
        "Participant\tAnn Lee, RN",
        "Date of interview\tApril 5",
        "Interviewer: Bo Ek",
    ]
    talk = ["Interviewer: We are set.", "Ann: That is it.", "Interviewer: Why?", "Ann: So."]
    transcript = read_text("\n".join([*head, *talk]))
    assert [f"{speaker}: {said}" for speaker, said in turns(transcript)] == talk
    assert [transcript[f] for f in transcript.furniture] == head


def test_line_numbers_are_furniture() -> None:
    text = "1  Q: How was it in that\n2  time?\n3  A: Hard. It went on\n4  and on.\n"
    text += "5  Q: Why?\n6\n7  A: 12 of us.\n"
    transcript = read_text(text)
    assert turns(transcript) == [
        ("Q", "How was it in that time?"),
        ("A", "Hard. It went on and on."),
        ("Q", "Why?"),
        ("A", "12 of us."),
    ]
    tiles(transcript)


def test_running_titles_inside_a_turn_are_furniture() -> None:
    transcript = read_text(
        "STUDY 12   M. Vang   Page 1\n\nMS. VANG: We came to page\n1 and went\n\n"
        "\fSTUDY 12   M. Vang   Page 2\n\non from there.\n\n"
        "MR. LEE: Did you?\n\nMS. VANG: Yes.\n\nMR. LEE: Oh?"
    )
    assert turns(transcript)[0] == ("MS. VANG", "We came to page 1 and went on from there.")
    assert [t.page for t in transcript.turns] == [1, 2, 2, 2]
    assert len(transcript.furniture) == 2
    assert transcript.page_starts == (0, transcript.text.index("\f") + 1)


def test_running_titles_without_numbers() -> None:
    page = "Hallam University, confidential\nQ: How was number {0}?\nA: It was {0} of them.\n{0}"
    transcript = read_text("\f".join(page.format(n) for n in range(1, 5)))
    assert turns(transcript)[:2] == [("Q", "How was number 1?"), ("A", "It was 1 of them.")]
    assert len(transcript.turns) == 8
    assert len(transcript.furniture) == 8


def test_running_titles_that_look_like_labels() -> None:
    page = "[INSTITUTION V]: Dr. [PERSON 36] {0}\n\nQ: And number {0}?\n\nA: Yes, {0} of them."
    transcript = read_text("\n\f".join(page.format(n) for n in range(1, 4)))
    assert {speaker for speaker, _ in turns(transcript)} == {"Q", "A"}
    assert len(transcript.furniture) == 3


def test_roles_by_conduct() -> None:
    asked = "JC: So who is here?\nCA: Me, for twenty years on this ward.\nMF: And me, since I had hair.\n"
    transcript = read_text(
        asked + "JC: What do you do?\nCA: I run the floor at night.\nMF: I sign things, mostly.\n"
    )
    assert {t.speaker: t.role for t in transcript.turns} == {"JC": ASKS, "CA": R, "MF": R}
    meeting = "Ann: The agenda.\nBo: Yes.\nCy: The data.\nAnn: Yes.\nBo: Right.\nCy: Good.\n"
    assert {t.role for t in read_text(meeting).turns} == {U}
    named = read_text("INTERVIEWER: Go on.\n\nFAITH: Well?\n\nINTERVIEWER: Hm.\n\nFAITH: So?")
    assert {t.speaker: t.role for t in named.turns} == {"INTERVIEWER": ASKS, "FAITH": R}
    two = read_text("Interviewer 1: How?\n\nP1: Hm.\n\nInterviewer 2: Why?\n\nP2: So.\n\nP1: Yes.")
    assert [t.role for t in two.turns] == [ASKS, R, ASKS, R, R]


def test_a_label_without_speech_is_furniture() -> None:
    transcript = read_text("Q: How?\n\nA:\n\nQ: Why?\n\nA: So.")
    assert turns(transcript) == [("Q", "How?"), ("Q", "Why?"), ("A", "So.")]
    tiles(transcript)


def test_every_turn_of_the_development_set(shared: Path) -> None:
    gold = defaultdict(list)
    with (shared / "devset" / "turns.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            gold[row["file"]].append((row["speaker"], row["role"], " ".join(row["text"].split())))
    files = sorted((shared / "devset" / "raw").iterdir())
    assert len(files) == len(gold) == 12
    for path in files:
        transcript = read(path)
        ours = [(t.speaker, t.role.value, " ".join(transcript.said(t).split())) for t in transcript.turns]
        assert ours == gold[path.stem], path.stem
        tiles(transcript)


@pytest.mark.parametrize("width", [70, 10_000])
@pytest.mark.parametrize("name", ["D02", "D07", "D09"])
def test_the_development_set_in_every_style(name: str, width: int, shared: Path) -> None:
    source = read(next((shared / "devset" / "raw").glob(f"{name}.*")))
    said = [(t.role, " ".join(source.said(t).split())) for t in source.turns]
    wrapper = TextWrapper(width, expand_tabs=False, replace_whitespace=False, break_on_hyphens=False)
    for style, (asks, answers, *_) in STYLES.items():
        blocks = [(asks if role is ASKS else answers).format(words) for role, words in said]
        lines = [wrapper.fill(line) for block in blocks for line in block.split("\n")]
        transcript = read_text("\n".join(lines))
        again = [(t.role, " ".join(transcript.said(t).split())) for t in transcript.turns]
        assert again == said, style


def test_the_real_set(shared: Path) -> None:
    counts = {}
    for path in sorted((shared / "realset" / "raw").iterdir()):
        transcript = read(path)
        tiles(transcript)
        counts[path.stem] = (len(transcript.turns), sorted({t.speaker or "" for t in transcript.turns}))
    assert counts == {
        "aci_sanchez": (7, ["doctor", "patient"]),
        "aci_ward": (25, ["doctor", "patient"]),
        "oh_armantrout": (11, ["", "DB", "RA"]),
        "oh_wrigley": (13, ["", "DB", "RW"]),
        "qm_canada": (
            15,
            [
                "Hon. Bill Blair",
                "Hon. Harjit S. Sajjan",
                "Mr. David Yurdiga",
                "Mr. James Bezan",
                "The Acting Chair",
            ],
        ),
        "qm_icsi": (53, ["Grad F", "PhD B", "PhD E", "Postdoc A", "Professor D"]),
    }


LINE = st.one_of(
    st.sampled_from(
        [
            "Interviewer: So how?", "P1: Hm.", "Q: a", "A:", "", " ",
            "Ann Lee  00:03", "[00:12] Bo: x [00:13] y",
            "JC\tb", "[doctor] c", "Page 3", "\f", "Date: 3", "----", "(End of tape.)", "So it is: this.",
            "[PERSON 3]: d", "(a): b", "**X:** y", "- >> ANN: z", "12", "ANN", "Q. e", "a – b",
            "é: ï", "00:03",
            "\ufeff", "：", "(End of tape.) x", "Participant: Ann",
        ]
    ),
    st.text(max_size=20),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=14), st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\u2028", "\v"]))
def test_turns_tile_any_text(lines: list[str], end: str) -> None:
    text = "x" + end.join(lines)
    transcript = read_text(text)
    assert transcript.text == text
    tiles(transcript)


def test_no_repr_shows_text() -> None:
    transcript = read_text(
        "Okonkwo: How was Tallgrass?\n\nMaddox: Hard in Topeka.\n\nOkonkwo: Why?\n\nMaddox: So."
    )
    shown = repr(transcript) + repr(transcript.turns) + repr(transcript.source) + transcript._repr_html_()
    assert not [word for word in ("Okonkwo", "Maddox", "Tallgrass", "Topeka", "Hard") if word in shown]


def test_twenty_thousand_words_read_quickly() -> None:
    turn = (
        "Maddox: How was it for you?\n\nAbara: "
        + "It was hard, and here is why: nobody called. " * 20
        + "\n\n"
    )
    text = turn * 100
    assert len(text.split()) > 18_000
    start = perf_counter()
    transcript = read_text(text)
    assert perf_counter() - start < 1.0
    assert len(transcript.turns) == 200
