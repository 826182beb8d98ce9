from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from svp_nlp.errors import ReviewError
from svp_nlp.model import Label
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.study import Study, redacting, reviewing
from svp_nlp.study.coding import Proposals


@pytest.fixture
def study(demo: Path, tmp_path: Path) -> Study:
    """The example study in a folder of its own."""
    return Study(shutil.copytree(demo, tmp_path / "study"))


def asked(proposals: Proposals) -> list[str]:
    return list(reviewing.answers(proposals.passages))


def coded_by(study: Study, coder: str, gives: dict[str, list[str]]) -> Iterator[Decision]:
    """One coder's blind pass."""
    fits = reviewing.basis(study.layout, study.settings, study.proposals)
    for passage, themes in gives.items():
        for action, value in ((Action.CODE, {"themes": themes}), (Action.COMMIT, {})):
            yield Decision(
                study=fits.study,
                coder=coder,
                kind="coding",
                target=passage,
                action=action,
                value=value,
                seconds=10,
                codebook_version=fits.codebook_version,
                text_sha256=fits.texts[passage][0],
            )


def record(study: Study, *decisions: Decision) -> None:
    log = reviewing.coding_log(study.layout, study.settings)
    log.append(*decisions)
    log.close()


def two_coders(study: Study) -> list[str]:
    """Two coders code all answers; they differ on the first."""
    passages = asked(study.proposals)
    themes = [theme.id for theme in study.codebook().themes]
    first = {p: [themes[n % 3]] if n % 4 == 0 else [] for n, p in enumerate(passages)}
    second = first | {passages[0]: [themes[5]]}
    record(study, *coded_by(study, "AB", first), *coded_by(study, "CD", second))
    return passages


def test_a_study_without_decisions(study: Study) -> None:
    assert study.decisions.codings == {}
    assert study.final_codings() == {}
    assert study.figures() == []
    with pytest.raises(ReviewError, match="no passage has blind codings of two coders"):
        study.agreement()
    with pytest.raises(ReviewError, match="no coding is decided yet"):
        study.saturation()


def test_the_id_is_the_same_in_every_copy(study: Study, demo: Path) -> None:
    assert reviewing.study_id(study.layout) == reviewing.study_id(Study(demo).layout)
    shutil.rmtree(study.layout.private)
    assert reviewing.study_id(study.layout) == reviewing.study_id(Study(demo).layout)


def test_agreement_final_codings_and_what_learns_from_them(study: Study) -> None:
    passages = two_coders(study)
    found = study.agreement()
    assert found.assisted is None
    assert found.blind.frame.units == len(passages)
    assert found.blind.frame.passages == "respondents' passages"
    assert "No passage was coded by two coders after suggestions were seen." in found.table()
    final = study.final_codings()
    assert passages[0] not in final, "the coders differ there"
    assert {one.how for one in final.values()} == {"agreed"}
    confirmed = study.confirmed()
    assert len(confirmed.texts) == len(confirmed.codings) == len(confirmed.questions) == len(final)
    assert study.saturation().themes == 3
    assert confirmed.texts[0] not in repr(confirmed)


def test_a_suggester_learns_from_final_codings(study: Study) -> None:
    from svp_nlp.coding.suggest import ThemeSuggester
    from svp_nlp.study.coding import embedder

    two_coders(study)
    decided = study.confirmed()
    suggester = ThemeSuggester(study.codebook(), embedder(study.layout, study.settings))
    suggester.fit(decided.texts, decided.codings, questions=decided.questions, citations=decided.citations)
    at = next(n for n, themes in enumerate(decided.codings) if themes)
    (made,) = suggester.suggest([decided.texts[at]], questions=[decided.questions[at]], top=15)
    reason = next(s.because for s in made if s.theme == decided.codings[at][0])
    assert reason.source == decided.citations[at], "what was confirmed is an exemplar now"


def test_figures_are_written_and_leave_again(study: Study) -> None:
    two_coders(study)
    names = {path.name for path in study.figures()}
    assert names == {"agreement.txt", "agreement.json", "agreement.svg", "saturation.svg", "pace.svg"}
    told = json.loads((study.layout.reports / "review" / "agreement.json").read_text(encoding="utf-8"))
    assert told["blind"]["frame"]["coders"] == ["AB", "CD"]
    stale = study.layout.reports / "review" / "drift.svg"
    stale.write_text("<svg/>", encoding="utf-8")
    study.figures()
    assert not stale.exists()


def test_a_sheet_goes_out_and_comes_back(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "AB.xlsx"
    passages = asked(study.proposals)
    assert study.export_sheet(path, "AB") == len(passages)
    book = load_workbook(path)
    book["coding"].cell(2, 5, "none")
    book["coding"].cell(3, 5, study.codebook().themes[1].id)
    book["coding"].cell(4, 5, "no such theme")
    book["coding"].delete_rows(6)
    book.save(path)
    done = study.import_decisions(path)
    assert str(done) == (
        "4 decisions added, 0 were there already, 1 refused\n"
        '  row 4: a code in column "code 1" is not in the codebook\n'
        "  1 of the passages have no row"
    )
    again = study.import_decisions(path)
    assert (again.added, [one.where for one in again.refused]) == (0, ["row 4"])
    final = study.final_codings()
    assert {p: sorted(final[p].themes) for p in final} == {
        passages[0]: [],
        passages[1]: [study.codebook().themes[1].id],
    }


def test_decisions_travel_between_two_copies(study: Study, demo: Path, tmp_path: Path) -> None:
    two_coders(study)
    file = tmp_path / "decisions.jsonl"
    count = study.export_decisions(file)
    other = Study(shutil.copytree(demo, tmp_path / "other"))
    assert other.import_decisions(file).added == count
    assert other.import_decisions(file).known == count
    assert other.decisions.codings == study.decisions.codings


def a_name(study: Study) -> str:
    """A person's name that the ledger knows."""
    return next(e.surfaces[0] for e in redacting.load_ledger(study.layout) if e.label is Label.PERSON)


def test_a_name_in_a_memo_is_a_leak(study: Study) -> None:
    assert study.verify().clean
    (memo, _) = coded_by(study, "AB", {asked(study.proposals)[0]: []})
    text = "x" * 9000 + f" that is {a_name(study)} again \ud800"
    record(study, replace(memo, action=Action.MEMO, value={"text": text}))
    assert {leak.place for leak in study.verify().leaks} == {"coding/decisions.sqlite"}


def test_a_name_in_a_sheet_kept_in_the_study_is_a_leak(study: Study) -> None:
    path = study.layout.coding / "AB.xlsx"
    study.export_sheet(path, "AB")
    assert study.verify().clean
    book = load_workbook(path)
    book["coding"].cell(2, 12, f"{a_name(study)} said so")
    book.save(path)
    assert {leak.place for leak in study.verify().leaks} == {"coding/AB.xlsx"}


def test_ordinary_decisions_are_no_leak(study: Study) -> None:
    two_coders(study)
    study.figures()
    assert study.verify().clean


def test_figures_by_command(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    from svp_nlp.cli import main

    def run() -> tuple[list[str], str]:
        with pytest.raises(SystemExit) as stopped:
            main(["figures", str(study.layout.root)])
        assert stopped.value.code == 0
        out, err = capsys.readouterr()
        return [Path(line).name for line in out.splitlines()], err

    assert run() == ([], "nothing is decided yet, so there is nothing to draw\n")
    two_coders(study)
    assert run()[0][:3] == ["agreement.txt", "agreement.json", "agreement.svg"]
