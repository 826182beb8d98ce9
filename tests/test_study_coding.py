"""Coding in a study: what is refused and said before it, and what learns from people's decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from svp_nlp.cli import main
from svp_nlp.coding.codebook import save_codebook
from svp_nlp.errors import CodebookError, StudyError
from svp_nlp.model import Codebook, Domain, Exemplar, Theme
from svp_nlp.reading import read
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.study import Study
from svp_nlp.study.coding import save_transcripts
from svp_nlp.study.reviewing import coding_log, study_id

BOOK = Codebook(
    "Canteen",
    "1",
    (Domain("food", "Food"), Domain("place", "Place")),
    (
        Theme("food.price", "Price", "food", "What the meals cost, cheap or expensive."),
        Theme(
            "place.noise", "Noise", "place", "How loud it is.", exemplars=(Exemplar("So loud!", "A page 2"),)
        ),
    ),
)
SAID = [
    "You cannot talk there. It is so loud that everybody shouts across the tables. I bring my own lunch.",
    "The meals have become far too expensive, I paid nine euros for a bowl of soup and cannot afford it.",
    "You cannot talk there. It is so loud that everybody shouts across the tables. I bring my own soup.",
    "The blue folder was empty again this morning and I started the whole long day without a plan.",
]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of one clean transcript, as redaction leaves it."""
    found = Study.create(tmp_path / "study")
    found.layout.clean.mkdir()
    write(found, {"B.txt": SAID})
    save_codebook(BOOK, tmp_path / "book.yaml")
    found.codebook(tmp_path / "book.yaml")
    return found


def write(study: Study, texts: Mapping[str, list[str]]) -> None:
    for name, said in texts.items():
        lines = [f"Interviewer: What is it like?\n\nRespondent: {words}\n" for words in said]
        (study.layout.clean / name).write_text("\n".join(lines), "utf-8")
    files = sorted(study.layout.clean.glob("*.txt"))
    save_transcripts(study.layout, [(read(file, id=file.stem), file.name) for file in files])


def edit(study: Study, **changes: object) -> None:
    save_codebook(replace(BOOK, **changes), study.layout.coding / "codebook.yaml")  # type: ignore[arg-type]


def decide(study: Study, codings: Mapping[str, list[str]], version: str = "1") -> None:
    pins = {t.id: t.sha256 for t in study.transcripts.values()}
    log = coding_log(study.layout, study.settings)
    for passage, themes in codings.items():
        facts = {"study": study_id(study.layout), "coder": "AB", "kind": "coding", "target": passage}
        facts |= {"codebook_version": version, "text_sha256": pins[passage.partition(":")[0]]}
        action = (Action.CODE, {"themes": themes}) if themes else (Action.NONE, {})
        log.append(Decision(action=action[0], value=action[1], **facts))  # type: ignore[arg-type]
        log.append(Decision(action=Action.COMMIT, **facts))  # type: ignore[arg-type]
    log.close()


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_a_study_without_clean_side_is_refused_with_the_way_out(tmp_path: Path) -> None:
    bare = Study.create(tmp_path / "bare")
    with pytest.raises(StudyError) as caught:
        bare.suggest()
    assert str(caught.value) == (
        "this study has no clean transcripts yet\n\nhint: svp-nlp redact SOURCES... --study DIR"
    )


def test_a_file_that_redaction_did_not_write_is_refused_unnamed(study: Study) -> None:
    (study.layout.clean / "Rosalind Tate.txt").write_text("A: I am Rosalind Tate.\n", "utf-8")
    with pytest.raises(StudyError) as caught:
        study.suggest()
    assert str(caught.value) == (
        "clean/ holds a file that svp-nlp redact did not write; nothing unredacted is coded\n\n"
        "hint: move it out, then svp-nlp redact FILE --study DIR"
    )


def test_the_receipt_holds_the_codebook_and_its_content(study: Study) -> None:
    study.suggest()
    receipt = json.loads((study.layout.coding / "receipt.json").read_text("utf-8"))["suggest"]
    assert receipt["codebook"]["version"] == "1"
    assert len(receipt["codebook"]["content"]) == 12
    assert receipt["confirmed"] == 0


def test_suggestions_are_made_anew_when_the_codebook_changed(study: Study) -> None:
    study.suggest()
    before = study.proposals
    assert study.proposals.suggestions == before.suggestions  # both read from the file
    louder = replace(BOOK.themes[1], definition="Shouting, and everybody being heard across the tables.")
    edit(study, themes=(BOOK.themes[0], louder))
    after = study.proposals
    assert after.codebook.themes[1] == louder
    assert after.suggestions != before.suggestions


def test_a_codebook_edited_under_its_old_version_is_refused_after_coding_began(study: Study) -> None:
    study.suggest()
    decide(study, {"B:2": ["place.noise"]})
    dearer = replace(BOOK.themes[0], definition="What the meals cost, and who pays.")
    edit(study, themes=(dearer, BOOK.themes[1]))
    with pytest.raises(CodebookError) as caught:
        study.suggest()
    assert caught.value.message == (
        "the codebook was edited after coding began and still says version 1; "
        "2 decisions were made with it as it was"
    )
    edit(study, themes=(dearer, BOOK.themes[1]), version="2")
    assert study.suggest().notes == (
        "2 decisions were made with codebook version 1, this one is 2; they keep theirs",
    )


def test_a_theme_that_is_gone_is_not_learned_from_and_said(study: Study) -> None:
    decide(study, {"B:2": ["place.noise"], "B:4": ["food.price"]})
    edit(study, themes=(BOOK.themes[0], replace(BOOK.themes[1], id="place.loud")), version="2")
    made = study.suggest()
    assert made.confirmed == 1
    assert made.notes[1].startswith("final codings use place.noise, which this codebook does not have")


def test_final_codings_are_learned_from(study: Study) -> None:
    def score(theme: str) -> float:
        made = next(m for m in study.suggest().suggestions if m.passage == "B:8")
        return next(s.score for s in made if s.theme == theme)

    before = score("food.price")
    decide(study, {"B:8": ["food.price"], "B:2": ["place.noise"]})
    assert score("food.price") > before
    receipt = json.loads((study.layout.coding / "receipt.json").read_text("utf-8"))
    assert receipt["suggest"]["confirmed"] == 2


def test_other_languages_are_said(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    german = "Wir hatten nie das Geld dafür, und wenn jemand angerufen hat, dann war niemand da."
    write(study, {"K.txt": [german] * 3})
    code, _, err = command(capsys, "suggest", str(study.layout.root), "-q")
    assert code == 0
    assert "note: 1 transcript seems to be in German; suggestions are made for English" in err


def test_find_lists_what_has_not_the_theme_yet(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    decide(study, {"B:2": ["place.noise"]})
    code, out, _ = command(capsys, "find", str(study.layout.root), "place.noise", "--most", "1")
    assert code == 0
    assert "B turn 6\tIt is so loud that everybody shouts across the tables." in out
    code, _, err = command(capsys, "find", str(study.layout.root), "place.nois")
    assert code == 1
    assert 'unknown theme "place.nois"; themes: food.price, place.noise' in err


def test_consistency_names_passages_coded_apart(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(study.layout.root)
    decide(study, {"B:2": ["place.noise"], "B:6": ["place.noise"]})
    assert command(capsys, "consistency", folder)[0] == 0
    decide(study, {"B:6": []})
    code, out, _ = command(capsys, "consistency", folder)
    assert code == 1
    assert out.endswith("  B turn 2: place.noise\n  B turn 6: none\n")
    code, out, _ = command(capsys, "consistency", folder, "--json")
    assert [p["passage"] for p in json.loads(out)[0]["passages"]] == ["B:2", "B:6"]


def test_codebook_check_of_a_study_counts_support(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, "codebook", "check", str(study.layout.root))
    assert code == 0
    assert "exemplars  support  theme" in out
    assert "food.price" in out
    assert (study.layout.coding / "codebook_map.svg").read_text("utf-8").startswith("<svg")
    assert err.startswith("a hint for the team")


def test_codebook_check_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_codebook(BOOK, tmp_path / "book.yaml")
    arguments = ("codebook", "check", str(tmp_path / "book.yaml"), "--map", str(tmp_path / "map.svg"))
    code, out, _ = command(capsys, *arguments, "--json")
    assert code == 0
    assert [t["theme"] for t in json.loads(out)["themes"]] == ["food.price", "place.noise"]
    assert (tmp_path / "map.svg").exists()
    code, _, err = command(capsys, *arguments)
    assert code == 1
    assert "map.svg is there already" in err


def test_two_themes_with_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "book.yaml"
    save_codebook(replace(BOOK, themes=(BOOK.themes[0], replace(BOOK.themes[1], label="price"))), file)
    code, _, err = command(capsys, "codebook", "check", str(file))
    assert code == 1
    assert 'theme "place.noise" has the same label as the theme in line' in err


def test_what_is_known_of_each_theme_is_said_and_stored(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(study, {"B:2": ["place.noise"], "B:6": ["place.noise"], "B:4": ["food.price"]})
    code, out, _ = command(capsys, "suggest", str(study.layout.root), "--quiet")
    assert code == 0
    assert "     1     0          1          2  little  place.noise" in out.replace(
        "     2     0 ", "     1     0 "
    )
    assert "All 2 themes have fewer than 7 inclusion cues, exemplars and confirmed passages together." in out
    stored = study.proposals
    assert [(g.theme, g.exemplars, g.confirmed) for g in stored.grounds] == [
        ("food.price", 0, 1),
        ("place.noise", 1, 2),
    ]
    assert stored.remark in out


def test_suggestions_stored_without_what_was_known_still_open(study: Study) -> None:
    before = study.suggest()
    (study.layout.coding / "grounds.json").unlink()
    assert study.proposals.suggestions[0].ranked[0].theme == before.suggestions[0].ranked[0].theme
    assert study.proposals.grounds == ()


@pytest.mark.parametrize("content", ["{", '[{"theme": "food.price", "colour": 3}]', "[3]"])
def test_damaged_grounds_are_refused_with_the_way_out(study: Study, content: str) -> None:
    study.suggest()
    (study.layout.coding / "grounds.json").write_text(content, "utf-8")
    with pytest.raises(StudyError, match=r"coding/grounds\.json is damaged") as caught:
        _ = study.proposals
    assert caught.value.hint == "take it away and run: svp-nlp suggest DIR"


def test_coders_are_told_which_themes_are_little_known(study: Study) -> None:
    themes = (
        replace(BOOK.themes[0], include=tuple(f"It costs {n} euros." for n in range(7))),
        BOOK.themes[1],
    )
    edit(study, themes=themes)
    study.suggest()
    assert study.coding_desk("AB").open({"coder": "AB"})["little"] == ["place.noise"]
