"""The whole line on the built-in example study, with the real models and sockets closed."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

import svp_nlp
from svp_nlp.cli import main
from svp_nlp.errors import StudyError, SvpWarning
from svp_nlp.example import example_roster, example_sources
from svp_nlp.model import Finding, Label, Span, Transcript
from svp_nlp.reading import read
from svp_nlp.study import Study
from svp_nlp.study.redacting import merge


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Study:
    """A study of one's own, to change."""
    return Study(shutil.copytree(demo, tmp_path / "study"))


def test_what_is_left_beside_a_finding_is_no_letter_of_the_sentence() -> None:
    talk = Transcript("B", "We met Pell. I asked Pell Varga.", ())
    pell = Finding(Span(7, 11), Label.PERSON)
    again = [Finding(Span(7, 14), Label.PERSON), Finding(Span(21, 31), Label.PERSON)]
    assert [talk[x.span] for x in merge(talk, [pell], again)] == ["Pell", "Pell Varga"]
    half = Finding(Span(21, 25), Label.PERSON)
    assert [talk[x.span] for x in merge(talk, [half], again[1:])] == ["Pell", "Varga"]


def test_the_demo_is_clean_and_complete(demo: Path) -> None:
    study = Study(demo)
    assert study.verify().clean
    assert {p.suffix for p in (demo / "clean").iterdir()} >= {".txt", ".vtt", ".srt", ".docx", ".json"}
    for name in ("suggestions.jsonl", "exemplars.jsonl", "topics.json", "transcripts.jsonl", "receipt.json"):
        assert (demo / "coding" / name).stat().st_size > 0
    assert (demo / "reports" / "report.html").stat().st_size > 10_000


def test_findings_are_as_the_contract_has_them(demo: Path) -> None:
    texts = {path.name: read(path).text for path in example_sources()}
    found = rows(demo / "private" / "findings.jsonl")
    assert {row["source"] for row in found} == set(texts)
    for row in found:
        assert set(row) == {"source", "start", "end", "label", "score", "entity", "found_by", "status"}
        assert 0 <= row["start"] < row["end"] <= len(texts[str(row["source"])])
        assert row["status"] in {"redacted", "review", "kept"}


def test_one_entity_has_one_pseudonym_in_all_files(demo: Path) -> None:
    texts = {path.name: read(path).text for path in example_sources()}
    entities = {
        row["entity"]
        for row in rows(demo / "private" / "findings.jsonl")
        if texts[str(row["source"])][row["start"] : row["end"]].casefold() == "cairnbrook medical center"
    }
    sources = {
        row["source"] for row in rows(demo / "private" / "findings.jsonl") if row["entity"] in entities
    }
    assert len(entities) == 1
    assert len(sources) > 1


def test_nothing_on_the_clean_side_names_a_source(demo: Path) -> None:
    stems = [path.stem for path in example_sources()]
    for folder in ("clean", "coding", "reports"):
        for path in (demo / folder).rglob("*"):
            if path.is_file():
                assert path.stem not in stems
                data = path.read_bytes()
                assert not any(stem.encode() in data for stem in stems)
                assert str(demo).encode() not in data


def test_suggestions_lead_home(copy: Study) -> None:
    copy.suggest(private=True)
    texts = {path.name: read(path).text for path in example_sources()}
    clean = copy.transcripts
    found = rows(copy.layout.coding / "suggestions.jsonl")
    assert {row["transcript"] for row in found} == set(clean)
    for row in found:
        said = clean[str(row["transcript"])][Span(row["start"], row["end"])]
        home = texts[str(row["source"])][row["source_start"] : row["source_end"]]
        if "[" not in said:
            assert said == home
        assert len(row["suggestions"]) == 3
        assert [s["score"] for s in row["suggestions"]] == sorted(
            (s["score"] for s in row["suggestions"]), reverse=True
        )
        assert all(set(s) >= {"theme", "domain", "score", "because"} for s in row["suggestions"])
        assert 0 <= row["coded"] <= 1
    named, open_ = copy.verify().warnings
    assert named == (
        "coding/suggestions.jsonl names source files (written with --private): "
        "run svp-nlp suggest again without it before sharing"
    )
    assert re.fullmatch(r"\d+ entit(?:y is|ies are) replaced but waits? for a person .*", open_)


def test_a_second_run_changes_nothing(copy: Study) -> None:
    before = {p: p.stat().st_mtime_ns for p in copy.layout.clean.iterdir()}
    outcome = copy.redact(example_sources(), roster=example_roster())
    assert outcome.unchanged
    assert {p: p.stat().st_mtime_ns for p in copy.layout.clean.iterdir()} == before


def test_pseudonyms_stay_when_an_interview_is_added(copy: Study, tmp_path: Path) -> None:
    before = {r.clean: (copy.layout.clean / r.clean).read_bytes() for r in records(copy)}
    times = {name: (copy.layout.clean / name).stat().st_mtime_ns for name in before}
    new = tmp_path / "new.txt"
    new.write_text("Q: Who started it?\n\nA: Ingrid Solheim, up in Duluth. And Fenwick Osgood.\n", "utf-8")
    outcome = copy.redact([new])
    assert not outcome.leaks
    assert len(outcome.counts) == len(before) + 1
    added = next(t for id, t in copy.transcripts.items() if f"{id}.txt" not in before)
    assert "Solheim" not in added.text
    assert "Osgood" not in added.text
    entity = next(
        row["entity"]
        for row in rows(copy.layout.private / "findings.jsonl")
        if row["source"] == example_sources()[0].name and row["label"] == "PERSON"
    )
    assert entity in {row["entity"] for row in rows(copy.layout.private / "findings.jsonl")}
    for name, data in before.items():
        if name.endswith(".txt"):
            assert (copy.layout.clean / name).read_bytes() == data
            assert (copy.layout.clean / name).stat().st_mtime_ns == times[name]


def records(study: Study) -> list[svp_nlp.study.folder.Record]:  # type: ignore[name-defined]
    from svp_nlp.study.redacting import State

    return list(State.load(study.layout).records)


def test_an_edited_clean_file_is_not_overwritten(copy: Study, tmp_path: Path) -> None:
    name = next(r.clean for r in records(copy) if r.clean.endswith(".txt"))
    path = copy.layout.clean / name
    path.write_bytes(path.read_bytes() + b"\nedited\n")
    new = tmp_path / "new.txt"
    new.write_text("Q: Who?\n\nA: Fenwick Osgood.\n", "utf-8")
    with pytest.raises(StudyError, match=f"clean/{name} was edited since it was written"):
        copy.redact([new])
    assert path.read_bytes().endswith(b"edited\n")
    assert not copy.redact([new], force=True).leaks
    assert not path.read_bytes().endswith(b"edited\n")


def test_a_changed_source_is_refused(copy: Study, tmp_path: Path) -> None:
    same_name = tmp_path / next(path.name for path in example_sources() if path.suffix == ".txt")
    same_name.write_text("Q: Who?\n\nA: Fenwick Osgood, in Duluth.\n", "utf-8")
    outcome = copy.redact([same_name])
    assert [name for name, _ in outcome.refused] == [same_name.name]
    assert "is in the study with other contents" in str(outcome.refused[0][1])


def read_all(study: Study) -> None:
    study.redact()
    assert len(study.ledger)
    assert study.proposals


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("private/findings.jsonl", "take it away and run: svp-nlp redact --study DIR"),
        ("coding/transcripts.jsonl", "take it away and run: svp-nlp redact --study DIR"),
        ("coding/suggestions.jsonl", "take it away and run: svp-nlp suggest DIR"),
        ("private/surrogates.json", "put it back from a copy of the study; no command can make it anew"),
    ],
)
def test_the_hint_about_a_damaged_file_helps(copy: Study, name: str, hint: str) -> None:
    path = copy.layout.root / name
    path.write_bytes(b'{"half": "\xff\n')
    with pytest.raises(StudyError) as problem:
        read_all(copy)
    assert problem.value.message.startswith(f"{name}")
    assert problem.value.hint == hint
    if "redact" in hint:
        path.unlink()
        assert not copy.redact().unchanged
        read_all(copy)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"records": [{"foo": 1}], "fingerprint": ""}'])
def test_a_damaged_record_is_not_made_anew(copy: Study, content: str) -> None:
    (copy.layout.private / "study.json").write_text(content, "utf-8")
    with pytest.raises(StudyError, match=r"private/study\.json is damaged\n\nhint: put it back"):
        copy.redact(example_sources())


def test_nothing_is_written_where_nothing_could_be_read(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    assert study.redact([tmp_path / "none.txt"]).counts == {}
    assert sorted(path.name for path in study.layout.root.rglob("*")) == ["private", "svp.toml"]
    with pytest.raises(StudyError, match="nothing to verify"):
        study.verify()


def test_sources_that_are_there_already_are_not_written_again(copy: Study) -> None:
    before = {p: p.stat().st_mtime_ns for p in copy.layout.sources.iterdir()}
    copy.redact(example_sources(), roster=example_roster())
    assert {p: p.stat().st_mtime_ns for p in copy.layout.sources.iterdir()} == before


def test_verify_reads_the_properties_of_a_word_file(copy: Study) -> None:
    import docx

    name = next(r.clean for r in records(copy) if r.clean.endswith(".docx"))
    document = docx.Document(str(copy.layout.clean / name))
    document.core_properties.author = "Ingrid Solheim"
    document.save(str(copy.layout.clean / name))
    assert [leak.place for leak in copy.verify().leaks] == [f"clean/{name}"]


def test_verify_refuses_what_it_cannot_search(copy: Study) -> None:
    (copy.layout.clean / "more").mkdir()
    other = copy.layout.clean / "more" / "old.doc"
    for content in (b"\xd0\xcf\x11\xe0", b"a\0b"):
        other.write_bytes(content)
        with pytest.raises(StudyError, match=r"clean/more/old\.doc cannot be searched"):
            copy.verify()
    other.unlink()
    lines = copy.layout.coding / "transcripts.jsonl"
    lines.write_text("Ingrid {\n", "utf-8")
    with pytest.raises(StudyError, match=r"coding/transcripts\.jsonl cannot be searched") as caught:
        copy.verify()
    assert "Ingrid" not in str(caught.value)


def test_verify_says_that_a_clean_file_is_gone(copy: Study) -> None:
    (copy.layout.clean / records(copy)[0].clean).unlink()
    assert "clean/ lacks 1 file that redaction wrote: what is gone was not searched" in copy.verify().warnings


def test_a_folder_that_may_not_be_opened_is_not_an_empty_one(
    copy: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def closed(path: str) -> object:
        if Path(path).name == "clean":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)  # the tests may run as one who may open everything
    with pytest.raises(StudyError, match="clean/ cannot be searched: Permission denied"):
        copy.verify()


def test_verify_fails_on_a_name_put_back(copy: Study, capsys: pytest.CaptureFixture[str]) -> None:
    name = next(r.clean for r in records(copy) if r.clean.endswith(".txt"))
    path = copy.layout.clean / name
    path.write_text(path.read_text("utf-8") + "\nThat was Ingrid Solheim.\n", "utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["verify", str(copy.layout.root)])
    shown = capsys.readouterr()
    assert stopped.value.code == 1
    assert f"clean/{name}" in shown.out
    assert "Solheim" not in shown.out + shown.err


def test_no_repr_shows_text(demo: Path) -> None:
    study = Study(demo)
    secret = ("Solheim", "Cairnbrook", "hotdish")
    shown = [repr(study), study._repr_html_(), repr(study.proposals), study.proposals._repr_html_()]
    shown += [repr(t) + t._repr_html_() for t in study.transcripts.values()]
    shown += [repr(p) for p in study.proposals.passages]
    shown += [repr(study.verify()), study.verify()._repr_html_()]
    assert not [word for word in secret for text in shown if word in text]


def test_deidentify_in_memory() -> None:
    talk = svp_nlp.read_text(
        "Interviewer: Who began it?\n\nRespondent: Fenwick Osgood did, at Larkmoor Memorial Hospital.\n",
        id="talk",
    )
    done = svp_nlp.deidentify([talk])
    text = next(iter(done.transcripts.values())).text
    assert done.clean
    assert "Osgood" not in text
    assert "Larkmoor" not in text
    assert text.startswith("Interviewer: Who began it?")
    frame = done.to_frame()
    assert set(frame["label"]) >= {"PERSON", "INSTITUTION"}
    assert "Osgood" not in repr(done) + done._repr_html_() + frame.to_string()


def test_suggest_codes_gives_one_ranked_list_a_text() -> None:
    made = svp_nlp.suggest_codes(
        [
            "We have no budget at all. I do this on top of my full time job and nobody pays me for it.",
            "Good morning.",
        ]
    )
    assert len(made) == 2
    assert made[0][0].theme == "challenges.resources"
    assert made[1].abstained
    with pytest.raises(svp_nlp.SvpError, match="takes a list of texts"):
        svp_nlp.suggest_codes("one text")


def test_suggest_codes_says_that_texts_are_in_another_language() -> None:
    texts = [
        "Wir hatten nie das Geld dafür, und wenn jemand angerufen hat, dann war niemand am Telefon.",
        "We have no budget at all. I do this on top of my full time job and nobody pays me for it.",
    ]
    with pytest.warns(SvpWarning) as said:
        made = svp_nlp.suggest_codes(texts)
    assert [str(w.message) for w in said] == [
        "1 text seems to be in German; suggestions are made for English and mean little there"
    ]
    assert said[0].filename == __file__
    assert [len(m) for m in made] == [3, 3]
    assert len(svp_nlp.suggest_codes(texts[1:])) == 1  # nothing to say of English: warnings are errors here


@pytest.mark.parametrize(
    "text",
    ["Ingrid Solheim said hello", "Q: Who?\n\nA: Ingrid Solheim.\n", "Ingrid Solheim " * 400, "Solheim\0"],
)
def test_a_text_given_for_a_path_is_not_repeated(text: str) -> None:
    with pytest.raises(svp_nlp.errors.ReadError) as caught:
        svp_nlp.deidentify(text)
    assert caught.value.message == "a source is neither a file nor a folder"


def test_what_deidentify_returns_says_how_much(tmp_path: Path) -> None:
    done = svp_nlp.deidentify(svp_nlp.read_text("Q: Who?\n\nA: Ingrid Solheim.\n"))
    assert repr(done) == "Deidentified(1 transcript, 1 finding, clean)"


def test_a_damaged_structure_is_one_sentence(copy: Study) -> None:
    (copy.layout.coding / "transcripts.jsonl").write_text('{"id": "A"}\n', "utf-8")
    with pytest.raises(StudyError, match="damaged: keys are missing"):
        _ = copy.transcripts


def test_a_study_on_the_onnx_backend_suggests_the_same_and_says_so(copy: Study) -> None:
    folder = copy.layout.root
    file = folder / "svp.toml"
    default = 'embedding_backend = "sentence-transformers"'
    settings = file.read_text(encoding="utf-8")
    assert default in settings
    before = rows(folder / "coding" / "suggestions.jsonl")
    file.write_text(settings.replace(default, 'embedding_backend = "onnx"'), encoding="utf-8")
    Study(folder).suggest()
    after = rows(folder / "coding" / "suggestions.jsonl")

    def decided(found: list[dict[str, object]]) -> list[str]:
        return re.findall(r'"(?:theme|abstained|passage)": [^,}]+', json.dumps(found))

    assert len(decided(before)) > 100
    assert decided(after) == decided(before)
    receipt = json.loads((folder / "coding" / "receipt.json").read_text(encoding="utf-8"))
    assert "@53aa5117+onnx" in json.dumps(receipt)
