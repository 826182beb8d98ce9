from __future__ import annotations

import csv
import importlib.util
import re
import zipfile
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

from svp_nlp.example import example_gold, example_roster, example_sources
from svp_nlp.model import Label

ROOT = Path(__file__).resolve().parents[1]
MENTION = re.compile(r"\[\[([A-Z_]+):([a-z][a-z0-9]*)\|([^\]\n]+)\]\]")
CODE = re.compile(r"^\{\{code: (.+)\}\}$", re.MULTILINE)
QUOTE = re.compile(r"^\{\{quote: (\S+) \| (.+)\}\}$", re.MULTILINE)


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_example", ROOT / "tools" / "build_example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def marked_texts() -> dict[str, str]:
    homes = (example_gold(), ROOT / "tools" / "example_texts")
    return {p.stem: p.read_bytes().decode("utf-8") for home in homes for p in sorted(home.glob("*.txt"))}


def test_there_are_six_interviews_in_five_formats() -> None:
    assert [p.suffix for p in example_sources()] == [".vtt", ".docx", ".srt", ".pdf", ".txt", ".txt"]
    assert all(p.stat().st_size > 1000 for p in example_sources())


def test_gold_without_markup_is_the_source(builder: ModuleType) -> None:
    texts = marked_texts()
    for source in example_sources():
        if source.suffix in {".txt", ".vtt", ".srt"}:
            assert builder.unmarked(texts[source.stem]) == source.read_bytes().decode("utf-8")


def test_no_markup_is_left_in_a_source(builder: ModuleType) -> None:
    for text in marked_texts().values():
        assert not re.search(r"\[\[|\]\]|\{\{|\}\}", builder.unmarked(text))


def test_building_again_gives_the_same_bytes_and_what_is_committed(
    builder: ModuleType, tmp_path: Path
) -> None:
    first, second = builder.build(tmp_path / "a"), builder.build(tmp_path / "b")
    assert [p.name for p in first] == [p.name for p in example_sources()]
    for one, two, kept in zip(first, second, example_sources(), strict=True):
        assert one.read_bytes() == two.read_bytes()
        if kept.suffix == ".docx":  # compressors differ between machines, members do not
            with zipfile.ZipFile(one) as new, zipfile.ZipFile(kept) as old:
                assert new.namelist() == old.namelist()
                assert all(new.read(n) == old.read(n) for n in new.namelist())
        elif kept.suffix != ".pdf":
            assert one.read_bytes() == kept.read_bytes()


def test_each_interview_is_of_a_readable_length(builder: ModuleType) -> None:
    for name, text in marked_texts().items():
        words = len(re.findall(r"[A-Za-z'’-]+", builder.unmarked(text)))
        assert 800 <= words <= 1900, name


def test_every_kind_of_identifier_is_marked_and_no_other() -> None:
    counts: dict[str, int] = defaultdict(int)
    for text in marked_texts().values():
        for label, _, _ in MENTION.findall(text):
            counts[label] += 1
    assert set(counts) == {label.value for label in Label}
    assert all(n >= 5 for n in counts.values()), dict(counts)


def test_an_id_has_one_label_within_a_file() -> None:
    for name, text in marked_texts().items():
        labels: dict[str, set[str]] = defaultdict(set)
        for label, id_, _ in MENTION.findall(text):
            labels[id_].add(label)
        assert all(len(kinds) == 1 for kinds in labels.values()), name


def test_every_occurrence_of_a_marked_name_is_marked() -> None:
    for name, text in marked_texts().items():
        bare = MENTION.sub(" ", re.sub(r"^\{\{.*$", "", text, flags=re.MULTILINE))
        for label, _, surface in MENTION.findall(text):
            if label in {"PERSON", "INSTITUTION"} and len(surface) > 2:
                assert not re.search(rf"\b{re.escape(surface)}\b", bare), (name, surface)


def test_people_and_institutions_recur_across_interviews() -> None:
    texts = marked_texts()
    for surface in ("Coleman-Roy", "Aldergate", "Ingrid", "Cairnbrook", "Wanda", "Canary", "Odalys"):
        assert sum(surface in text for text in texts.values()) >= 2, surface


def test_all_fifteen_themes_are_told_twice(shared: Path) -> None:
    known = set(re.findall(r"- id: (\w+\.\w+)", (shared / "study" / "table2.yaml").read_text("utf-8")))
    told: dict[str, int] = defaultdict(int)
    for text in marked_texts().values():
        for themes in CODE.findall(text):
            for theme in themes.split(", "):
                told[theme] += 1
    assert set(told) == known
    assert len(known) == 15
    assert min(told.values()) >= 2


def test_gold_quotes_are_verbatim(builder: ModuleType) -> None:
    for name, text in marked_texts().items():
        spoken = re.sub(r"\n\n?\d+\n[\d:.,]+ --> .*\n(?:<v [^>]+>)?", " ", builder.unmarked(text))
        for _, quote in QUOTE.findall(text):
            assert quote in spoken, (name, quote)


def test_the_roster_knows_some_names_and_not_all() -> None:
    rows = list(csv.DictReader(example_roster().read_text("utf-8").splitlines()))
    names = {row["name"] for row in rows}
    assert {row["type"] for row in rows} <= {label.value for label in Label}
    assert len(names) == len(rows)
    assert "Ingrid Solheim" in names
    assert "Vashti Coleman-Roy" not in names


def test_the_word_file_holds_names_outside_its_text() -> None:
    path = next(p for p in example_sources() if p.suffix == ".docx")
    with zipfile.ZipFile(path) as archive:
        core, comments = (archive.read(n).decode() for n in ("docProps/core.xml", "word/comments.xml"))
        headers = "".join(archive.read(n).decode() for n in archive.namelist() if "header" in n)
        body = archive.read("word/document.xml").decode()
    assert "Bram Kessler" in core
    assert "Bram Kessler" in comments
    assert "Thea Oxendine" in headers
    assert "<w:tbl>" in body


def test_the_pdf_has_pages_with_a_name_at_the_head() -> None:
    import pypdfium2

    path = next(p for p in example_sources() if p.suffix == ".pdf")
    document = pypdfium2.PdfDocument(path)
    pages = [document[i].get_textpage().get_text_range() for i in range(len(document))]
    document.close()
    assert len(pages) >= 3
    assert all(f"Petrosyan Page {n}" in text for n, text in enumerate(pages, start=1))
