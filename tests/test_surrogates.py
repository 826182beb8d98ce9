"""Stand-ins: invented, the same for an entity, and never a name of the study."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from svp_nlp.model import Label
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.profiles import STRICT, Mention
from svp_nlp.redaction.roster import Roster, RosterEntry
from svp_nlp.redaction.surrogates import surrogates, with_names

NAMED = STRICT.with_rules({"PERSON": "surrogate", "INSTITUTION": "surrogate", "LOCATION": "surrogate"})


def person(number: int, *names: str) -> Entity:
    id = f"PERSON {number}"
    return Entity(id, Label.PERSON, f"[{id}]", {name: {"s1": 1} for name in names})


def ledger(*entities: Entity, seed: str = "a" * 32) -> Ledger:
    return Ledger(entities, {}, seed)


def words(names: dict[str, str]) -> list[str]:
    return [word for name in names.values() for word in name.split()]


def test_they_are_distinct_and_follow_from_the_seed() -> None:
    book = ledger(*(person(n, f"Name{n} Surname{n}") for n in range(1, 40)))
    drawn = surrogates(book, NAMED, roster=Roster(), texts=[])
    assert len(set(words(drawn))) == 2 * 39
    assert drawn == surrogates(book, NAMED, roster=Roster(), texts=[])
    other = surrogates(ledger(*book.entities, seed="b" * 32), NAMED, roster=Roster(), texts=[])
    assert drawn != other


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_a_stand_in_that_is_a_name_of_the_study_is_drawn_again(seed: int) -> None:
    book = ledger(person(1, "Ann Lee"), person(2, "Bob Day"), seed=str(seed))
    drawn = surrogates(book, NAMED, roster=Roster(), texts=[])
    family = drawn["PERSON 1"].split()[1]
    for roster, texts in (
        (Roster((RosterEntry(f"Zed {family}", Label.PERSON),)), []),
        (Roster(), [f"as {family.upper()} said"]),
    ):
        again = surrogates(book, NAMED, roster=roster, texts=texts)
        assert family not in words(again)
        assert again["PERSON 2"] == drawn["PERSON 2"] or family in drawn["PERSON 2"]


def test_one_that_is_known_stays_until_a_name_collides() -> None:
    book = ledger(person(1, "Ann Lee"))
    known = {"PERSON 1": "Edda Quist"}
    assert surrogates(book, NAMED, roster=Roster(), texts=["Quist was said"], known=known) == known
    grown = ledger(*book.entities, person(2, "Tom Quist"))
    assert "Quist" not in words(surrogates(grown, NAMED, roster=Roster(), texts=[], known=known))


def test_only_what_the_profile_names_and_nobody_renamed() -> None:
    place = Entity("LOCATION 1", Label.LOCATION, "[LOCATION 1]", {"Duluth": {"s1": 1}})
    clinic = Entity("INSTITUTION B", Label.INSTITUTION, "[INSTITUTION B]", {"Hay Clinic": {"s1": 1}})
    chief = Entity("PERSON 9", Label.PERSON, "[CHIEF]", {"Al Ott": {"s1": 1}})
    book = ledger(place, clinic, chief, person(1, "Ann Lee"))
    drawn = surrogates(book, STRICT.with_rules({"INSTITUTION": "surrogate"}), roster=Roster(), texts=[])
    assert list(drawn) == ["INSTITUTION B"]
    assert drawn["INSTITUTION B"].endswith(" Clinic")
    told = with_names(book, [Label.INSTITUTION], drawn)
    assert [e.pseudonym for e in told][0::2] == ["[LOCATION 1]", "[CHIEF]"]
    assert set(surrogates(book, NAMED, roster=Roster(), texts=[])) == {
        "LOCATION 1",
        "INSTITUTION B",
        "PERSON 1",
    }


def test_as_much_of_a_name_as_was_said() -> None:
    def said(surface: str) -> str | None:
        surfaces = ("Ann Marie Lee", "Ann", "Lee", "Annie")
        mention = Mention(surface, Label.PERSON, "PERSON 1", "Edda Quist", surfaces=surfaces)
        return NAMED.text_for(mention)

    assert [said(x) for x in ("Ann Marie Lee", "ann", "LEE", "Annie")] == [
        "Edda Quist",
        "Edda",
        "Quist",
        "Edda",
    ]
