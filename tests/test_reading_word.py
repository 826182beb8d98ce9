"""Word documents: what is read, and that a clean one holds nothing about anybody."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Inches
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading_help import edited, tiles
from svp_nlp.errors import ReadError, SpanError
from svp_nlp.model import Role, Transcript
from svp_nlp.reading import clean_suffix, read, write


def png() -> bytes:
    """Return a picture of one grey pixel."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def raw(xml: str) -> object:
    return parse_xml(xml.replace("<w:p>", f"<w:p {nsdecls('w', 'r')}>", 1))


def interview(path: Path) -> Path:
    """Write a document in which a name, "Okonkwo", stands in every place that we know of."""
    document = docx.Document()
    paragraph = document.add_paragraph("Interviewer: How was it, ")
    paragraph.add_run("Ms. Oko").bold = True
    paragraph.add_run("nkwo?").italic = True
    document.add_paragraph("Respondent: Hard. It was at Tallgrass,")
    document.add_paragraph("and nobody called.")
    broken = document.add_paragraph("Interviewer: And then")
    broken.add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("Respondent: Ms.\tOkonkwo went home.")
    table = document.add_table(rows=2, cols=2)
    for row, (left, right) in zip(
        table.rows, [("Interviewer:", "Why, Okonkwo?"), ("Respondent:", "Because.")], strict=True
    ):
        row.cells[0].text, row.cells[1].text = left, right
    body = document.element.body
    last = body[-1]
    for xml in (
        '<w:p><w:ins w:id="1" w:author="Ada Okonkwo" w:date="2019-03-04T10:00:00Z"><w:r><w:t>'
        "Okonkwo inserted. </w:t></w:r></w:ins>"
        '<w:del w:id="2" w:author="Ada Okonkwo"><w:r><w:delText>Okonkwo deleted.'
        "</w:delText></w:r></w:del></w:p>",
        '<w:p><w:hyperlink w:anchor="x" w:tooltip="mail Okonkwo"><w:r><w:t>write to her</w:t></w:r>'
        '</w:hyperlink><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK '
        '"mailto:okonkwo@x.org" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r>'
        '<w:t> or mail</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
        '<w:p><w:bookmarkStart w:id="7" w:name="Okonkwo"/><w:bookmarkEnd w:id="7"/><w:sdt><w:sdtPr><w:alias '
        'w:val="Okonkwo"/></w:sdtPr><w:sdtContent><w:r><w:t>in a control: Okonkwo</w:t></w:r></w:sdtContent>'
        "</w:sdt></w:p>",
        '<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" alt="Okonkwo"><v:textbox>'
        "<w:txbxContent><w:p><w:r><w:t>Okonkwo in a box</w:t></w:r></w:p></w:txbxContent></v:textbox>"
        "</v:shape></w:pict></w:r></w:p>",
    ):
        last.addprevious(raw(xml))
    document.add_picture(io.BytesIO(png()), width=Inches(0.2))
    made = document.styles.add_style("Okonkwo speaks", WD_STYLE_TYPE.PARAGRAPH)
    made.font.bold = True
    paragraph.style = made
    section = document.sections[0]
    section.header.paragraphs[0].text = "Okonkwo interview"
    section.footer.paragraphs[0].text = "Page of Okonkwo"
    document.add_comment(paragraph.runs, "is Okonkwo right?", author="Renee Okonkwo", initials="RO")
    properties = document.core_properties
    properties.author, properties.last_modified_by = "Ada Okonkwo", "Okonkwo, A."
    properties.title = properties.subject = properties.keywords = properties.comments = "Okonkwo"
    document.save(path)
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    return read(interview(tmp_path_factory.mktemp("word") / "interview.docx"))


def test_body_tables_and_boxes_are_read(source: Transcript) -> None:
    assert source.text.splitlines() == [
        "Interviewer: How was it, Ms. Okonkwo?",
        "Respondent: Hard. It was at Tallgrass,",
        "and nobody called.",
        "Interviewer: And then",
        "",
        "Respondent: Ms.\tOkonkwo went home.",
        "Interviewer:\tWhy, Okonkwo?",
        "Respondent:\tBecause.",
        "Okonkwo inserted. ",
        "write to her or mail",
        "in a control: Okonkwo",
        "",
        "",
        "Okonkwo in a box",
        "Okonkwo interview",
        "Page of Okonkwo",
        "is Okonkwo right?",
    ]
    tiles(source)


def test_turns_pages_and_names(source: Transcript) -> None:
    assert [(t.speaker, t.role, t.page) for t in source.turns] == [
        ("Interviewer", Role.INTERVIEWER, 1),
        ("Respondent", Role.RESPONDENT, 1),
        ("Interviewer", Role.INTERVIEWER, 1),
        ("Respondent", Role.RESPONDENT, 2),
        ("Interviewer", Role.INTERVIEWER, 2),
        ("Respondent", Role.RESPONDENT, 2),
    ]
    assert source.said(source.turns[1]) == "Hard. It was at Tallgrass, and nobody called."
    assert source.source.names == ("Ada Okonkwo", "Okonkwo, A.", "Renee Okonkwo")
    assert source.source.notes == (
        "pictures and drawn objects: 2, not read and not in the clean file",
        "tracked deletions: 1, not read and not in the clean file",
    )
    said = [source[f] for f in source.furniture]
    assert said[-4:] == ["Okonkwo in a box", "Okonkwo interview", "Page of Okonkwo", "is Okonkwo right?"]


def test_a_clean_document_holds_the_name_nowhere(source: Transcript, tmp_path: Path) -> None:
    redacted = edited(source, {"Okonkwo": "[PERSON 1]"})
    write(redacted, source, tmp_path / "T1.docx")
    assert read(tmp_path / "T1.docx").text == redacted.transcript.text
    with zipfile.ZipFile(tmp_path / "T1.docx") as archive:
        assert not [
            part for part in archive.namelist() if "media" in part or "thumbnail" in part or "app.xml" in part
        ]
        for part in archive.namelist():
            assert b"okonkwo" not in archive.read(part).lower(), part
            assert b"2019" not in archive.read(part), part
    assert read(tmp_path / "T1.docx").source.names == ()


def test_a_replacement_keeps_the_first_style(source: Transcript, tmp_path: Path) -> None:
    write(edited(source, {"Okonkwo": "[PERSON 1]"}), source, tmp_path / "T1.docx")
    document = docx.Document(str(tmp_path / "T1.docx"))
    runs = document.paragraphs[0].runs
    assert [(run.text, run.bold, run.italic) for run in runs if run.text] == [
        ("Interviewer: How was it, ", None, None),
        ("Ms. [PERSON 1]", True, None),
        ("?", None, True),
    ]
    style = document.paragraphs[0].style
    assert (style.name.rstrip("0123456789"), style.font.bold) == ("Custom", True)
    assert document.core_properties.author == document.core_properties.last_modified_by == ""
    assert document.core_properties.title == document.core_properties.keywords == ""
    assert [(c.author, c.text) for c in document.comments] == [("", "is [PERSON 1] right?")]
    assert document.sections[0].header.paragraphs[0].text == "[PERSON 1] interview"


def test_a_replacement_over_a_tab_or_a_line_end_stays_whole(source: Transcript, tmp_path: Path) -> None:
    redacted = edited(source, {"Ms.\tOkonkwo": "[PERSON 1]", "Tallgrass,\nand": "[INSTITUTION A] and"})
    write(redacted, source, tmp_path / "T1.docx")
    assert read(tmp_path / "T1.docx").text == redacted.transcript.text


def test_a_replacement_over_a_cell_is_refused(source: Transcript, tmp_path: Path) -> None:
    with pytest.raises(SpanError) as caught:
        write(edited(source, {"Interviewer:\tWhy": "x"}), source, tmp_path / "T1.docx")
    at = source.text.index("Interviewer:\tWhy")
    assert str(caught.value) == f"the replacement at {at} in T1 runs over the end of a table cell or part"
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_written_is_what_was_redacted(source: Transcript, tmp_path: Path, data: st.DataObject) -> None:
    words = [w for w in set(source.text.split()) if len(w) > 1]
    chosen = data.draw(st.lists(st.sampled_from(sorted(words)), min_size=1, max_size=6, unique=True))
    new = data.draw(st.text("abc [](){}<>&é0", min_size=1, max_size=12))
    redacted = edited(source, dict.fromkeys(chosen, new))
    write(redacted, source, tmp_path / "T1.docx")
    assert read(tmp_path / "T1.docx").text == redacted.transcript.text


def test_pages_from_where_word_broke_them(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Q: How was it?")
    document.add_paragraph("A: Long.").add_run().add_break(WD_BREAK.PAGE)
    drawn = document.add_paragraph()
    drawn._p.append(
        raw("<w:p><w:r><w:lastRenderedPageBreak/><w:t>Q: And on the second?</w:t></w:r></w:p>")[0]
    )
    document.add_paragraph("A: Longer.").paragraph_format.page_break_before = True
    document.save(tmp_path / "pages.docx")
    transcript = read(tmp_path / "pages.docx")
    assert [t.page for t in transcript.turns] == [1, 1, 2, 3]


def test_a_table_of_speakers_makes_turns(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=4, cols=3)
    for row, words in zip(
        table.rows,
        [
            ("00:01", "Interviewer", "How was it?"),
            ("00:05", "P1", "Hard."),
            ("00:09", "Interviewer", "Why?"),
            ("00:11", "P1", "It was late."),
        ],
        strict=True,
    ):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    document.save(tmp_path / "table.docx")
    transcript = read(tmp_path / "table.docx")
    assert [(t.speaker, t.time, transcript.said(t)) for t in transcript.turns] == [
        ("Interviewer", 1.0, "How was it?"),
        ("P1", 5.0, "Hard."),
        ("Interviewer", 9.0, "Why?"),
        ("P1", 11.0, "It was late."),
    ]


def zipped(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_bad_documents(tmp_path: Path) -> None:
    save = "open it in a word processor and save it as .docx"
    cases = {
        "text.docx": (b"Interviewer: hello", "text.docx is not a Word document", save),
        "old.docx": (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
            "old.docx is an old Word file or needs a password",
            save + " without a password",
        ),
    }
    zipped(tmp_path / "zip.docx", {"a.txt": b"a"})
    zipped(
        tmp_path / "damaged.docx",
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            b'<Override PartName="/d.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            b'wordprocessingml.document.main+xml"/></Types>',
            "d.xml": b"<w:document",
        },
    )
    for name, (data, _, _) in cases.items():
        (tmp_path / name).write_bytes(data)
    cases["zip.docx"] = (b"", "zip.docx is not a Word document", save)
    cases["damaged.docx"] = (
        b"",
        "damaged.docx is a damaged Word document",
        "open it in a word processor, let it repair the file, save again",
    )
    docx.Document().save(tmp_path / "blank.docx")
    cases["blank.docx"] = (
        b"",
        "blank.docx is empty: there are no words in it",
        "pictures of text need OCR first",
    )
    for name, (_, message, hint) in cases.items():
        with pytest.raises(ReadError) as caught:
            read(tmp_path / name)
        assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_document_that_changed_is_not_written(tmp_path: Path) -> None:
    path = interview(tmp_path / "a.docx")
    transcript = read(path)
    document = docx.Document(str(path))
    document.add_paragraph("more")
    document.save(path)
    with pytest.raises(SpanError, match="the document of T1 has changed since it was read"):
        write(edited(transcript, {"Okonkwo": "x"}), transcript, tmp_path / "T1.docx")


def test_suffixes() -> None:
    assert [clean_suffix(f) for f in ("txt", "vtt", "srt", "docx", "pdf")] == [
        ".txt",
        ".vtt",
        ".srt",
        ".docx",
        ".txt",
    ]
