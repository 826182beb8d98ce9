"""What the suggestions of a theme rest on, and which themes are said to be little known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from svp_nlp.coding.grounds import ENOUGH_TEXTS, LEAST_USUAL, grounds, remark
from svp_nlp.coding.suggest import ThemeSuggester
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.model import Codebook, Domain, Exemplar, Grounds, Theme
from svp_nlp.study.coding import Proposals


def theme(name: str, cues: int, exemplars: int) -> Theme:
    said = tuple(f"cue {n} of {name}" for n in range(cues))
    quoted = tuple(Exemplar(f"quote {n} of {name}") for n in range(exemplars))
    return Theme(f"need.{name}", name.capitalize(), "need", f"What {name} means.", said, exemplars=quoted)


def book(*themes: Theme) -> Codebook:
    return Codebook("Canteen", "1", (Domain("need", "Need"),), themes)


CANTEEN = book(theme("price", 6, 2), theme("noise", 2, 1), theme("queue", 5, 2))


def known(codebook: Codebook, confirmed: Mapping[str, int] | None = None) -> dict[str, Grounds]:
    return {g.theme: g for g in grounds(codebook, confirmed or {})}


def test_cues_exemplars_and_confirmed_passages_are_counted_in_the_codebooks_order() -> None:
    found = grounds(CANTEEN, {"need.noise": 1})
    assert [(g.theme, g.cues, g.exemplars, g.confirmed, g.texts) for g in found] == [
        ("need.price", 6, 2, 0, 8),
        ("need.noise", 2, 1, 1, 4),
        ("need.queue", 5, 2, 0, 7),
    ]
    assert [g.few for g in found] == [False, True, False]


@pytest.mark.parametrize("confirmed", [0, 3, 4, 9])
def test_confirmed_passages_make_up_for_cues_that_lack(confirmed: int) -> None:
    assert known(CANTEEN, {"need.noise": confirmed})["need.noise"].few == (3 + confirmed < ENOUGH_TEXTS)


def test_a_theme_is_behind_with_less_than_half_of_what_is_usual() -> None:
    assert {
        id
        for id, g in known(CANTEEN, {"need.price": 5, "need.noise": 4, "need.queue": 1}).items()
        if g.behind
    } == {"need.queue"}
    assert not any(g.behind for g in grounds(CANTEEN, {"need.price": 5, "need.noise": 4, "need.queue": 2}))


def test_nothing_is_behind_while_little_is_confirmed_of_any_theme() -> None:
    assert LEAST_USUAL == 2
    assert not any(g.behind for g in grounds(CANTEEN, {"need.price": 1, "need.noise": 1}))
    assert not any(g.behind for g in grounds(CANTEEN, {"need.price": 40}))  # the median theme has none


def test_a_theme_is_weak_for_either_reason() -> None:
    found = known(CANTEEN, {"need.price": 5, "need.noise": 3, "need.queue": 1})
    assert [(g.few, g.behind, g.weak) for g in found.values()] == [
        (False, False, False),
        (True, False, True),
        (False, True, True),
    ]


def test_a_codebook_without_themes_has_no_grounds() -> None:
    assert grounds(book(), {}) == ()
    assert remark(()) == ""


_MISSED = "What belongs there is missed more often; svp-nlp find DIR THEME lists likely passages."


def test_one_sentence_names_the_themes_with_few_texts() -> None:
    assert remark(grounds(CANTEEN, {})) == (
        "1 of 3 themes has fewer than 7 inclusion cues, exemplars and confirmed passages together: "
        f"need.noise (3). {_MISSED}"
    )


def test_a_theme_that_is_behind_is_said_with_its_confirmed_passages() -> None:
    said = remark(grounds(CANTEEN, {"need.price": 5, "need.noise": 4, "need.queue": 1}))
    fewer = "less than half as many confirmed passages as the usual theme"
    assert said == f"1 of 3 themes has {fewer}: need.queue (1). {_MISSED}"


def test_nothing_is_said_where_enough_is_known() -> None:
    assert remark(grounds(book(theme("price", 7, 0), theme("noise", 0, 7)), {})) == ""


def test_all_themes_are_not_named_one_by_one() -> None:
    bare = book(*(theme(f"t{n}", 0, 1) for n in range(4)))
    assert remark(grounds(bare, {})).startswith("All 4 themes have fewer than 7 ")
    assert remark(grounds(book(theme("t", 1, 1)), {})).startswith("The only theme has fewer than 7 ")


def test_of_many_themes_the_first_are_named_and_the_rest_counted() -> None:
    many = book(*(theme(f"t{n}", 0, 1) for n in range(12)), theme("known", 6, 6))
    said = remark(grounds(many, {}))
    assert said.startswith("12 of 13 themes have fewer than 7 ")
    assert "need.t7 (1) and 4 more. " in said
    assert "need.t8" not in said


def test_a_suggester_counts_what_it_learned_and_forgets_it_with_the_next_fit(
    embedder: SentenceEmbedder,
) -> None:
    suggester = ThemeSuggester(CANTEEN, embedder)
    assert [g.confirmed for g in suggester.grounds] == [0, 0, 0]
    suggester.fit(
        ["Too dear.", "So loud and so dear.", "Hm."], [["need.price"], ["need.noise", "need.price"], []]
    )
    assert [g.confirmed for g in suggester.grounds] == [2, 1, 0]
    suggester.fit([], [])
    assert [g.confirmed for g in suggester.grounds] == [0, 0, 0]


def test_proposals_say_what_is_known_of_each_theme() -> None:
    made = Proposals(CANTEEN, {}, (), (), 4, grounds=grounds(CANTEEN, {"need.price": 4}))
    assert repr(made) == "Proposals(0 passages, 4 final codings learned from, 1 of 3 themes little known)"
    lines = made.table().splitlines()
    assert lines[1:-1] == [
        "        cues  exemplars  confirmed          theme",
        "     0     6          2          4          need.price",
        "     0     2          1          0  little  need.noise",
        "     0     5          2          0          need.queue",
        "     0                                      none",
    ]
    assert lines[-1] == made.remark
    assert made.remark.startswith("1 of 3 themes has fewer than 7 ")
    assert "<td>need.noise</td><td>0</td><td>2</td><td>1</td><td>0</td><td>little</td>" in made._repr_html_()
    assert made.summary()["grounds"][1] == {  # type: ignore[index]
        "theme": "need.noise", "cues": 2, "exemplars": 1, "confirmed": 0, "few": True, "behind": False,
    }  # fmt: skip


def test_proposals_without_grounds_say_nothing_of_them() -> None:
    made = Proposals(CANTEEN, {}, (), ())
    assert repr(made) == "Proposals(0 passages, 0 final codings learned from)"
    assert made.remark == ""
    assert "cues" not in made.table() + made._repr_html_()
