"""Names that captions write with character references: one name to everything, written back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from svp_nlp.evaluation.gold import load_gold
from svp_nlp.model import Edit, Label, Redacted, Span, Transcript
from svp_nlp.reading import read, write
from svp_nlp.reading.references import resolved
from svp_nlp.study import Study

VTT = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n"
    "<v Siobh&aacute;n O&#39;Brannigan>I&#39;m Siobh&aacute;n O&#39;Brannigan, and it&#x2019;s\n"
    "Kestrel &amp; Dunmore&nbsp;Hospital called. &lt;laughs&gt; They did.\n"
)
SRT = "1\n00:00:01,000 --> 00:00:04,000\nDr. O&apos;Brannigan: Q&amp;A, &quot;fine&quot;.\n&nbsp;\nYes.\n"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("O&#39;Brien", "O'Brien"),
        ("O&#x27;Brien", "O'Brien"),
        ("Kim &amp; Sons", "Kim & Sons"),
        ("caf&eacute;", "caf\u00e9"),
        ("Dr.&nbsp;Wu", "Dr.\u00a0Wu"),
        ("&amp;#39;", "&#39;"),
    ],
)
def test_what_belongs_to_words_is_read_as_its_character(written: str, text: str) -> None:
    assert resolved(written)[0] == text


@pytest.mark.parametrize(
    "text", ["&lt;v Ann&gt;", "a&#10;b", "&nbsp;", "Q & A;", "AT&T", "&unknown;", "&#0;"]
)
def test_what_could_be_markup_a_line_or_nothing_to_see_stays(text: str) -> None:
    assert resolved(text) == (text, ())


def file(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def edited(source: Transcript, words: str, by: str) -> Redacted:
    at = source.text.index(words)
    edit = Edit(Span(at, at + len(words)), Span(at, at + len(by)), Label.PERSON, "PERSON 1")
    text = source.text[:at] + by + source.text[at + len(words) :]
    return Redacted(Transcript("A", text, format=source.format), (edit,), source.sha256)


@pytest.mark.parametrize(("text", "name"), [(VTT, "a.vtt"), (SRT, "a.srt")])
def test_outside_of_replacements_every_byte_stays(tmp_path: Path, text: str, name: str) -> None:
    source = read(file(tmp_path, text, name))
    redacted = edited(source, "O'Brannigan", "[PERSON 1]")
    out = tmp_path / f"clean-{name}"
    write(redacted, source, out)
    spelled = "O&#39;Brannigan" if name == "a.vtt" else "O&apos;Brannigan"
    assert out.read_bytes().decode() == text.replace(spelled, "[PERSON 1]", 1)
    assert read(out).text == redacted.transcript.text


def test_a_name_is_one_name_in_speech_and_in_a_voice_tag(tmp_path: Path) -> None:
    source = read(file(tmp_path, VTT, "a.vtt"))
    assert source.turns[0].speaker == "Siobh\u00e1n O'Brannigan"
    assert source.said(source.turns[0]).startswith("I'm Siobh\u00e1n O'Brannigan, and it\u2019s")
    assert "Kestrel & Dunmore\u00a0Hospital" in source.text
    assert "O'" not in repr(source)


def test_a_study_hides_the_name_and_gives_the_source_back(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    done = study.redact([file(tmp_path, VTT, "a.vtt")])
    (letter,) = study.transcripts
    clean = (study.layout.clean / f"{letter}.vtt").read_bytes().decode()
    for word in ("Branni", "Siobh", "Dunmore", "Kestrel"):
        assert word not in clean
    assert "I&#39;m" in clean
    assert "it&#x2019;s" in clean
    assert "&lt;laughs&gt;" in clean
    assert not done.leaks
    assert study.verify().clean
    assert study.restore(letter) == VTT


def test_gold_is_marked_on_the_text_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    (tmp_path / "raw").mkdir()
    file(tmp_path / "raw", SRT, "a.srt")
    file(tmp_path / "gold", SRT.replace("O&apos;Brannigan", "[[PERSON:p1|O&apos;Brannigan]]"), "a.srt")
    (one,) = load_gold(tmp_path)
    assert one.transcript[one.mentions[0].span] == "O'Brannigan"
