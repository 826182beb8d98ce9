from __future__ import annotations

import pytest

from svp_nlp.errors import StudyError
from svp_nlp.model import Label
from svp_nlp.redaction.ledger import Entity, Ledger


def person(number: int, **variants: dict[str, int]) -> Entity:
    id = f"PERSON {number}"
    return Entity(id, Label.PERSON, f"[{id}]", variants)


def test_counts_and_live_surfaces() -> None:
    entity = person(1, Ann={"t1": 2, "t2": 1}, Annabel={"t2": 3}, Nan={"t1": 0})
    assert entity.surfaces == ("Annabel", "Ann")
    assert entity.count == 6
    assert entity.count_in("t2") == 4
    assert entity.transcripts == {"t1", "t2"}


def test_json_there_and_back() -> None:
    ledger = Ledger((person(1, Ann={"t1": 2}),), {"t1": "B"}, "seed")
    assert Ledger.from_json(ledger.to_json()) == ledger


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', '{"version": 1, "seed": "x", "transcripts": {}, "entities": [1]}'],
)
def test_a_damaged_ledger(text: str) -> None:
    with pytest.raises(StudyError, match="the ledger is damaged"):
        Ledger.from_json(text)


def test_a_ledger_of_another_version() -> None:
    with pytest.raises(StudyError, match="the ledger has version 7, this program reads 1"):
        Ledger.from_json('{"version": 7}')


def test_growing_changes_nothing_that_was_given() -> None:
    ledger = Ledger((person(1),), {"t1": "B"}, "seed")
    grown = ledger.grown([person(2)], {"t2": "C"})
    assert [e.id for e in grown] == ["PERSON 1", "PERSON 2"]
    assert ledger.letter_of("t1") == grown.letter_of("t1") == "B"
    assert grown.number_after(Label.PERSON) == 3
    assert len(ledger) == 1
    with pytest.raises(StudyError, match="transcript B cannot become D: letters are for good"):
        grown.grown((), {"t1": "D"})
    with pytest.raises(StudyError, match="would share one pseudonym"):
        grown.grown([Entity("PERSON 3", Label.PERSON, "[PERSON 1]")])
    with pytest.raises(StudyError, match="would share one pseudonym"):
        grown.grown((), {"t3": "B"})


def test_letters_are_random_stable_and_never_two_things() -> None:
    ledger = Ledger((Entity("INSTITUTION Q", Label.INSTITUTION, "[INSTITUTION Q]"),), {"t1": "B2"}, "seed")
    free = list(ledger.free_letters())
    assert free == list(ledger.free_letters())
    assert {"Q", "B", "I", "O"}.isdisjoint(free)
    assert len(free) == len(set(free)) > 10_000
    assert [len(x) for x in free[:23]] == [1] * 22 + [2]
    assert free[:22] != sorted(free[:22])
    assert free != list(Ledger(ledger.entities, ledger.transcripts, "other").free_letters())


def test_unknown_things() -> None:
    with pytest.raises(StudyError, match="the ledger has no entity PERSON 9"):
        Ledger()["PERSON 9"]
    with pytest.raises(StudyError, match="does not know this transcript"):
        Ledger().letter_of("t1")


def test_no_repr_shows_a_name_a_file_or_the_seed() -> None:
    shown = repr(Ledger((person(1, Annabel={"file": 2}),), {"file": "B"}, "sesame"))
    assert not any(secret in shown for secret in ("Annabel", "file", "sesame"))
    assert Ledger().seed != Ledger().seed
