from __future__ import annotations

from pathlib import Path

import pytest

from svp_nlp.errors import RosterError
from svp_nlp.model import Label
from svp_nlp.redaction.roster import Roster, RosterEntry, load_roster, parse_roster


@pytest.mark.parametrize(
    "text",
    [
        "name,type,aliases\nAnn Bell,PERSON,Annie|Nan\n",
        "type;aliases;name\nperson;Annie|Nan;Ann Bell\n",
        "\ufeffName\tAliases\tType\r\nAnn Bell\tAnnie; Nan\tinterviewee\r\n",
        '"name","type","aka"\n\n  "Ann Bell" , Person ,"Annie;Nan"\n',
        'name,type,aliases\n"Dr. Bell, Ann, MD",PERSON,Ms. Annie|Nan\n',
    ],
)
def test_columns_separators_titles(text: str) -> None:
    assert parse_roster(text).entries == (RosterEntry("Ann Bell", Label.PERSON, ("Annie", "Nan")),)


def test_types_have_everyday_names() -> None:
    roster = parse_roster("name,type\nVey,Hospital\nVeyton,city\n555-0134,phone\n48213,MRN\n")
    assert [e.label for e in roster] == [Label.INSTITUTION, Label.LOCATION, Label.CONTACT, Label.ID]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the roster is empty; expected a header line and at least one name"),
        ("name,type\n\n", "the roster has a header but no names"),
        (
            "Ann Bell,PERSON\n",
            "line 1 of the roster is no header; expected the columns name, type and perhaps aliases",
        ),
        ("name,type\nAnn Bell,PERSON\n,PERSON\n", "line 3 of the roster has nothing in the column name"),
        (
            "name,type\nAnn Bell,wizard\n",
            "line 2 of the roster has an unknown type; types: PERSON, INSTITUTION, LOCATION, DATE, "
            "DATE_YEAR, CONTACT, ID, AGE",
        ),
        (
            "name,type\nGrace,PERSON\ngrace,hospital\n",
            "lines 2 and 3 of the roster give the same name two types: PERSON and INSTITUTION",
        ),
        (
            "name,type\nBell, Ann,PERSON\n",
            "line 2 of the roster has 3 cells, the header names fewer",
        ),
        ('name,type\n"Ann Bell,PERSON\n', "line 2 of the roster is not CSV"),
    ],
)
def test_what_cannot_be_used_is_said_by_line(text: str, message: str) -> None:
    with pytest.raises(RosterError) as error:
        parse_roster(text)
    assert error.value.message == message
    assert "Bell" not in str(error.value)


def test_questions_about_names_that_may_do_harm() -> None:
    roster = parse_roster("name,type,aliases\nWill,PERSON,B\nAnn Bell,PERSON,\nann bell,PERSON,Annie\n")
    assert roster.warnings == (
        "line 4 repeats the name of line 3; taken as one",
        "line 2, column name: a common word; taken as a name only where written as one",
        "line 2, column aliases: one letter; taken as a name only as a speaker label",
    )
    assert roster.entries[1].aliases == ("Annie",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes("name,type\nRenée Å,PERSON\n".encode(encoding))
    assert load_roster(path).entries[0].name == "Renée Å"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="cannot be read: No such file or directory"):
        load_roster(tmp_path / "roster.csv")
    (tmp_path / "roster.xlsx").write_bytes(b"PK\x03\x04\x00\x00\x00")
    with pytest.raises(RosterError, match="not a text file"):
        load_roster(tmp_path / "roster.xlsx")


def test_reprs_hold_no_names() -> None:
    roster = parse_roster("name,type,aliases\nAnn Bell,PERSON,Annie\n")
    assert "Bell" not in repr(roster)
    assert "Annie" not in repr(roster)
    assert len(Roster()) == 0


def test_rosters_of_the_development_set(shared: Path) -> None:
    for path in sorted((shared / "devset" / "rosters").glob("*.csv")):
        assert len(load_roster(path)) >= 4
