from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.codebook import founding_codebook, load_codebook, save_codebook
from svp_nlp.errors import CodebookError
from svp_nlp.model import Codebook, Domain, Exemplar, Theme

GOOD = """\
title: Falls
domains:
  - id: cause
    label: Causes
    themes:
      - id: cause.floor
        label: Wet floor
        definition: The floor was wet.
        include: [Somebody slipped]
        exclude: ["Stairs: cause.stairs"]
        exemplars:
          - It was soaking.
          - {text: I slid., source: A page 3}
      - id: cause.stairs
        label: Stairs
        exemplars: [I missed a step.]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_codebook_is_read_whole(tmp_path: Path) -> None:
    book = load_codebook(write(tmp_path, GOOD))
    assert book.title == "Falls"
    assert book.domains == (Domain("cause", "Causes"),)
    assert book.theme("cause.floor") == Theme(
        "cause.floor",
        "Wet floor",
        "cause",
        "The floor was wet.",
        ("Somebody slipped",),
        ("Stairs: cause.stairs",),
        (Exemplar("It was soaking."), Exemplar("I slid.", "A page 3")),
    )
    assert book.theme("cause.stairs").definition == ""


def test_the_version_is_the_given_one_or_follows_the_content(tmp_path: Path) -> None:
    first = load_codebook(write(tmp_path, GOOD))
    assert len(first.version) == 12
    assert load_codebook(write(tmp_path, "# a remark\n" + GOOD)).version == first.version
    assert load_codebook(write(tmp_path, GOOD.replace("soaking", "icy"))).version != first.version
    assert load_codebook(write(tmp_path, "version: 3\n" + GOOD)).version == "3"


@pytest.mark.parametrize(
    ("find", "put", "line", "problem", "hint"),
    [
        (
            "title:",
            "titel:",
            1,
            'codebook has an unknown key "titel"',
            "title, version, attribution, domains",
        ),
        ("        label: Stairs", "        name: Stairs", 15, 'theme has an unknown key "name"', "exemplars"),
        ("        label: Stairs\n", "", 14, 'theme "cause.stairs" has no label', "add label: to it"),
        (
            "        label: Stairs\n",
            "        label: ''\n",
            15,
            'theme "cause.stairs" has an empty label',
            "fill",
        ),
        ("      - id: cause.stairs\n        label", "      - label", 14, "theme has no id", "add id: to it"),
        (
            "id: cause.stairs",
            "id: cause.floor",
            14,
            'theme "cause.floor" has the same id as the theme in line 6',
            "give each theme a id of its own",
        ),
        (
            "label: Stairs",
            "label: wet Floor",
            14,
            'theme "cause.stairs" has the same label as the theme in line 6',
            "label of its own",
        ),
        (
            "        exemplars: [I missed a step.]\n",
            "",
            14,
            'theme "cause.stairs" has neither a definition nor an exemplar',
            "say in a sentence what it means",
        ),
        ("[Somebody slipped]", "Somebody slipped", 9, "include must be a list, not text", "start each entry"),
        ("The floor was wet.", "[wet]", 8, "definition must be text, not a list", "put it into quotes"),
        ("label: Wet floor", "label: yes", 7, "label must be text, not yes/no", "put it into quotes"),
        ("source: A page 3", "page: 3", 13, 'exemplar has an unknown key "page"', "text, source"),
        ("title: Falls", "title: Falls\ntitle: Slips", 2, 'codebook has the key "title" twice', "keep one"),
        ("domains:", "themes:", 2, "themes stand outside any domain", "under a domain's themes:"),
        ("    themes:\n", "    thmes:\n", 5, 'domain has an unknown key "thmes"', "id, label, themes"),
        ("label: Causes", "label: {a: b}", 4, "label must be text, not keys and values", "quotes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, find: str, put: str, line: int, problem: str, hint: str
) -> None:
    assert GOOD.count(find) == 1
    with pytest.raises(CodebookError) as caught:
        load_codebook(write(tmp_path, GOOD.replace(find, put)))
    assert caught.value.message == f"book.yaml, line {line}: {problem}"
    assert caught.value.hint is not None
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "book.yaml: empty"),
        ("title: [", "book.yaml, line 1: not YAML"),
        ("- a\n- b\n", "book.yaml, line 1: codebook must be a list of keys and values, not a list"),
        ("title: x\n", "book.yaml, line 1: codebook has no domains"),
        ("domains: []\n", "book.yaml, line 1: codebook has no themes"),
        ("domains:\n  - {id: a, label: A}\n", 'book.yaml, line 2: domain "a" has no themes'),
        ("title: \x00", "book.yaml"),
    ],
)
def test_files_that_are_no_codebook(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CodebookError) as caught:
        load_codebook(write(tmp_path, text))
    assert caught.value.message.startswith(message)


def test_a_theme_id_that_names_another_domain(tmp_path: Path) -> None:
    other = (
        "  - id: effect\n    label: Effects\n    themes:\n      - {id: cause.x, label: X, definition: x}\n"
    )
    with pytest.raises(CodebookError) as caught:
        load_codebook(write(tmp_path, GOOD + other))
    assert caught.value.message == 'book.yaml, line 20: theme "cause.x" stands under domain "effect"'


def test_missing_and_undecodable_files(tmp_path: Path) -> None:
    with pytest.raises(CodebookError) as caught:
        load_codebook(tmp_path / "none.yaml")
    assert caught.value.message == "none.yaml: cannot be read (No such file or directory)"
    (tmp_path / "old.yaml").write_bytes(b"title: caf\xe9\n")
    with pytest.raises(CodebookError) as caught:
        load_codebook(tmp_path / "old.yaml")
    assert caught.value.message == "old.yaml: not UTF-8 at byte 10"


def test_the_founding_codebook_prints_table_2(shared: Path) -> None:
    book = founding_codebook()
    table = yaml.safe_load((shared / "study" / "table2.yaml").read_text(encoding="utf-8"))
    printed = {t["id"]: t for d in table["domains"] for t in d["themes"]}
    assert [t.id for t in book.themes] == list(printed)
    assert [(d.id, d.label) for d in book.domains] == [(d["id"], d["label"]) for d in table["domains"]]
    for theme in book.themes:
        assert theme.label == printed[theme.id]["label"]
        quotes = [(q["text"], q["source"]) for q in printed[theme.id]["quotes"]]
        assert [(e.text, e.source) for e in theme.exemplars] == quotes
        assert theme.definition
        assert len(theme.include) >= 4
        assert theme.exclude
    assert "CC BY 4.0" in book.attribution


def test_every_exclusion_of_the_founding_codebook_points_to_another_theme() -> None:
    book = founding_codebook()
    ids = {t.id for t in book.themes}
    for theme in book.themes:
        for cue in theme.exclude:
            assert cue.rpartition(": ")[2] in ids - {theme.id}


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)


@given(st.lists(words, min_size=1, max_size=4, unique_by=str.casefold), words, words)
def test_what_is_saved_is_read_back(labels: list[str], definition: str, quote: str) -> None:
    import tempfile

    themes = tuple(
        Theme(
            f"d.{i}",
            label,
            "d",
            definition,
            (quote,),
            (quote,),
            (Exemplar(quote), Exemplar(quote, "A page 1")),
        )
        for i, label in enumerate(labels)
    )
    book = Codebook("t", "v1", (Domain("d", "D"),), themes, "somebody")
    with tempfile.TemporaryDirectory() as folder:
        save_codebook(book, Path(folder) / "book.yaml")
        assert load_codebook(Path(folder) / "book.yaml") == book


def test_reprs_hold_no_codebook_text() -> None:
    theme = founding_codebook().theme("need.sequelae")
    assert "quitting" not in repr(theme)
    assert theme.definition not in repr(theme)
