"""Build the source files of the built-in example study from their marked-up texts.

    python tools/build_example.py [OUT_DIR]

The text formats (txt, vtt, srt) are the gold files in ``src/svp_nlp/example/gold`` without their markup. The
docx and the pdf are set from the marked-up texts in ``tools/example_texts``. Dates and ids are fixed, so a
second run writes the same bytes. Needs python-docx and reportlab (the ``test`` extra).
"""

from __future__ import annotations

import re
import sys
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "src" / "svp_nlp" / "example"
TEXTS = ROOT / "tools" / "example_texts"
SUFFIXES = {
    "Asante_chief_resident": ".vtt",
    "Kosciuk_W_nights": ".srt",
    "Solheim_Ingrid_2022-02-15": ".txt",
    "otter_BegayMarsh": ".txt",
}
IDENTIFIER = re.compile(r"\[\[[A-Z_]+:[a-z][a-z0-9]*\|([^\]\n]+)\]\]")
CODE_LINE = re.compile(r"^\{\{[^\n]*\}\}\n", re.MULTILINE)
WRITTEN = datetime(2022, 4, 6, 14, 30, tzinfo=UTC)


def unmarked(gold: str) -> str:
    """Return the raw text of a gold text: identifiers without brackets, no code lines."""
    return IDENTIFIER.sub(r"\1", CODE_LINE.sub("", gold))


def build(out: Path) -> list[Path]:
    """Write all source files of the example study into *out*; return their paths in order."""
    out.mkdir(parents=True, exist_ok=True)
    files = {name + suffix: _text(EXAMPLE / "gold" / f"{name}.txt") for name, suffix in SUFFIXES.items()}
    files["Haddon_Oxendine_interview.docx"] = _docx(_marked("Haddon_Oxendine_interview"))
    files["Petrosyan_CMO_transcript.pdf"] = _pdf(_marked("Petrosyan_CMO_transcript"))
    for name, content in files.items():
        (out / name).write_bytes(content)
    return [out / name for name in sorted(files)]


def _text(gold: Path) -> bytes:
    return unmarked(gold.read_bytes().decode("utf-8")).encode("utf-8")


def _marked(name: str) -> str:
    return unmarked((TEXTS / f"{name}.txt").read_bytes().decode("utf-8"))


def _docx(text: str) -> bytes:
    """Set an interview in a Word file that holds names in every place a Word file has for them."""
    import docx

    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = "Haddon-Reyes Children's Hospital / Thea Oxendine, LCSW / Interview 4"
    section.footer.paragraphs[0].text = "Transcribed for the Heartwood Collaborative by Dorrit Achterberg"
    document.add_heading("Interview 4: Thea Oxendine", level=1)
    _participant_table(document)
    for line in text.splitlines():
        label, _, words = line.partition(" ")
        paragraph = document.add_paragraph()
        paragraph.add_run(label).bold = True
        runs = [paragraph.add_run(" "), paragraph.add_run(words)]
        if "I'll call him Jasper" in words:
            comment = document.add_comment(
                runs[1:],
                "Check with Thea: did Jasper's mother sign for the first name?",
                "Bram Kessler",
                "BK",
            )
            comment._comment_elm.date = WRITTEN
    _properties(document.core_properties)
    raw = BytesIO()
    document.save(raw)
    return _fixed_zip(raw.getvalue())


def _participant_table(document: object) -> None:
    """Put the participant sheet at the head of the document."""
    rows = [
        ("Participant", "Thea Oxendine, LCSW"),
        ("Site", "Haddon-Reyes Children's Hospital, Asheville, NC"),
        ("Age", "53"),
        ("Telephone", "(828) 555-0119"),
        ("Date of interview", "April 5, 2022"),
        ("Interviewer", "Bram Kessler"),
    ]
    table = document.add_table(rows=0, cols=2, style="Table Grid")  # type: ignore[attr-defined]
    for name, value in rows:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, value


def _properties(core: object) -> None:
    values = {
        "author": "Bram Kessler",
        "last_modified_by": "Odalys Pruitt",
        "title": "Oxendine interview, Haddon-Reyes",
        "subject": "Peer Support After Harm Study",
        "keywords": "PORCH, Asheville",
        "comments": "",
        "created": WRITTEN,
        "modified": WRITTEN,
        "revision": 3,
    }
    for name, value in values.items():
        setattr(core, name, value)


def _fixed_zip(content: bytes) -> bytes:
    """Pack a zip again with members in order and one fixed time, since python-docx stamps the present."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        first = "[Content_Types].xml"
        names = sorted(n for n in old.namelist() if n not in {first, "docProps/thumbnail.jpeg"})
        for name in [first, *names]:
            data = old.read(name)
            if name == "_rels/.rels":
                data = re.sub(rb"<Relationship [^>]*thumbnail[^>]*/>", b"", data)
            info = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            info.external_attr = 0o644 << 16
            new.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _pdf(text: str) -> bytes:
    """Set an interview as pages with a running header that names the respondent."""
    from reportlab.lib.pagesizes import LETTER
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=12, leading=18, spaceAfter=9)
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=LETTER, invariant=1, pageCompression=0, topMargin=90, bottomMargin=72,
        leftMargin=80, rightMargin=80, title="Petrosyan transcript", author="Odalys Pruitt",
        subject="Larkmoor Memorial Hospital", creator="Peer Support After Harm Study",
    )  # fmt: skip
    turns = [t for t in text.split("\n\n") if t.strip()]
    document.build(
        [Paragraph(escape(t.strip()), body) for t in turns], onFirstPage=_furniture, onLaterPages=_furniture
    )
    return out.getvalue()


def _furniture(canvas: object, document: object) -> None:
    """Draw the running header and the page number."""
    canvas.setFont("Times-Italic", 10)  # type: ignore[attr-defined]
    canvas.drawString(80, 738, "Larkmoor Memorial Hospital: Dr. Ruben Petrosyan")  # type: ignore[attr-defined]
    canvas.drawRightString(532, 738, f"Page {document.page}")  # type: ignore[attr-defined]


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE / "sources")
