from __future__ import annotations

import re

import pytest

from svp_nlp.model import Finding, Label, Span, Status, Transcript, Turn
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.link import link
from svp_nlp.redaction.roster import Roster, parse_roster

KINDS = {
    "P": Label.PERSON,
    "I": Label.INSTITUTION,
    "L": Label.LOCATION,
    "D": Label.DATE,
    "C": Label.CONTACT,
    "A": Label.AGE,
    "N": Label.ID,
}


def marked(id: str, markup: str) -> tuple[Transcript, list[Finding]]:
    """Build a transcript of one turn from text with marks like ``{P:Ann Bell}``."""
    text, findings, at = "", [], 0
    for match in re.finditer(r"\{(\w):([^}]*)\}", markup):
        text += markup[at : match.start()]
        findings.append(Finding(Span(len(text), len(text) + len(match[2])), KINDS[match[1]]))
        text += match[2]
        at = match.end()
    text += markup[at:]
    return Transcript(id, text, (Turn(0, Span(0, len(text)), (Span(0, len(text)),)),)), findings


def linked(
    *markups: str, roster: str = "", ledger: Ledger | None = None
) -> tuple[Ledger, list[dict[str, str]]]:
    """Link transcripts t0, t1 ...; return the ledger and for each transcript surface -> entity."""
    cases = [marked(f"t{i}", m) for i, m in enumerate(markups)]
    grown, out = link(
        [t for t, _ in cases],
        [f for _, f in cases],
        roster=parse_roster("name,type,aliases\n" + roster) if roster else Roster(),
        ledger=ledger or Ledger(seed="seed"),
    )
    return grown, [{t[f.span]: f.entity for f in row} for (t, _), row in zip(cases, out, strict=True)]


SAME = [
    ("{P:Patricia Nguyen} {P:Patty}", "a short form of the first name"),
    ("{P:Patricia Nguyen} {P:Nguyen}", "the surname"),
    ("{P:Patricia Nguyen} {P:Patricia}", "the first name"),
    ("{P:Patricia Nguyen} {P:PN}", "initials"),
    ("{P:Patricia Nguyen} {P:NGUYEN}", "in capitals"),
    ("{P:Patricia Nguyen} {P:Pat Nguyen}", "short form and surname"),
    ("{P:Patricia Nguyen} {P:P. Nguyen}", "initial and surname"),
    ("{P:Patricia Nguyen} {P:N-G-U-Y-E-N}", "spelled out"),
    ("{P:Hanna Dvorzhak} {P:D-V-O}, then {P:R-Z-H}", "spelled in chunks"),
    ("{P:Dvorzhak} {P:R-Z-H}", "a chunk of a surname alone"),
    ("{P:Patricia Nguyen} {P:patricia nguyen}", "without capitals"),
    ("{P:Mary Abernathy-Cruz} {P:Cruz} {P:Abernathy}", "half a double name"),
    ("{P:Mary Abernathy} {P:Abernethy}", "misheard"),
    ("{P:Jan Kowalczyk} {P:Ko-VAHL-chick}", "said syllable by syllable"),
    ("{P:Renée Maddox} {P:Renee}", "without the accent"),
    ("{P:Tapani Heikkinen} {P:Tap}", "cut short"),
    ("{P:Mary Ann Tate} {P:Mary Tate}", "without the middle name"),
    ("{I:Tallgrass Regional Medical Center} {I:Tallgrass}", "an institution's own name"),
    ("{I:Tallgrass Regional Medical Center} {I:TRMC}", "an acronym"),
    ("{I:University of Veyton} {I:UV}", "an acronym that skips the small words"),
    ("{I:Franklin Mesa Medical Center} the {I:Mesa}", "a part"),
    ("{I:Veyton General Hospital} the {I:General}", "a general word, where only one has it"),
    ("{I:St. Odile Hospital} {I:Saint Odile}", "saint"),
    ("{C:915-555-0172} {C:nine one five, five five five, oh one seven two}", "a number said"),
    ("{D:March 3rd} {D:march 3rd}", "a date"),
    ("{L:El Paso} {L:El  Paso}", "a place"),
]


@pytest.mark.parametrize("markup", [m for m, _ in SAME], ids=[why for _, why in SAME])
def test_one_entity(markup: str) -> None:
    _, [found] = linked(markup)
    assert len(set(found.values())) == 1


APART = [
    ("{P:Mary Tate} {P:Mary Bell} {P:Mary}", "Mary", "a first name that two have"),
    ("{P:Mary Tate} {P:John Tate} {P:Tate}", "Tate", "a surname that two have"),
    ("{P:Mary Tate} {P:Mike Tenney} {P:MT}", "MT", "initials that two have"),
    ("{P:Mary Tate} {P:Marissa}", "Marissa", "a name that only looks alike"),
    ("{P:Chase Lindgren} {P:Lindqvist}", "Lindqvist", "half a surname"),
    ("{P:Hanna Dvorzhak} {P:Q-U-I}", "Q-U-I", "letters of another name"),
    ("{I:University of Montana} {I:Montana State University}", "University of Montana", "another university"),
    ("{I:Mercy Hospital} {I:Mercy House}", "Mercy House", "another kind of place"),
    ("{I:Veyton General Hospital} {I:Lake General Hospital} {I:General}", "General", "two have it"),
    ("{A:34} {N:34}", "34", "another kind of number"),
]


@pytest.mark.parametrize(("markup", "odd"), [a[:2] for a in APART], ids=[a[2] for a in APART])
def test_never_two_under_one_name(markup: str, odd: str) -> None:
    _, [found] = linked(markup)
    assert [e for s, e in found.items() if e == found[odd]] == [found[odd]]


def test_across_files_only_the_full_name_speaks() -> None:
    _, [a, b, c] = linked("{P:Ann Bell} {P:Ann}", "{P:Ann Bell} {P:Ann}", "{P:Ann} {P:Bell}")
    assert set(a.values()) == set(b.values()) == {"PERSON 1"}
    assert "PERSON 1" not in c.values()


def test_an_acronym_is_one_thing_in_all_files() -> None:
    _, (one, other) = linked("We have {I:RISE} here.", "Then {I:RISE} came.")
    assert one["RISE"] == other["RISE"]
    _, (one, other) = linked("We have the {I:rise} here.", "Then the {I:rise} came.")
    assert one["rise"] != other["rise"]


def test_unless_the_roster_says_who_it_is() -> None:
    _, [a, b] = linked("{P:Ann Bell}", "{P:Ann} {P:Nan}", roster="Ann Bell,PERSON,Nan\n")
    assert set(a.values()) == set(b.values()) == {"PERSON 1"}


def test_the_roster_alone_makes_no_entities() -> None:
    ledger, _ = linked("{P:Ann Bell}", roster="Ann Bell,PERSON,\nBob Tate,PERSON,\n")
    assert [e.id for e in ledger] == ["PERSON 1"]


def test_ages_and_short_numbers_belong_to_their_transcript() -> None:
    _, [a, b] = linked("{A:34} {N:room 12}", "{A:34} {N:room 12}")
    assert set(a.values()).isdisjoint(b.values())


def test_running_again_changes_nothing() -> None:
    markups = ("{P:Ann Bell} at {I:Veyton Hospital} {I:Veyton Hospital}, {P:Ann}", "{P:Bob} {I:Lake Clinic}")
    ledger, first = linked(*markups)
    again, second = linked(*markups, ledger=ledger)
    assert (again, second) == (ledger, first)


def test_a_piece_found_later_joins_its_mention() -> None:
    text = "met Ann\nBell there"
    turn = Turn(0, Span(0, len(text)), (Span(0, 7), Span(8, len(text))))
    transcript = Transcript("t", text, (turn,))
    first, second = Finding(Span(4, 7), Label.PERSON), Finding(Span(8, 12), Label.PERSON)
    ledger, (row,) = link([transcript], [[first]], roster=Roster(), ledger=Ledger(seed="x"))
    grown, (row,) = link([transcript], [[*row, second]], roster=Roster(), ledger=ledger)
    assert [f.entity for f in row] == ["PERSON 1", "PERSON 1"]
    assert grown["PERSON 1"].surfaces == ("Ann Bell",)


def test_a_file_added_later_keeps_what_was_given() -> None:
    ledger, [a] = linked("{P:Ann Bell} {I:Veyton Hospital} {I:Veyton Hospital}")
    cases = [
        marked("later", "{P:Bob Tate} {P:Ann Bell} {I:Veyton Hospital} {I:Veyton Hospital} {I:Lake Clinic}")
    ]
    grown, [row] = link([t for t, _ in cases], [f for _, f in cases], roster=Roster(), ledger=ledger)
    assert [f.entity for f in row][1:4] == [a["Ann Bell"], a["Veyton Hospital"], a["Veyton Hospital"]]
    assert row[0].entity == "PERSON 2"
    letter = ledger.letter_of("t0")
    assert (grown.letter_of("t0"), grown.letter_of("later")) == (letter, f"{letter}2")
    assert grown[a["Ann Bell"]].variants == {"Ann Bell": {"t0": 1, "later": 1}}


def test_a_changed_file_is_counted_anew() -> None:
    ledger, _ = linked("{P:Ann Bell} {P:Ann} {P:Ann}", "{P:Ann Bell}")
    transcript, findings = marked("t0", "{P:Ann Bell}")
    grown, _ = link([transcript], [findings], roster=Roster(), ledger=ledger)
    assert grown["PERSON 1"].variants == {"Ann Bell": {"t0": 1, "t1": 1}, "Ann": {"t0": 0}}
    assert grown["PERSON 1"].surfaces == ("Ann Bell",)


def test_what_a_later_round_finds_again_keeps_its_entity() -> None:
    ledger, (names,) = linked("{P:Ann Bell} saw {P:Otto}")
    transcript, first = marked("t0", "{P:Ann Bell} saw Otto")
    ledger, _ = link([transcript], [first], roster=Roster(), ledger=ledger)  # Otto was not seen at once
    transcript, second = marked("t0", "{P:Ann Bell} saw {P:Otto}")
    grown, (row,) = link([transcript], [second], roster=Roster(), ledger=ledger)
    assert [x.entity for x in row] == [names["Ann Bell"], names["Otto"]]
    assert len(grown) == 2


def test_a_roster_name_of_one_common_word_is_what_an_earlier_run_entered() -> None:
    roster = "Duluth,LOCATION,\nMary,PERSON,\nCanary,INSTITUTION,\n"
    ledger, (names,) = linked("{P:Mary} at {I:Canary} in {L:Duluth}", roster=roster)
    grown, (_, later) = linked(
        "{P:Mary} at {I:Canary} in {L:Duluth}",
        "{P:Mary} at {I:Canary} in {L:Duluth}",
        roster=roster,
        ledger=ledger,
    )
    assert later == names
    assert len(grown) == 3


def test_letters_of_transcripts_and_their_homes() -> None:
    ledger, [a, b, c] = linked(
        "{I:Veyton Hospital} {I:Veyton Hospital} {I:Lake University}",
        "{I:Veyton Hospital} {I:Veyton Hospital} {I:Lake Clinic}",
        "{I:Lake Clinic} {I:Oak Hospital}",
    )
    home = a["Veyton Hospital"].rpartition(" ")[2]
    assert [ledger.letter_of("t0"), ledger.letter_of("t1")] == [home, f"{home}2"]
    others = {e.rpartition(" ")[2] for row in (a, b, c) for e in row.values()}
    assert ledger.letter_of("t2") not in others


def test_the_roster_names_the_home() -> None:
    ledger, [a] = linked(
        "{I:Veyton Hospital} {I:Lake Clinic} {I:Lake Clinic}", roster="Veyton Hospital,INSTITUTION,\n"
    )
    assert ledger.letter_of("t0") == a["Veyton Hospital"].rpartition(" ")[2]


def test_overlaps_are_settled_and_kept_ones_leave_no_trace() -> None:
    transcript = Transcript("t", "Ann Bell Clinic, Foley")
    findings = [
        Finding(Span(0, 8), Label.PERSON),
        Finding(Span(4, 15), Label.INSTITUTION),
        Finding(Span(17, 22), Label.PERSON, status=Status.KEPT),
    ]
    ledger, [row] = link([transcript], [findings], roster=Roster(), ledger=Ledger(seed="x"))
    assert [(f.span, f.label) for f in row] == [
        (Span(0, 3), Label.PERSON),
        (Span(4, 15), Label.INSTITUTION),
        (Span(17, 22), Label.PERSON),
    ]
    assert row[2].entity == ""
    assert all("Foley" not in e.variants for e in ledger)


def test_the_development_set(shared: object) -> None:
    """On the marked identifiers: no two people or places under one pseudonym, few under two."""
    from pathlib import Path

    from svp_nlp.evaluation.gold import load_gold

    gold = load_gold(Path(str(shared)) / "devset")
    _, rows = link(
        [g.transcript for g in gold],
        [[Finding(m.span, m.label) for m in g.mentions] for g in gold],
        roster=Roster(),
        ledger=Ledger(seed="x"),
    )
    mixed, split, entities = 0, 0, 0
    for g, row in zip(gold, rows, strict=True):
        pairs = {
            (m.entity, f.entity) for m in g.mentions for f in row if f.span == m.span and m.entity[0] in "pi"
        }
        entities += len({a for a, _ in pairs})
        mixed += len(pairs) - len({b for _, b in pairs})
        split += len({a for a, _ in pairs if len({y for x, y in pairs if x == a}) > 1})
    assert mixed == 0
    assert split <= 0.1 * entities


def test_nothing_half_made_shows_names() -> None:
    from svp_nlp.redaction.link import _Book
    from svp_nlp.redaction.names import Name
    from svp_nlp.redaction.spoken import read_date

    book = _Book.opened(Ledger(seed="x"), parse_roster("name,type\nAnn Bell,PERSON\n"))
    name = Name("Ann Bell", Label.PERSON)
    assert name.tokens == ("ann", "bell")
    shown = repr(book) + repr(book.clusters) + repr(name) + repr(read_date("March 3, 2017"))
    assert not any(secret in shown for secret in ("Ann", "ann", "Bell", "bell", "2017"))
