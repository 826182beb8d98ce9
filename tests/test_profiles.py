from __future__ import annotations

import pytest

from svp_nlp.errors import SettingsError
from svp_nlp.model import Label
from svp_nlp.redaction.profiles import (
    EIGHTEEN,
    PROFILES,
    PUBLIC,
    SAFE_HARBOR,
    STRICT,
    TEAM,
    Mention,
    offset_days,
    profile_named,
)
from svp_nlp.redaction.spoken import in_words, read_age, read_date, read_year


def mention(label: str, surface: str, *surfaces: str, transcript: str = "t") -> Mention:
    return Mention(surface, Label(label), f"{label} 1", f"[{label} 1]", transcript, "seed", surfaces)


@pytest.mark.parametrize("label", list(Label))
def test_strict_leaves_nothing(label: Label) -> None:
    assert STRICT.text_for(mention(label, "2014")) == f"[{label} 1]"


@pytest.mark.parametrize(
    ("label", "surface", "text"),
    [
        ("PERSON", "Ann", "[PERSON 1]"),
        ("INSTITUTION", "Lake Clinic", "[INSTITUTION 1]"),
        ("LOCATION", "Texas", None),
        ("LOCATION", "El Paso", "[LOCATION 1]"),
        ("LOCATION", "New York", "[LOCATION 1]"),
        ("DATE", "March 3rd, 2017", "2017"),
        ("DATE", "the third of March, twenty seventeen", "2017"),
        ("DATE", "March 3rd", "[DATE 1]"),
        ("DATE_YEAR", "2014", None),
        ("AGE", "34", None),
        ("AGE", "eighty-nine", None),
        ("AGE", "ninety", "90 or older"),
        ("AGE", "103", "90 or older"),
        ("AGE", "a good age", "[AGE 1]"),
        ("CONTACT", "79901", "[CONTACT 1]"),
        ("ID", "48213", "[ID 1]"),
    ],
)
def test_safe_harbor(label: str, surface: str, text: str | None) -> None:
    assert SAFE_HARBOR.text_for(mention(label, surface)) == text


def test_the_eighteen_kinds_are_all_there_and_answered() -> None:
    assert [k.paragraph for k in EIGHTEEN] == [f"({c})" for c in "ABCDEFGHIJKLMNOPQR"]
    assert {label for k in EIGHTEEN for label in k.labels} == set(Label)
    assert all(rule.answers.startswith("45 CFR 164.514(b)(2)(i)") for rule in SAFE_HARBOR.rules.values())


@pytest.mark.parametrize(
    ("label", "surface", "text"),
    [
        ("PERSON", "Ann", "***"),
        ("INSTITUTION", "Lake Sauk University Hospitals", "[a teaching hospital]"),
        ("INSTITUTION", "Lake University", "[a university]"),
        ("INSTITUTION", "Harkness", "[an institution]"),
        ("DATE", "March 3rd, 2018", "[early 2018]"),
        ("DATE", "August of 2018", "[mid 2018]"),
        ("DATE", "Christmas Eve 2017", "[2017]"),
        ("DATE", "March 3rd", "[DATE 1]"),
        ("DATE_YEAR", "'09", "[the 2000s]"),
        ("AGE", "34", "[30s]"),
        ("AGE", "ninety-one", "[90 or older]"),
        ("AGE", "nine days", "[a child's age]"),
        ("AGE", "sixteen", "[teens]"),
    ],
)
def test_public(label: str, surface: str, text: str) -> None:
    assert PUBLIC.text_for(mention(label, surface)) == text


def test_a_short_name_is_of_the_kind_of_the_full_one() -> None:
    assert (
        PUBLIC.text_for(mention("INSTITUTION", "Lake", "Lake Children's Hospital"))
        == "[a children's hospital]"
    )


def test_moved_dates_keep_intervals_and_weekdays() -> None:
    days = offset_days("seed", "t")
    assert days % 7 == 0
    assert 28 <= abs(days) <= 364
    assert days == offset_days("seed", "t")
    assert len({offset_days("seed", f"t{i}") for i in range(30)}) > 15
    one = TEAM.text_for(mention("DATE", "March 3, 2017"))
    two = TEAM.text_for(mention("DATE", "03/17/2017"))
    assert one is not None
    assert two is not None
    there, then = read_date(one), read_date(two)
    assert there.moved(14) == read_date(str(there.moved(14)))
    moved = there.moved(14)
    assert moved is not None
    assert (moved.year, moved.month, moved.day) == (then.year, then.month, then.day)
    assert one != "March 3, 2017"
    assert TEAM.text_for(mention("DATE", "Easter")) == "[DATE 1]"


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [
        ("March 3rd", None, 3, 3),
        ("03/14/2017", 2017, 3, 14),
        ("14/03/2017", 2017, 3, 14),
        ("2017-03-14", 2017, 3, 14),
        ("9/17", None, 9, 17),
        ("August of 2018", 2018, 8, None),
        ("the third of March, twenty fourteen", 2014, 3, 3),
        ("twenty-first of June 2019", 2019, 6, 21),
        ("march the fifth", None, 3, 5),
        ("Sept '09", 2009, 9, None),
        ("the summer of 2016", 2016, None, None),
        ("Easter", None, None, None),
        ("45/99", None, None, None),
    ],
)
def test_dates_are_read(text: str, year: int | None, month: int | None, day: int | None) -> None:
    when = read_date(text)
    assert (when.year, when.month, when.day) == (year, month, day)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2014", 2014),
        ("'09", 2009),
        ("'75", 1975),
        ("twenty fourteen", 2014),
        ("two thousand and nine", 2009),
        ("nineteen ninety-six", 1996),
        ("oh nine", 2009),
        ("a while ago", None),
    ],
)
def test_years_are_read(text: str, year: int | None) -> None:
    assert read_year(text) == year


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("34", 34),
        ("ninety-one", 91),
        ("nine days", 0),
        ("her forties", 40),
        ("a hundred and two", 102),
        ("old", None),
    ],
)
def test_ages_are_read(text: str, age: int | None) -> None:
    assert read_age(text) == age


@pytest.mark.parametrize("number", range(100))
def test_numbers_in_words_are_read_back(number: int) -> None:
    assert read_age(in_words(number)) == number


def test_only_small_numbers_are_said() -> None:
    with pytest.raises(ValueError, match="from 0 to 99"):
        in_words(100)


def test_profiles_by_name_and_with_other_operators() -> None:
    assert profile_named("team") is TEAM
    assert set(PROFILES) == {"strict", "safe_harbor", "team", "public"}
    with pytest.raises(
        SettingsError, match='unknown profile "loose"; profiles: strict, safe_harbor, team, public'
    ):
        profile_named("loose")
    mine = STRICT.with_rules({"PERSON": "mask", "AGE": "keep"})
    assert mine.text_for(mention("PERSON", "Ann")) == "***"
    assert mine.keeps(mention("AGE", "34"))
    assert STRICT.text_for(mention("PERSON", "Ann")) == "[PERSON 1]"
    with pytest.raises(SettingsError, match='unknown label "NAME"; labels: PERSON, '):
        STRICT.with_rules({"NAME": "mask"})
    with pytest.raises(
        SettingsError, match='unknown operator "burn"; operators: pseudonym, mask, generalise,'
    ):
        STRICT.with_rules({"PERSON": "burn"})


def test_reprs_hold_no_words() -> None:
    assert "Ann" not in repr(mention("PERSON", "Ann", "Ann Bell", transcript="Ann.txt"))
