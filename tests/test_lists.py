"""Public lists of hospitals and universities: read, looked up, kept with a study."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from svp_nlp.cli import main
from svp_nlp.engines.models import model_path
from svp_nlp.errors import RosterError, StudyError
from svp_nlp.model import Label, Transcript
from svp_nlp.reading import read_text
from svp_nlp.redaction.detect import default_engine, detect
from svp_nlp.redaction.lists import NameList, digest, load_list
from svp_nlp.redaction.recognizers.base import Rules
from svp_nlp.redaction.recognizers.listed import listed
from svp_nlp.study import Study

CMS = (
    "Facility ID,Facility Name,Address,City/Town,State\n"
    '010001,"ST MARY\'S HOSPITAL",1 MAIN ST,ELDERMERE,XX\n'
    '010002,"QUILLBROOK HEALTH SYSTEM, THE",2 MAIN ST,ORVANDALE,XX\n'
    "010003,MEMORIAL HOSPITAL,3 MAIN ST,ORVANDALE,XX\n"
    "010004,HOPE,3 MAIN ST,,XX\n"
)


def file(folder: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def names(*all_: str, label: Label = Label.INSTITUTION, towns: tuple[str, ...] = ()) -> list[NameList]:
    return [NameList("list", label, "0" * 64, all_, towns)]


def found(lists: list[NameList], text: str) -> list[tuple[str, float]]:
    return [(text[span.start : span.end], score) for span, _, score in listed(lists)(text)]


def test_the_file_of_the_cms_is_known_by_its_header(tmp_path: Path) -> None:
    one = load_list(file(tmp_path, CMS))
    assert one.names == ("ST MARY'S HOSPITAL", "QUILLBROOK HEALTH SYSTEM, THE", "MEMORIAL HOSPITAL")
    assert one.towns == ("ELDERMERE", "ORVANDALE")
    assert (one.name, one.label, len(one), one.left_out) == ("list", Label.INSTITUTION, 3, 1)
    assert "MARY" not in repr(one)


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Provider ID,Hospital Name,City", "1,Quillbrook Hospital,Orvandale"),
        ("UNITID,INSTNM,CITY,STABBR", "1,Quillbrook Hospital,Orvandale,XX"),
        ("OrganisationID¬OrganisationName¬City", "1¬Quillbrook Hospital¬Orvandale"),
        ("Code;Organisation Name;Town", "RX1;Quillbrook Hospital;Orvandale"),
        ("\ufeffname\tcity", "Quillbrook Hospital\tOrvandale"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_headers_of_public_files_are_known(tmp_path: Path, head: str, row: str, encoding: str) -> None:
    one = load_list(file(tmp_path, f"{head}\r\n{row}\r\n", encoding=encoding))
    assert (one.names, one.towns) == (("Quillbrook Hospital",), ("Orvandale",))


def test_other_names_of_a_university_are_taken_too(tmp_path: Path) -> None:
    one = load_list(file(tmp_path, "UNITID,INSTNM,IALIAS\n1,Orvan University-Main Campus,Orvan U | OVU\n"))
    assert one.names == ("Orvan University-Main Campus", "Orvan U", "OVU")


def test_a_text_has_one_name_a_line_and_a_comma_parts_nothing(tmp_path: Path) -> None:
    one = load_list(file(tmp_path, "Quillbrook Hospital, The\n\nEldermere Clinic\n", "mine.txt"))
    assert (one.name, one.names) == ("mine", ("Quillbrook Hospital, The", "Eldermere Clinic"))
    assert load_list(file(tmp_path, "Name\nQuillbrook Hospital\n")).names == ("Quillbrook Hospital",)


def test_a_file_without_header_needs_the_number_of_its_column(tmp_path: Path) -> None:
    path = file(tmp_path, '"RX1","QUILLBROOK NHS TRUST","Y60"\n"RX2","ELDERMERE NHS TRUST","Y61"\n')
    with pytest.raises(RosterError) as problem:
        load_list(path)
    assert str(problem.value) == (
        "none of the 3 columns of the list has a known header "
        "(Facility Name, Hospital Name, INSTNM, Organisation Name, Name)\n\n"
        "hint: --column NAME names the column; --column 2 takes the second of a file without headers"
    )
    assert load_list(path, column="2").names == ("QUILLBROOK NHS TRUST", "ELDERMERE NHS TRUST")


def test_people_are_taken_without_titles_and_turned_round(tmp_path: Path) -> None:
    path = file(tmp_path, 'Staff;Role\n"Vandermoor, Elspeth, MD";chief\nDr. Odalys Finch;nurse\n')
    one = load_list(path, kind="person", column="staff", name="staff")
    assert (one.name, one.label, one.names) == (
        "staff",
        Label.PERSON,
        ("Elspeth Vandermoor", "Odalys Finch"),
    )


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"", {}, "the list is empty; expected names"),
        (b"\x00\x01\xff\xfe\x00", {}, "the list is not a text file; expected CSV, or one name a line"),
        (CMS.encode(), {"column": "Nme"}, "the list has no such column; it has 5"),
        (CMS.encode(), {"column": "9"}, "the list has no such column; it has 5"),
        (
            CMS.encode(),
            {"kind": "drug"},
            "a list cannot be of this kind; kinds: institution, location, person",
        ),
        (b"Name,City\nHope,\n", {}, "the list has no names in this column"),
        (b'Name,City\n"' + b"x" * 140_000, {}, "line 2 of the list is not CSV"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, data: bytes, options: dict[str, str], message: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    with pytest.raises(RosterError) as problem:
        load_list(path, **options)
    assert problem.value.message == message
    assert problem.value.hint


def test_a_list_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match=r"^the list cannot be read: No such file or directory"):
        load_list(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ST MARY'S HOSPITAL", "Saint Mary's Hospital"),
        ("ST MARYS HOSPITAL", "St. Mary's Hospital"),
        ("Mount Orvan Centre for Health", "Mt. Orvan Center for Health"),
        ("QUILLBROOK MEM HOSP", "Quillbrook Memorial Hospital"),
        ("QUILLBROOK HOSPITAL, THE", "Quillbrook Hospital"),
        ("QUILLBROOK HOSPITAL INC (CLOSED)", "Quillbrook Hospital"),
        ("QUILLBROOK MEDICAL CENTER - ORVAN CAMPUS", "Quillbrook Medical Center"),
        ("University of Orvan-Eldermere", "University of Orvan"),
        ("Eldermere-Orvan University-Main Campus", "Eldermere-Orvan University"),
        ("University of Orvan at Eldermere", "University of Orvan at Eldermere"),
        ("ORVAN HEALTH DBA QUILLBROOK CLINIC", "Quillbrook Clinic"),
        ("Universidad Quillbrooká Clinic", "Universidad Quillbrooka Clinic"),
    ],
)
def test_a_name_is_known_however_the_register_writes_it(name: str, said: str) -> None:
    assert (said, 0.85) in found(names(name), f"I came to {said}. It was late.")


def test_short_forms_and_single_words_need_another_witness() -> None:
    lists = names("QUILLBROOK VALE MEDICAL CENTER", "ORVANTIS HEALTH SYSTEM", "MERCY HOSPITAL")
    assert found(lists, "So Quillbrook Vale called.") == [("Quillbrook Vale", 0.45)]
    assert found(lists, "So Orvantis's people called.") == [("Orvantis", 0.45)]
    assert found(lists, "the orvantis people") == []


def test_a_word_that_is_also_a_persons_name_counts_only_where_one_can_be() -> None:
    lists = names("GRACE HOSPITAL", "PROVIDENCE MEDICAL CENTER")
    assert found(lists, "Grace said so. I looked at Grace. We drove to Providence.") == []
    assert found(lists, "I trained at Grace, and she was at Providence.") == [
        ("Grace", 0.45),
        ("Providence", 0.45),
    ]


def test_names_of_ordinary_words_count_little_and_only_with_capitals() -> None:
    lists = names("COMMUNITY HOSPITAL", "GOOD SHEPHERD REHABILITATION HOSPITAL")
    assert found(lists, "We called Community Hospital.") == [("Community Hospital", 0.45)]
    assert found(lists, "every community hospital, a regional hospital") == []
    assert found(lists, "the good shepherd rehabilitation hospital") == [
        ("good shepherd rehabilitation hospital", 0.55)
    ]


def test_a_kind_of_house_is_no_name_of_one() -> None:
    lists = names("CRITICAL ACCESS HOSPITAL", "WOMEN'S HEART CENTER", "SLEEP DISORDERS")
    assert found(lists, "every critical access hospital, the women's heart center, sleep disorders") == []


def test_without_capitals_a_full_name_with_a_word_of_its_own_counts_less() -> None:
    assert found(names("QUILLBROOK MEMORIAL HOSPITAL"), "at quillbrook memorial hospital then") == [
        ("quillbrook memorial hospital", 0.7)
    ]


def test_the_longest_name_wins_and_none_runs_over_a_sentence() -> None:
    lists = names("ORVANTIS HEALTH", "ORVANTIS HEALTH QUILLBROOK HOSPITAL")
    assert found(lists, "Orvantis Health Quillbrook Hospital") == [
        ("Orvantis Health Quillbrook Hospital", 0.85)
    ]
    assert found(lists, "From Orvantis Health. Quillbrook Hospital") == [("Orvantis Health", 0.85)]


def test_what_is_known_to_identify_nobody_stays() -> None:
    assert (
        found(names("National Institutes of Health", "Joint Commission"), "the Joint Commission came") == []
    )


def test_towns_and_people_of_a_list() -> None:
    lists = names("Elspeth Vandermoor", label=Label.PERSON)
    assert found(lists, "Then Elspeth Vandermoor spoke.") == [("Elspeth Vandermoor", 0.8)]
    assert found(names(label=Label.INSTITUTION, towns=("ORVAN FALLS",)), "in Orvan Falls") == [
        ("Orvan Falls", 0.8)
    ]


def test_ten_thousand_names_cost_what_ten_cost() -> None:
    text = "So then the nurse at the desk called me and I said that we would come at once. " * 2_000
    few, many = names("QUILLBROOK HOSPITAL"), names(*(f"QUILL{n} THE NURSE HOSPITAL" for n in range(10_000)))

    def least(rules: Rules) -> float:
        """The least of three: another program on the machine makes single readings long."""
        taken = []
        for _ in range(3):
            start = time.process_time()
            assert rules(text) == []
            taken.append(time.process_time() - start)
        return min(taken)

    assert least(listed(many)) < 3 * least(listed(few)) + 0.3


def test_the_fingerprint_of_lists_follows_what_they_hold() -> None:
    assert digest([]) == ""
    assert digest(names("A Hospital")) != digest(names("B Hospital"))


SAID = "INTERVIEWER: Where was that?\n\nRESPONDENT: It was regions quillbrook clinic that sent us home.\n"


def test_a_list_finds_what_was_missed_and_leaves_the_rest() -> None:
    def covered(lists: list[NameList]) -> list[str]:
        transcript: Transcript = read_text(SAID + "\nINTERVIEWER: And Then the nurse left?\n")
        engine = default_engine(model_path("en_core_web_md"), lists)
        return [transcript[x.span] for x in detect([transcript], engine=engine)[0]]

    assert covered([]) == []
    assert covered(names("REGIONS QUILLBROOK CLINIC", "NURSE HOSPITAL")) == ["regions quillbrook clinic"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


def test_a_list_added_or_removed_redacts_anew_and_does_not_swell_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, study = file(tmp_path, SAID, "one.txt"), str(tmp_path / "study")
    path = file(tmp_path, CMS + "010009,REGIONS QUILLBROOK CLINIC,,,XX\n", "cms.csv")
    assert run("redact", str(source), "--study", study, "--quiet") == 0
    before = len(Study(study).ledger)
    surfaces = Study(study).verify().surfaces

    assert run("lists", "add", study, str(path)) == 0
    assert capsys.readouterr().err.endswith(
        "cms: 4 names and 2 towns, 1 left out as ordinary words. "
        "In force from the next run on: svp-nlp redact --study DIR\n"
    )
    assert not Study(study).redact().unchanged
    assert len(Study(study).ledger) == before + 1
    assert Study(study).verify().surfaces < surfaces + 5
    assert Study(study).redact().unchanged
    assert "quillbrook" not in (tmp_path / "study" / "clean").joinpath(
        next(iter(Study(study).transcripts)) + ".txt"
    ).read_text(encoding="utf-8")

    assert run("lists", "show", study) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1].split("\t")[:5] == ["cms", "INSTITUTION", "4", "2", "1"]
    assert run("lists", "remove", study, "cms") == 0
    assert not Study(study).redact().unchanged
    assert Study(study).lists == ()


def test_a_list_of_the_same_name_is_replaced_and_lists_go_into_the_key(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    study.add_list(file(tmp_path, CMS), name="sites")
    study.add_list(file(tmp_path, "Name\nOrvantis Clinic\n"), name="sites")
    assert [one.names for one in study.lists] == [("Orvantis Clinic",)]
    with pytest.raises(StudyError, match=r"^the study has no list of this name; lists: sites$"):
        study.remove_list("other")
    study.redact([file(tmp_path, SAID, "one.txt")])
    study.lock("four words are enough")
    assert not (tmp_path / "study" / "private" / "lists.jsonl").exists()
    with study.unlocked("four words are enough"):
        assert len(study.lists) == 1


def test_a_damaged_list_is_one_sentence(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    (tmp_path / "study" / "private" / "lists.jsonl").write_text('{"name": "x"}\n', encoding="utf-8")
    with pytest.raises(StudyError, match=r"^private/lists.jsonl is damaged"):
        _ = study.lists
