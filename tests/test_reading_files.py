"""Files in and out: encodings, line ends, what cannot be read, what is written."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reading_help import edited
from svp_nlp.errors import ReadError, SpanError
from svp_nlp.reading import find_sources, passed_over, read, read_text, write
from svp_nlp.reading.encodings import decode, encode

TALK = "Interviewer: Wie war’s, Renée?\r\n\r\nRespondent: Hard – “very”.\r\n"
KINDS = {
    "utf-8": ("utf-8", b"", "utf-8", ()),
    "utf-8 with a mark": ("utf-8", codecs.BOM_UTF8, "utf-8", ()),
    "utf-16 little": ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le", ()),
    "utf-16 big": ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be", ()),
    "utf-16 without a mark": ("utf-16-le", b"", "utf-16-le", ()),
    "utf-16 big without a mark": ("utf-16-be", b"", "utf-16-be", ()),
    "windows": ("cp1252", b"", "cp1252", ("not UTF-8; read as Windows-1252",)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_encodings_there_and_back(kind: str, tmp_path: Path) -> None:
    encoding, mark, found, notes = KINDS[kind]
    path = tmp_path / "a.txt"
    path.write_bytes(mark + TALK.encode(encoding))
    transcript = read(path)
    assert transcript.text == TALK
    source = transcript.source
    assert (source.encoding, source.bom, source.notes, source.path) == (found, bool(mark), notes, path)
    assert [t.role.value for t in transcript.turns] == ["interviewer", "respondent"]
    redacted = edited(transcript, {"Renée": "[PERSON 1]"})
    write(redacted, transcript, tmp_path / "T1.txt")
    assert (tmp_path / "T1.txt").read_bytes() == mark + TALK.replace("Renée", "[PERSON 1]").encode(encoding)


def test_an_encoding_may_be_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Q: Zażółć?\nA: Hm.\n".encode("cp1250"))
    transcript = read(path, encoding="cp1250")
    assert transcript.text == "Q: Zażółć?\nA: Hm.\n"
    write(edited(transcript, {"Hm": "x"}), transcript, tmp_path / "T1.txt")
    assert read(tmp_path / "T1.txt").text == "Q: Zażółć?\nA: x.\n"


def test_an_encoding_may_have_to_be_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = "Pytanie: Źle się pani czuła, gdy zaczęło się śledztwo?\n\nOdpowiedź: Źle. Żadnej pomocy.\n" * 5
    path.write_bytes(text.encode("cp1250"))
    transcript = read(path)
    assert transcript.source.notes == (f"not UTF-8 or Windows-1252; guessed {transcript.source.encoding}",)
    assert transcript.text == text
    write(edited(transcript, {"pani": "[PERSON 1]"}), transcript, tmp_path / "T1.txt")
    assert read(tmp_path / "T1.txt").text == text.replace("pani", "[PERSON 1]")


def test_torn_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Q: Renée, Zoë, José, Siân? é".encode()[:-1])
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "a.txt")
    assert caught.value.message == "a.txt is UTF-8 text with damaged places: byte 31 does not fit"
    assert read(tmp_path / "a.txt", encoding="cp1252").text.startswith("Q: RenÃ©e")


def test_the_id_is_not_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "Okonkwo.txt"
    path.write_text("Q: How?\nA: Hm.", encoding="utf-8")
    assert read(path).id == "T1"
    assert read(path, id="C").id == "C"
    assert "Okonkwo" not in repr(read(path))


def test_read_text_and_read_agree(shared: Path) -> None:
    for path in sorted((shared / "devset" / "raw").iterdir()):
        transcript = read(path)
        again = read_text(transcript.text, format=transcript.format)
        assert (again.turns, again.furniture) == (transcript.turns, transcript.furniture)


@pytest.mark.parametrize("format", ["txt", "vtt", "srt"])
def test_written_is_what_was_redacted_in_every_text_format(format: str, shared: Path, tmp_path: Path) -> None:
    files = [p for p in sorted((shared / "devset" / "raw").iterdir()) if p.suffix == f".{format}"]
    assert files
    for path in files:
        transcript = read(path)
        words = {transcript[t.label]: f"[PERSON {t.index}]" for t in transcript.turns if t.label}
        redacted = edited(transcript, words | {"hospital": "[INSTITUTION Q]"})
        write(redacted, transcript, tmp_path / path.name)
        again = read(tmp_path / path.name)
        assert again.text == redacted.transcript.text
        assert len(again.turns) == len(transcript.turns)


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"])) | st.text("aé\u2019\u0100\r\n\ufeff\u0000ÿþï»¿"),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp1250", "utf-32-le"]),
    st.booleans(),
)
@example("ÿþab", "cp1252", False)
@example("ï»¿Q: a", "cp1252", False)
@example("Ã©", "cp1252", False)
@example("\ufeff", "utf-8", False)
def test_encoded_text_decodes_to_itself(text: str, encoding: str, bom: bool) -> None:
    data = encode(text, encoding, bom=bom)
    assert decode(data, name="T1").text == text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1).filter(lambda s: any(c.isalnum() for c in s) and "\0" not in s))
def test_any_text_comes_back_from_a_file(tmp_path: Path, text: str) -> None:
    source = read_text("Q: " + text)
    write(edited(source, {}), source, tmp_path / "T1.txt")
    assert read(tmp_path / "T1.txt").text == "Q: " + text


FOLDER_HINT = "name the files in it, or give the folder to a command that takes folders"
KINDS_TEXT = "transcripts are .txt, .vtt, .srt, .docx and .pdf"
BAD = {
    "empty.txt": (b"", "empty.txt is empty: it holds 0 bytes", "export the transcript again"),
    "blank.txt": (
        b"\xef\xbb\xbf \r\n\t\r\n",
        "blank.txt is empty: there are no words in it",
        "export the transcript again",
    ),
    "binary.txt": (
        bytes(range(256)) * 9,
        "binary.txt is a binary file, not text",
        "save the transcript as .txt, .docx or .pdf with the program it was written in",
    ),
    "zip.txt": (
        b"PK\x03\x04rest",
        "zip.txt is a zip archive, not text",
        "if it is a Word file, give it the suffix .docx",
    ),
    "pdf.txt": (b"%PDF-1.4 rest", "pdf.txt is a PDF, not text", "give it the suffix .pdf"),
    "half.txt": (
        codecs.BOM_UTF16_LE + b"a\x00b",
        "half.txt is not utf-16-le text: byte 2 does not fit",
        "leave the encoding out to have it found, or save the file as UTF-8 in an editor",
    ),
    "a.doc": (
        b"x",
        f"a.doc is a .doc file; {KINDS_TEXT}",
        "open it in a word processor and save it as .docx",
    ),
    "a.rtf": (
        b"x",
        f"a.rtf is a .rtf file; {KINDS_TEXT}",
        "open it in a word processor and save it as .docx",
    ),
    "a.odt": (
        b"x",
        f"a.odt is a .odt file; {KINDS_TEXT}",
        "open it in a word processor and save it as .docx",
    ),
    "a.mp3": (b"x", f"a.mp3 is a .mp3 file; {KINDS_TEXT}", "save the transcript in one of these formats"),
    "a": (b"x", f"a is a file without a suffix; {KINDS_TEXT}", "save the transcript in one of these formats"),
    "a.vtt": (
        b"WEBVTT\n\n",
        "a.vtt has no captions: no line such as 00:00:01.000 --> 00:00:04.000 with words below it",
        "export the captions again, or give a plain transcript the suffix .txt",
    ),
    "a.srt": (
        b"hello",
        "a.srt has no captions: no line such as 00:00:01,000 --> 00:00:04,000 with words below it",
        "export the captions again, or give a plain transcript the suffix .txt",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    data, message, hint = BAD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReadError) as caught:
        read(tmp_path / name)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    cases = [
        (tmp_path / "none.txt", "there is no file none.txt", "check the path and the spelling"),
        (tmp_path / "none.rtf", "there is no file none.rtf", "check the path and the spelling"),
        (tmp_path / "folder.txt", "folder.txt is a folder, not a transcript", FOLDER_HINT),
    ]
    for path, message, hint in cases:
        with pytest.raises(ReadError) as caught:
            read(path)
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")  # the tests may run as root, whom nothing is denied

    (tmp_path / "a.txt").write_bytes(b"Q: a")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "a.txt")
    assert str(caught.value) == "a.txt may not be read\n\nhint: check who is allowed to open it"


def test_a_wrong_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Q: Renée?".encode("cp1252"))
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "a.txt", encoding="utf-8")
    assert caught.value.message == "a.txt is not utf-8 text: byte 6 does not fit"
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "a.txt", encoding="utf-9")
    assert caught.value.message == "there is no encoding called 'utf-9'"
    with pytest.raises(ReadError, match='text can be read as "txt", "vtt" or "srt", not as \'docx\''):
        read_text("Q: a", format="docx")


def test_sources_are_found(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    inside = ("a.VTT", "b.txt", "f.pdf", "sub/d.srt", "sub/g.rtf")
    for name in (*inside, "~$b.docx", ".hidden.txt", "c.csv", ".git/e.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert find_sources([tmp_path]) == tuple(tmp_path / name for name in inside)
    assert passed_over([tmp_path, tmp_path / "b.txt"]) == (tmp_path / "c.csv",)
    given = [tmp_path / "c.csv", tmp_path / "b.txt", tmp_path / "sub", tmp_path / "b.txt"]
    named = ("c.csv", "b.txt", "sub/d.srt", "sub/g.rtf")
    assert find_sources(given) == tuple(tmp_path / name for name in named)


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError) as caught:
        find_sources([tmp_path / "empty"])
    assert str(caught.value) == f"there are no transcripts in the folder empty\n\nhint: {KINDS_TEXT}"
    with pytest.raises(ReadError) as caught:
        find_sources([tmp_path / "none"])
    assert str(caught.value) == "there is no file or folder none\n\nhint: check the path and the spelling"


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = read_text("Q: How?\n\nA: Hard.")
    redacted = edited(source, {"Hard": "x"})
    (tmp_path / "T1.txt").write_text("before", encoding="utf-8")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            write(redacted, source, tmp_path / "T1.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["T1.txt"]
    assert (tmp_path / "T1.txt").read_text(encoding="utf-8") == "before"
    write(redacted, source, tmp_path / "T1.txt")
    assert (tmp_path / "T1.txt").read_text(encoding="utf-8") == "Q: How?\n\nA: x."
    if os.name == "posix":
        (tmp_path / "other").write_text("", encoding="utf-8")
        assert (tmp_path / "T1.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_another_text_is_not_written(tmp_path: Path) -> None:
    redacted = edited(read_text("Q: How?\n\nA: Hard."), {})
    with pytest.raises(SpanError, match="the clean text of T1 was made from another text than the one given"):
        write(redacted, read_text("Q: How?\n\nA: Soft."), tmp_path / "T1.txt")
