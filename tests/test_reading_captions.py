"""Captions: cues to turns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading_help import tiles
from svp_nlp.errors import ReadError
from svp_nlp.model import Role, Transcript
from svp_nlp.reading import read_text

VTT = """WEBVTT - Interview
Kind: captions

STYLE
::cue(v) { color: red }

NOTE
nobody says this

intro
00:01.000 --> 00:04.000 align:start position:0%
<v.loud Ann Lee>How was <i>that</i> for
you?</v>

2
00:00:04.500 --> 00:00:06.000
<v Bo Ek>Hard.</v> <v Ann Lee>Why?</v>

3
00:00:06.500 --> 00:00:08.000
And where?

NOTE nor this

4
01:00:09.250 --> 01:00:12.000
<v Bo Ek>It was <01:00:10.000><c.x>late</c>

5
01:00:12.000 --> 01:00:13.000
<v Bo Ek>and dark.
"""


def turns(transcript: Transcript) -> list[tuple[str | None, float | None, str]]:
    return [(t.speaker, t.time, transcript.said(t)) for t in transcript.turns]


def test_voice_tags() -> None:
    transcript = read_text(VTT, format="vtt")
    assert turns(transcript) == [
        ("Ann Lee", 1.0, "How was that for you?"),
        ("Bo Ek", 4.5, "Hard."),
        ("Ann Lee", 4.5, "Why? And where?"),
        ("Bo Ek", 3609.25, "It was late and dark."),
    ]
    assert [t.role for t in transcript.turns] == [Role.INTERVIEWER, Role.RESPONDENT] * 2
    assert [len(t.speech) for t in transcript.turns] == [4, 1, 2, 3]
    said_again = [transcript[f] for f in transcript.furniture].count("Bo Ek")
    assert said_again == 1
    tiles(transcript)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_names_before_a_colon(end: str) -> None:
    srt = (
        "1\n00:00:01,000 --> 00:00:04,000\nANN: How was it, in the\nMercy Ward?\n\n"
        "2\n00:00:05,000 --> 00:00:06,000\nAt 10:30?\n\n"
        "3\n00:00:07,000 --> 00:00:08,000\nBO: Hard. One thing:\nsleep.\n"
        "4\n00:00:08,000 --> 00:00:09,000\nBO: 2012."
    )
    transcript = read_text(srt.replace("\n", end), format="srt")
    assert turns(transcript) == [
        ("ANN", 1.0, "How was it, in the Mercy Ward? At 10:30?"),
        ("BO", 7.0, "Hard. One thing: sleep. 2012."),
    ]
    tiles(transcript)


def test_names_in_tags_and_brackets() -> None:
    shown = ['<font color="#fff">Ann: How was it?</font>', "<b>Bo:</b> Hard.", "Ann: Why?"]
    srt = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}" for n, line in enumerate(shown, 1))
    transcript = read_text(srt, format="srt")
    assert [(speaker, said) for speaker, _, said in turns(transcript)] == [
        ("Ann", "How was it?"),
        ("Bo", "Hard."),
        ("Ann", "Why?"),
    ]
    shown = ["[Ann] How was it?", "[Bo] Hard.", "[laughs] So.", "[Ann] Why?"]
    srt = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}" for n, line in enumerate(shown, 1))
    assert [speaker for speaker, _, _ in turns(read_text(srt, format="srt"))] == ["Ann", "Bo", "Ann"]


def test_captions_without_names_are_cut_at_pauses() -> None:
    srt = "1\n00:00:01,000 --> 00:00:04,000\nso I was tired and\n\n"
    srt += "2\n00:00:04,000 --> 00:00:06,000\nwent home.\n\n"
    srt += "3\n00:00:09,000 --> 00:00:10,000\nThen I slept.\n"
    assert turns(read_text(srt, format="srt")) == [
        (None, 1.0, "so I was tired and went home."),
        (None, 9.0, "Then I slept."),
    ]


def test_pseudonyms_are_labels_again() -> None:
    for label in ("[PERSON {}]: ", "<v [PERSON {}]>"):
        vtt = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{label.format(1)}how\n\n"
        vtt += f"00:02.000 --> 00:03.000\n{label.format(2)}fine\n"
        assert [t.speaker for t in read_text(vtt, format="vtt").turns] == ["[PERSON 1]", "[PERSON 2]"]


@pytest.mark.parametrize(
    ("format", "text", "example"),
    [
        ("vtt", "WEBVTT\n\nNOTE nothing\n", "00:00:01.000 --> 00:00:04.000"),
        ("srt", "1\n\nInterviewer: hello\n", "00:00:01,000 --> 00:00:04,000"),
        ("srt", "1\n00:00:01,000 --> 00:00:04,000\n\n", "00:00:01,000 --> 00:00:04,000"),
    ],
)
def test_no_captions(format: str, text: str, example: str) -> None:
    with pytest.raises(ReadError) as caught:
        read_text(text, format=format)
    assert caught.value.message == f"T1 has no captions: no line such as {example} with words below it"
    assert caught.value.hint == "export the captions again, or give a plain transcript the suffix .txt"


PAYLOAD = st.one_of(
    st.sampled_from(
        [
            "<v Ann>x",
            "<v.loud Bo Ek>y</v> <v Ann>z</v>",
            "ANN: a",
            "- >> BO: b",
            "<i>c</i>",
            "",
            "7",
            "NOTE d",
            "<v Ann>",
            "00:00:01.000 --> 00:00:02.000",
            "STYLE",
            "(End of recording.)",
            "[00:01:02] e",
            "<b></b>",
            "A: <i>B: f",
        ]
    ),
    st.text(max_size=15),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(PAYLOAD, max_size=3), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_turns_tile_any_captions(cues: list[list[str]], end: str) -> None:
    blocks = [f"00:00:0{i}.000 --> 00:00:0{i + 1}.000{end}" + end.join(lines) for i, lines in enumerate(cues)]
    text = f"WEBVTT{end}{end}" + f"{end}{end}".join([*blocks, f"00:00:09.000 --> 00:00:09.500{end}last"])
    transcript = read_text(text, format="vtt")
    assert transcript.text == text
    tiles(transcript)
