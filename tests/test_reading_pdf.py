"""PDF files: one text with a form feed between pages, written out as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reportlab.lib import pdfencrypt
from reportlab.pdfgen import canvas

from reading_help import edited, tiles
from svp_nlp.errors import ReadError
from svp_nlp.model import Transcript
from svp_nlp.reading import read, write

PAGES = [
    ["Second Victim Study", "Interviewer: Tell me about the consul-", "tation with Ms. Okonkwo-", "Bell."],
    [
        "Second Victim Study",
        "Respondent: It was a well-",
        "known case, José said.",
        "Interviewer: In two thou-",
    ],
    ["Second Victim Study", "sand two, then?", "Respondent: Yes."],
]


def pdf(path: Path, pages: list[list[str]], **options: object) -> Path:
    sheet = canvas.Canvas(str(path), **options)
    sheet.setAuthor("Ada Okonkwo")
    for number, lines in enumerate(pages, 1):
        for i, line in enumerate(lines):
            sheet.drawString(50, 750 - 15 * i, line)
        if lines:
            sheet.drawString(280, 30, f"Page {number}")
        else:
            sheet.rect(50, 50, 100, 100, fill=1)
        sheet.showPage()
    sheet.save()
    return path


@pytest.fixture
def source(tmp_path: Path) -> Transcript:
    return read(pdf(tmp_path / "interview.pdf", PAGES))


def test_pages_are_joined_and_broken_words_mended(source: Transcript) -> None:
    assert source.text == (
        "Second Victim Study\nInterviewer: Tell me about the consultation with Ms. Okonkwo-Bell.\n\nPage 1\f"
        "Second Victim Study\nRespondent: It was a well-known case, José said.\n"
        "Interviewer: In two thou-\nPage 2\f"
        "Second Victim Study\nsand two, then?\nRespondent: Yes.\n\nPage 3"
    )
    assert source.page_starts == tuple(m.start() for m in re.finditer("Second Victim", source.text))


def test_turns_and_pages(source: Transcript) -> None:
    assert [(t.speaker, t.page, source.said(t)) for t in source.turns] == [
        ("Interviewer", 1, "Tell me about the consultation with Ms. Okonkwo-Bell."),
        ("Respondent", 2, "It was a well-known case, José said."),
        ("Interviewer", 2, "In two thou- sand two, then?"),
        ("Respondent", 3, "Yes."),
    ]
    assert sorted({source[f] for f in source.furniture}) == [
        "Page 1",
        "Page 2",
        "Page 3",
        "Second Victim Study",
    ]
    assert source.source.names == ("Ada Okonkwo",)
    tiles(source)


def test_columns_and_paragraphs_are_seen_on_the_page(tmp_path: Path) -> None:
    sheet = canvas.Canvas(str(tmp_path / "a.pdf"))
    heights = iter(range(750, 0, -12))
    for _ in range(3):
        for name, words in (("JC", ["How was", "it?"]), ("CA", ["Hard, and then", "some."])):
            for i, line in enumerate(words):
                height = next(heights)
                if i == 0:
                    sheet.drawString(50, height, name)
                sheet.drawString(120, height, line)
    next(heights)
    sheet.drawString(120, next(heights), "A new paragraph.")
    sheet.save()
    transcript = read(tmp_path / "a.pdf")
    assert transcript.text == ("JC\tHow was\nit?\nCA\tHard, and then\nsome.\n" * 3 + "\nA new paragraph.")
    assert [t.speaker for t in transcript.turns] == ["JC", "CA"] * 3
    tiles(transcript)


def test_cells_of_different_height_are_one_row(tmp_path: Path) -> None:
    sheet = canvas.Canvas(str(tmp_path / "a.pdf"))
    sheet.drawString(50, 694, "JC")
    for height, words in ((700, "So who is"), (688, "on the line?"), (660, "And who else?")):
        sheet.drawString(120, height, words)
    sheet.save()
    assert read(tmp_path / "a.pdf").text == "JC\tSo who is\non the line?\n\nAnd who else?"


def test_it_comes_out_as_text_with_form_feeds(source: Transcript, tmp_path: Path) -> None:
    redacted = edited(source, {"Okonkwo-Bell": "[PERSON 1]", "José": "[PERSON 2]"})
    write(redacted, source, tmp_path / "T1.txt")
    clean = read(tmp_path / "T1.txt")
    assert clean.text == redacted.transcript.text
    assert [t.page for t in clean.turns] == [1, 2, 2, 3]


def test_a_page_without_text_is_noted(tmp_path: Path) -> None:
    transcript = read(pdf(tmp_path / "a.pdf", [["Q: How?"], [], ["A: Hard."]]))
    assert transcript.source.notes == ("no text on page 2",)
    assert [t.page for t in transcript.turns] == [1, 3]


def test_bad_files(tmp_path: Path) -> None:
    pdf(tmp_path / "scan.pdf", [[], []])
    pdf(tmp_path / "locked.pdf", PAGES, encrypt=pdfencrypt.StandardEncryption("secret", canPrint=0))
    (tmp_path / "text.pdf").write_bytes(b"Interviewer: hello")
    (tmp_path / "cut.pdf").write_bytes((tmp_path / "scan.pdf").read_bytes()[:60])
    damaged, again = "is not a PDF or is damaged", "open it in a PDF viewer and save it again"
    cases = {
        "scan.pdf": ("holds page images, no text: run OCR first", "ocrmypdf adds a text layer to a scan"),
        "locked.pdf": (
            "is encrypted: it needs a password",
            "open it, save a copy without a password, and read that",
        ),
        "text.pdf": (damaged, again),
        "cut.pdf": (damaged, again),
    }
    for name, (message, hint) in cases.items():
        with pytest.raises(ReadError) as caught:
            read(tmp_path / name)
        assert (caught.value.message, caught.value.hint) == (f"{name} {message}", hint)
