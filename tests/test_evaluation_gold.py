"""Gold markup: it comes off without a trace, and every slip is named with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.errors import GoldError
from svp_nlp.evaluation.degrade import degrade
from svp_nlp.evaluation.gold import GoldTranscript, load_gold, load_second_coder
from svp_nlp.model import Label, Role

GOLD = """\
Interviewer: You work in [[LOCATION:l1|Ghent]]?

Respondent: Since [[DATE_YEAR:y1|2009]]. [[PERSON:p1|Ana Ruiz]] hired me. It was the
worst year.
{{code: need.sequelae, need.recognition}}
{{quote: need.sequelae | It was the worst year.}}

Interviewer: And now, [[PERSON:p2|J.T.]]?

Respondent: Ask [[PERSON:p1|Ana's]] phone, [[CONTACT:c1|901.555.0184]] -- it's hers.
"""
RAW = """\
Interviewer: You work in Ghent?

Respondent: Since 2009. Ana Ruiz hired me. It was the
worst year.

Interviewer: And now, J.T.?

Respondent: Ask Ana's phone, 901.555.0184 -- it's hers.
"""
BOOK = """\
domains:
- id: need
  themes:
  - id: need.sequelae
  - id: need.recognition
"""


def a_set(folder: Path, gold: str = GOLD, raw: str | None = RAW, book: str = BOOK) -> Path:
    (folder / "gold").mkdir()
    (folder / "gold" / "A.txt").write_bytes(gold.encode())
    (folder / "codebook.yaml").write_text(book)
    if raw is not None:
        (folder / "raw").mkdir()
        (folder / "raw" / "A.txt").write_bytes(raw.encode())
    return folder


def surfaces(gold: GoldTranscript) -> list[tuple[str, str, str]]:
    return [(m.label.value, m.entity, gold.transcript[m.span]) for m in gold.mentions]


@pytest.mark.parametrize("raw", [RAW, None])
def test_marks_at_their_places_in_the_raw_text(tmp_path: Path, raw: str | None) -> None:
    (gold,) = load_gold(a_set(tmp_path, raw=raw))
    assert gold.transcript.text == RAW
    assert surfaces(gold) == [
        ("LOCATION", "l1", "Ghent"),
        ("DATE_YEAR", "y1", "2009"),
        ("PERSON", "p1", "Ana Ruiz"),
        ("PERSON", "p2", "J.T."),
        ("PERSON", "p1", "Ana's"),
        ("CONTACT", "c1", "901.555.0184"),
    ]
    assert gold.coded_turns() == {1: ("need.sequelae", "need.recognition")}
    (quote,) = gold.quotes
    assert [gold.transcript[p] for p in quote.pieces] == ["It was the", "worst year."]


def test_the_gold_folder_itself_is_enough(tmp_path: Path) -> None:
    assert load_gold(a_set(tmp_path) / "gold") == load_gold(tmp_path)


def test_line_ends_are_kept(tmp_path: Path) -> None:
    (gold,) = load_gold(a_set(tmp_path, GOLD.replace("\n", "\r\n"), RAW.replace("\n", "\r\n")))
    assert surfaces(gold)[4][2] == "Ana's"
    assert gold.coded_turns() == {1: ("need.sequelae", "need.recognition")}


def test_captions_are_known_by_their_header(tmp_path: Path) -> None:
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v [[PERSON:p1|Ana]]>I left.\n{{code: need.sequelae}}\n"
    (gold,) = load_gold(a_set(tmp_path, vtt, raw=None))
    assert gold.transcript.format == "vtt"
    assert gold.coded_turns() == {0: ("need.sequelae",)}
    assert surfaces(gold) == [("PERSON", "p1", "Ana")]


def test_subrip_is_known_by_its_first_cue(tmp_path: Path) -> None:
    (gold,) = load_gold(a_set(tmp_path, "1\n00:00:01,000 --> 00:00:02,000\nANA: I left.\n", raw=None))
    assert gold.transcript.format == "srt"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "R: [[NAME:p1|Ana]]",
            "A.txt:1: unknown label; labels: PERSON, INSTITUTION, LOCATION, DATE, "
            "DATE_YEAR, CONTACT, ID, AGE",
        ),
        (
            "R: [[PERSON:p1|Ana",
            "A.txt:1, column 4: markup is not closed on its line; expected [[LABEL:id|surface]]",
        ),
        (
            "R: [[PERSON:p1|Ana [[PERSON:p1|Ruiz]]]]",
            "A.txt:1, column 4: nested markup; expected [[LABEL:id|surface]]",
        ),
        ("R: [[PERSON|Ana]]", "A.txt:1, column 4: malformed markup; expected [[LABEL:id|surface]]"),
        ("R: [[PERSON:|Ana]]", "A.txt:1, column 4: the entity id is empty; expected [[LABEL:id|surface]]"),
        (
            "R: [[PERSON:p1|--]]",
            "A.txt:1, column 4: no letter or digit is marked; expected [[LABEL:id|surface]]",
        ),
        ("R: [PERSON:p1|Ana]]", 'A.txt:1, column 18: "]]" closes nothing; expected [[LABEL:id|surface]]'),
        ("{{code: need.sequelae}}", "A.txt:1: code line before any turn"),
        (
            "R: x\n{{code: need.sequela}}",
            'A.txt:2: unknown theme "need.sequela"; themes: need.recognition, need.sequelae',
        ),
        ("R: x\n{{code: need.sequelae, need.sequelae}}", "A.txt:2: a theme stands twice on one line"),
        (
            "R: x\n{{codes: need.sequelae}}",
            "A.txt:2: malformed code line; expected {{code: THEME[, THEME]}} or "
            "{{quote: THEME | words}} on a line of its own",
        ),
        (
            "R: x\n{{quote: need.sequelae | y}}",
            "A.txt:2: the quote does not stand verbatim in a turn above it",
        ),
    ],
)
def test_a_slip_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(GoldError) as caught:
        load_gold(a_set(tmp_path, line + "\n", raw=None))
    assert str(caught.value) == message
    assert "Ana" not in str(caught.value)


def test_raw_that_differs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoldError) as caught:
        load_gold(a_set(tmp_path, raw=RAW.replace("hired", "fired")))
    assert caught.value.message == "A.txt: differs from A.txt at position 66 (line 3 of the raw text)"


def test_missing_and_doubled_files(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r'^gold folder "nowhere" not found, a folder with marked'):
        load_gold(tmp_path / "nowhere")
    with pytest.raises(GoldError, match=r"^no gold files in "):
        load_gold(tmp_path)
    folder = a_set(tmp_path)
    (folder / "raw" / "A.vtt").write_text("WEBVTT\n")
    with pytest.raises(GoldError, match=r"^A\.txt and A\.vtt have one id; expected one file an id$"):
        load_gold(folder)


def test_gold_that_is_not_utf8(tmp_path: Path) -> None:
    folder = a_set(tmp_path)
    (folder / "gold" / "A.txt").write_bytes(b"R: caf\xe9\n")
    with pytest.raises(GoldError, match=r"^A\.txt: not UTF-8 at byte 6; gold files are UTF-8$"):
        load_gold(folder)


def test_a_repr_shows_no_text(tmp_path: Path) -> None:
    assert "Ana" not in repr(load_gold(a_set(tmp_path)))


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="[]{}|:\r\n", exclude_categories=["C", "Z"]))


@given(
    st.lists(
        st.tuples(PLAIN, st.sampled_from(list(Label)), PLAIN.filter(lambda s: any(c.isalnum() for c in s)))
    )
)
def test_markup_comes_off_without_a_trace(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, Label, str]]
) -> None:
    folder = tmp_path_factory.mktemp("set")
    gold = "R: so " + " ".join(f"{p}[[{label}:x{i}|{s}]]" for i, (p, label, s) in enumerate(parts)) + " end\n"
    (one,) = load_gold(a_set(folder, gold, raw=None, book="domains: []"))
    assert one.transcript.text == "R: so " + " ".join(p + s for p, _, s in parts) + " end\n"
    assert [(m.label, one.transcript[m.span]) for m in one.mentions] == [(label, s) for _, label, s in parts]


def test_degraded_text_keeps_marks_turns_and_codes(tmp_path: Path) -> None:
    (gold,) = load_gold(a_set(tmp_path))
    hard = degrade(gold)
    assert hard.transcript.text == (
        "interviewer: you work in ghent\n\n"
        "respondent: since 2009 ana ruiz hired me it was the\nworst year\n\n"
        "interviewer: and now j.t\n\n"
        "respondent: ask ana's phone 901.555.0184  it's hers\n"
    )
    assert [s for *_, s in surfaces(hard)] == ["ghent", "2009", "ana ruiz", "j.t", "ana's", "901.555.0184"]
    assert [t.role for t in hard.transcript.turns] == [Role.INTERVIEWER, Role.RESPONDENT] * 2
    assert hard.coded_turns() == gold.coded_turns()
    assert [hard.transcript[p] for p in hard.quotes[0].pieces] == ["it was the", "worst year"]


def test_degraded_captions_keep_their_timings(tmp_path: Path) -> None:
    vtt = "WEBVTT\n\nNOTE Checked\n\n00:01.000 --> 00:02.000\n<v Ana>I left [[LOCATION:l1|Ghent]].\n"
    (gold,) = load_gold(a_set(tmp_path, vtt, raw=None))
    text = degrade(gold).transcript.text
    assert text == "WEBVTT\n\nNOTE Checked\n\n00:01.000 --> 00:02.000\n<v ana>i left ghent\n"


def test_a_degraded_document_is_read_as_text(tmp_path: Path) -> None:
    (gold,) = load_gold(a_set(tmp_path, "Ana: I left [[LOCATION:l1|Ghent]].\n", raw=None))
    document = replace(gold, transcript=replace(gold.transcript, format="docx"))
    hard = degrade(document)
    assert hard.transcript.format == "txt"
    assert hard.transcript[hard.mentions[0].span] == "ghent"


def test_both_sets_read_whole(shared: Path) -> None:
    dev, real = load_gold(shared / "devset"), load_gold(shared / "realset")
    assert (len(dev), sum(len(g.mentions) for g in dev), sum(len(g.codes) for g in dev)) == (12, 871, 127)
    assert (len(real), sum(len(g.mentions) for g in real)) == (6, 179)


def test_second_coder(tmp_path: Path) -> None:
    file = tmp_path / "second.csv"
    file.write_text("file,turn_index,codes\nA,0,\nA,1,a.x;b.z\n")
    assert load_second_coder(file) == {("A", 0): frozenset(), ("A", 1): {"a.x", "b.z"}}
    file.write_text("file,turn_index,codes\nA,0,\nA,0,\n")
    with pytest.raises(GoldError, match=r"^second\.csv:3: the turn stands twice$"):
        load_second_coder(file)
    file.write_text("file,turn_index,codes\nA,one,\n")
    with pytest.raises(GoldError, match=r"^second\.csv:2: turn_index is no number$"):
        load_second_coder(file)
    file.write_text("file;turn\n")
    with pytest.raises(GoldError, match=r"^second\.csv: columns file, turn_index and codes were expected$"):
        load_second_coder(file)
