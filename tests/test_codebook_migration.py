"""A codebook edited after coding began: renamed, merged, split, dropped and new themes, and the way back."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from record_help import STUDY, decided
from review_help import BOOK as REVIEW_BOOK
from review_help import coding_desk
from svp_nlp.cli import main
from svp_nlp.coding.codebook import codebook_text, founding_codebook, save_codebook
from svp_nlp.coding.codebook_diff import codebook_diff
from svp_nlp.coding.theme_map import ThemeMap, read_theme_map, theme_map, told_move
from svp_nlp.errors import CodebookError, ReviewError, StudyError
from svp_nlp.model import Codebook, Domain, Span, Theme
from svp_nlp.reading import read
from svp_nlp.review.adjudication import coded_units, discrepancies, final_codings
from svp_nlp.review.checks import Imported
from svp_nlp.review.decisions import Action, Decision, as_decision
from svp_nlp.review.drift import acceptance, check_items, drift
from svp_nlp.review.fold import fold
from svp_nlp.review.migration import TARGET, Landing, Migrations, as_of, foreign_migrations
from svp_nlp.review.store import DecisionLog
from svp_nlp.study import Study
from svp_nlp.study.coding import Proposals, all_passages, save_transcripts, usable
from svp_nlp.study.precoding import decisions_by_version, remarks
from svp_nlp.study.reviewing import coding_log, export_sheet, import_decisions, migration_notes, study_id
from svp_nlp.study.verifying import places_in


def book(version: str, *ids: str, **definitions: str) -> Codebook:
    themes = [
        Theme(
            id, id.partition(".")[2].capitalize(), id.partition(".")[0], definitions.get(id[3:], f"On {id}.")
        )
        for id in ids
    ]
    domains = dict.fromkeys(theme.domain for theme in themes)
    return Codebook("Canteen", version, tuple(Domain(d, d.capitalize()) for d in domains), tuple(themes))


OLD = book("1", "in.price", "in.wait", "in.queue", "in.noise", "in.plants")
NEW = book("2", "in.cost", "in.wait", "in.shouting", "in.machines", "in.light")
MAP = theme_map(
    rename={"in.price": "in.cost"},
    merge={"in.wait": ["in.wait", "in.queue"]},
    split={"in.noise": ["in.shouting", "in.machines"]},
    drop=["in.plants"],
)


# what changed


def test_a_diff_says_what_is_gone_new_and_edited_and_guesses_nothing() -> None:
    found = codebook_diff(
        OLD, book("2", "in.cost", "in.wait", "in.queue", "in.noise", "in.plants", wait="Long.")
    )
    assert found.table() == (
        "codebook 1 -> 2\ngone     in.price  (Price)\nnew      in.cost  (Cost)\n"
        "edited   in.wait  (definition)"
    )
    assert found
    assert not codebook_diff(OLD, replace(OLD, version="2"))
    assert codebook_diff(OLD, replace(OLD, version="2")).table() == "codebook 1 -> 2\nno difference"
    moved = replace(OLD.themes[0], id="out.price", domain="out")
    other = replace(OLD, domains=(*OLD.domains, Domain("out", "Out")), themes=(moved, *OLD.themes[1:]))
    assert codebook_diff(OLD, other).as_dict() == {
        "old": "1",
        "new": "1",
        "gone": ["in.price"],
        "added": ["out.price"],
        "edited": {},
        "domains_gone": [],
        "domains_added": ["out"],
    }


# what people say became of themes


def test_a_map_from_yaml_csv_and_options_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        "rename: {in.price: in.cost}\nmerge: {in.wait: [in.wait, in.queue]}\n"
        "split: {in.noise: [in.shouting, in.machines]}\ndrop: [in.plants]\n",
        "utf-8",
    )
    (tmp_path / "map.csv").write_text(
        "old,new\nin.price,in.cost\nin.wait,in.wait\nin.queue,in.wait\nin.noise,in.shouting\n"
        "in.noise,in.machines\nin.plants,\n",
        "utf-8",
    )
    told = [
        told_move("rename", "in.price=in.cost"),
        told_move("merge", "in.wait, in.queue = in.wait"),
        told_move("split", "in.noise=in.shouting,in.machines"),
        told_move("drop", "in.plants"),
    ]
    assert read_theme_map(tmp_path / "map.yaml") == MAP
    assert set(read_theme_map(tmp_path / "map.csv").moves) == set(MAP.moves) == set(told)


@pytest.mark.parametrize(
    ("what", "told", "message"),
    [
        ("rename", "a", '"a" is no rename; expected OLD=NEW'),
        ("rename", "a=b,c", '"a=b,c" is no rename; expected OLD=NEW'),
        ("rename", "a=a", '"a=a" is no rename; expected OLD=NEW'),
        ("merge", "a=b", '"a=b" is no merge; expected OLD,OLD=NEW'),
        ("merge", "a,a=b", '"a,a=b" is no merge; expected OLD,OLD=NEW'),
        ("split", "a=b", '"a=b" is no split; expected OLD=NEW,NEW'),
        ("split", "a=b,", '"a=b," is no split; expected OLD=NEW,NEW'),
        ("drop", "a=b", '"a=b" is no drop; expected OLD'),
        ("drop", "", '"" is no drop; expected OLD'),
    ],
)
def test_a_move_of_the_wrong_form_is_one_sentence(what: Any, told: str, message: str) -> None:
    with pytest.raises(CodebookError) as caught:
        told_move(what, told)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "m.yaml",
            "a: b",
            "m.yaml: a map of themes has the keys rename, merge, split and drop, and no other",
        ),
        ("m.yaml", "rename: [a]", "m.yaml: rename has lines of the form old: new"),
        ("m.yaml", "merge: {c: a}", "m.yaml: merge has lines of the form new: [old, old]"),
        ("m.yaml", "drop: a", "m.yaml: drop is a list of theme ids"),
        ("m.yaml", "rename: {a: b\n  c", "m.yaml, line 2: not YAML"),
        ("m.csv", "from,to\na,b\n", "m.csv: a map of themes in CSV has the columns old and new"),
        ("m.csv", "old,new\n,b\n", "m.csv, line 2: a line without an old theme; new ones need no line"),
        ("m.csv", "old,new\na,b\na,\n", '"a=b," is no split; expected OLD=NEW,NEW'),
    ],
)
def test_a_map_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(CodebookError) as caught:
        read_theme_map(tmp_path / name)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("new", "said", "message"),
    [
        (
            ["in.cost", "in.wait"],
            {"rename": {"in.price": "in.cost"}},
            'codebook 2 has no "in.queue", "in.noise" and "in.plants" any more, and nothing says what became '
            "of them",
        ),
        (["in.wait"], {"rename": {"in.prize": "in.wait"}}, 'codebook 1 has no theme "in.prize" to rename'),
        (
            ["in.wait"],
            {"rename": {"in.price": "in"}},
            '"in" is a domain in codebook 2 (rename in.price -> in)',
        ),
        (
            ["in.wait"],
            {"split": {"in.price": ["in.wait", "in.cost"]}},
            'there is no theme "in.cost" in codebook 2 (split in.price -> in.wait or in.cost)',
        ),
        (
            ["in.price", "in.wait", "in.queue", "in.noise", "in.plants"],
            {"rename": {"in.price": "in.wait", "in.wait": "in.price"}},
            "themes trade names: in.price -> in.wait -> in.price",
        ),
        (
            ["in.wait", "in.queue", "in.noise", "in.plants"],
            {"rename": {"in.price": "in.wait"}},
            '"in.wait" and "in.price" all become "in.wait", and nothing says that they were merged',
        ),
        (
            ["in.wait", "in.queue", "in.noise", "in.plants"],
            {"drop": ["in.price", "in.wait"]},
            'theme "in.wait" is to drop, but codebook 2 has it still',
        ),
    ],
)
def test_a_map_that_does_not_fit_is_one_sentence(
    new: Sequence[str], said: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(CodebookError) as caught:
        theme_map(**said).check([t.id for t in OLD.themes], book("2", *new), "1")
    assert caught.value.message == message


def test_two_things_said_of_one_theme_are_refused() -> None:
    with pytest.raises(CodebookError) as caught:
        theme_map(rename={"a": "b"}, drop=["a"])
    assert str(caught.value) == 'two things are said of theme "a": rename and drop\n\nhint: say one of them'


def test_names_may_move_along_a_row() -> None:
    """A theme may take the name another gives up, as long as they do not trade."""
    along = theme_map(rename={"a.x": "a.y", "a.y": "a.z"})
    along.check(["a.x", "a.y"], book("2", "a.y", "a.z"), "1")
    found = Migrations.of([migrated("1", "2", along)])
    assert found.land("a.x", "1") == Landing(("a.y",))
    assert found.land("a.y", "1") == Landing(("a.z",))
    assert found.land("a.y", "2") == Landing(("a.y",))


# the record, and what it comes to


def migrated(
    old: str | Sequence[str], new: str, themes: ThemeMap = MAP, *, at: int = 1000, **more: Any
) -> Decision:
    value = {
        "from": [old] if isinstance(old, str) else list(old),
        "to": new,
        "map": {id: list(targets) for id, targets in themes.targets.items()},
        "was": {theme.id: theme.label for theme in OLD.themes},
        "before": codebook_text(OLD),
        "after": codebook_text(NEW),
    }
    facts: dict[str, Any] = {"kind": "codebook", "target": TARGET, "codebook_version": new} | more
    return decided(Action.MIGRATE, value, at=at, **facts)


def coded(*themes: str, version: str = "1", **more: Any) -> Decision:
    return decided(Action.CODE, {"themes": list(themes)}, codebook_version=version, **more)


def act(action: Action, *, version: str = "1", **more: Any) -> Decision:
    return decided(action, more.pop("value", {}), codebook_version=version, **more)


def blind(*themes: str, at: int = 0, version: str = "1", **more: Any) -> list[Decision]:
    return [
        coded(*themes, at=at, version=version, **more),
        act(Action.COMMIT, at=at + 1, version=version, **more),
    ]


def coding_of(decisions: Sequence[Decision], coder: str = "AB", target: str = "B:1") -> Any:
    return fold(decisions).codings[coder, target]


def test_renamed_and_merged_themes_carry_over_and_dropped_ones_go() -> None:
    made = blind("in.price", "in.wait", "in.queue", "in.plants")
    before, after = coding_of(made), coding_of([*made, migrated("1", "2")])
    assert before.themes == {"in.price", "in.wait", "in.queue", "in.plants"}
    assert after.themes == after.blind == {"in.cost", "in.wait"}
    assert after.decided
    assert made[0].codebook_version == "1"


def test_a_theme_that_only_shares_its_name_is_not_touched_twice() -> None:
    """What was coded after the migration is in the new codebook already."""
    along = theme_map(rename={"a.x": "a.y", "a.y": "a.z"})
    made = [*blind("a.x"), migrated("1", "2", along), *blind("a.y", at=2000, version="2", target="B:2")]
    assert coding_of(made).themes == {"a.y"}
    assert coding_of(made, target="B:2").themes == {"a.y"}


def test_a_split_theme_waits_for_its_coder() -> None:
    made = [*blind("in.noise", "in.price"), migrated("1", "2")]
    waiting = coding_of(made)
    assert waiting.themes == {"in.cost"}
    assert waiting.split == {"in.noise": ("in.shouting", "in.machines")}
    assert (waiting.decided, waiting.final, waiting.blind, waiting.unblinded) == (False, None, None, True)
    assert final_codings(fold(made)) == {}

    again = [*made, *blind("in.cost", "in.machines", at=2000, version="2")]
    chosen = coding_of(again)
    assert (chosen.split, chosen.unblinded) == ({}, False)
    assert chosen.final == chosen.blind == {"in.cost", "in.machines"}


def test_other_decisions_do_not_choose_by_the_way() -> None:
    """More codes or a memo leave the question open; a commit answers it: none of the parts."""
    made = [*blind("in.noise"), migrated("1", "2")]
    made += [act(Action.MEMO, value={"text": "hm"}, at=2000, version="2")]
    made += [coded("in.light", at=2001, version="2")]
    assert coding_of(made).split
    assert coding_of(made).themes == {"in.light"}
    made += [act(Action.COMMIT, at=2002, version="2")]
    assert coding_of(made).split == {}
    assert coding_of(made).final == {"in.light"}
    assert coding_of([*made[:-1], act(Action.NONE, at=2002, version="2")]).split == {}


def test_a_suggested_part_that_is_accepted_is_the_choice() -> None:
    seen = act(Action.SEEN, value={"themes": ["in.noise", "in.price"]}, at=10, order_shown=("in.noise",))
    made = [*blind("in.noise"), seen, migrated("1", "2")]
    late: dict[str, Any] = {"version": "2", "saw_suggestion": True}
    reject = act(Action.REJECT, value={"theme": "in.machines"}, at=2000, **late)
    assert coding_of([*made, reject]).split
    accept = act(Action.ACCEPT, value={"theme": "in.shouting"}, at=2000, **late)
    chosen = coding_of([*made, accept])
    assert (chosen.split, chosen.final) == ({}, {"in.shouting"})
    assert chosen.blind is None, "it was chosen after suggestions were seen"
    assert chosen.unblinded
    undo = act(Action.UNDO, at=2001, parent=accept.id, **late)
    assert coding_of([*made, accept, undo]).split


def test_a_commit_that_chose_none_of_the_parts_can_be_undone() -> None:
    seen = act(Action.SEEN, at=10, value={"themes": ["in.price"]})
    made = [*blind("in.noise"), seen, migrated("1", "2")]
    commit = act(Action.COMMIT, at=2000, version="2", saw_suggestion=True)
    undo = act(Action.UNDO, at=2001, version="2", parent=commit.id, saw_suggestion=True)
    assert coding_of([*made, commit]).final == set()
    assert coding_of([*made, commit, undo]).split
    frozen = act(Action.UNDO, at=2001, version="2", parent=made[1].id, saw_suggestion=True)
    assert coding_of([*made[:2], seen, frozen]).blind == {"in.noise"}, "what was blind stays"


def test_accepting_one_and_rejecting_the_other_of_two_merged_themes_keeps_the_code() -> None:
    shown = ("in.wait", "in.queue")
    made = [*blind(), act(Action.SEEN, at=10, value={"themes": list(shown)}, order_shown=shown)]
    saw: dict[str, Any] = {"saw_suggestion": True}
    made += [act(Action.ACCEPT, value={"theme": "in.wait"}, at=11, rank=1, **saw)]
    made += [act(Action.REJECT, value={"theme": "in.queue"}, at=12, rank=2, **saw)]
    state = fold([*made, migrated("1", "2")])
    assert state.codings["AB", "B:1"].final == {"in.wait"}
    assert [(r.key, r.accepted, r.rejected) for r in acceptance(state, "rank")] == [("1", 1, 0), ("2", 0, 1)]
    assert [(r.key, r.accepted, r.rejected) for r in acceptance(state, "theme")] == [("in.wait", 1, 1)]
    reject = act(Action.REJECT, value={"theme": "in.wait"}, at=2000, version="2", **saw)
    assert coding_of([*made, migrated("1", "2"), reject]).final == set()


def test_a_planted_theme_merged_with_an_offered_one_stays_a_check() -> None:
    made = [
        *blind(),
        act(Action.SEEN, at=10, value={"themes": ["in.wait"]}, order_shown=("in.queue", "in.wait")),
    ]
    made += [act(Action.ACCEPT, value={"theme": "in.wait"}, at=11, rank=1, saw_suggestion=True)]
    made += [act(Action.ACCEPT, value={"theme": "in.queue"}, at=12, saw_suggestion=True)]
    for state in (fold(made), fold([*made, migrated("1", "2")])):
        assert [r.of for r in acceptance(state, "coder")] == [1]
        assert [r.accepted for r in check_items(state)] == [1]


def test_drift_follows_the_theme_and_leaves_out_what_cannot_be_compared() -> None:
    def state(first: str) -> Any:
        seen = act(Action.SEEN, at=10, value={"themes": [first]}, order_shown=(first,))
        accept = act(Action.ACCEPT, value={"theme": first}, at=11, rank=1, saw_suggestion=True)
        return fold([*blind(), seen, accept, migrated("1", "2")])

    moved = drift(state("in.price"), {"B:1": "B"})[0]
    assert (moved.passages, moved.before, moved.after) == (1, 0.0, 1.0)
    assert drift(state("in.plants"), {"B:1": "B"}) == ()


def test_the_words_of_merged_codes_are_joined_and_the_whole_passage_stays_whole() -> None:
    def pieces(**some: list[list[int]]) -> Any:
        names = {f"in.{name}": spans for name, spans in some.items()}
        value = {"themes": ["in.wait", "in.queue", "in.price"], "pieces": names}
        return coding_of([decided(Action.CODE, value, codebook_version="1"), migrated("1", "2")]).pieces

    assert pieces(wait=[[5, 9]], queue=[[0, 3], [8, 12]], price=[[4, 6]]) == {
        "in.wait": (Span(0, 3), Span(5, 12)),
        "in.cost": (Span(4, 6),),
    }
    assert pieces(wait=[[5, 9]]) == {}


def test_quotes_follow_and_one_of_a_split_theme_follows_the_choice() -> None:
    def quote(theme: str, start: int) -> Decision:
        return act(Action.QUOTE, value={"theme": theme, "pieces": [[start, start + 2]]}, at=10 + start)

    made = [*blind("in.noise"), quote("in.queue", 0), quote("in.noise", 3), quote("in.plants", 6)]
    made += [migrated("1", "2")]
    assert [q.theme for q in coding_of(made).quotes] == ["in.wait"]
    one = blind("in.machines", at=2000, version="2")
    assert [q.theme for q in coding_of([*made, *one]).quotes] == ["in.wait", "in.machines"]
    both = blind("in.machines", "in.shouting", at=2000, version="2")
    assert [q.theme for q in coding_of([*made, *both]).quotes] == ["in.wait"]


def test_an_adjudicated_split_theme_is_to_be_resolved_again() -> None:
    def resolve(*themes: str, at: int, version: str) -> Decision:
        value = {"themes": list(themes), "text": "loud", "certainty": 1}
        return act(Action.ADJUDICATE, value=value, at=at, version=version, coder="EF")

    made = [*blind("in.wait"), *blind("in.wait", coder="CD", at=20), resolve("in.noise", at=40, version="1")]
    state = fold([*made, migrated("1", "2")])
    assert state.adjudications == {}
    assert state.reopened["B:1"].split == {"in.noise": ("in.shouting", "in.machines")}
    assert final_codings(state) == {}, "that both coders agree does not undo what somebody resolved"
    assert [d.passage for d in discrepancies(state)] == ["B:1"]
    again = state.plus([resolve("in.shouting", at=2000, version="2")])
    assert final_codings(again)["B:1"].themes == {"in.shouting"}
    assert discrepancies(again) == ()


def test_agreement_counts_the_translated_codings() -> None:
    made = [*blind("in.wait"), *blind("in.queue", coder="CD", at=20)]
    made += [*blind("in.noise", target="B:2", at=40), *blind("in.noise", target="B:2", coder="CD", at=60)]
    units = coded_units(fold([*made, migrated("1", "2")]), {"B:1": "B", "B:2": "B"})
    assert [(u.id, dict(u.codes)) for u in units] == [
        ("B:1", {"AB": frozenset({"in.wait"}), "CD": frozenset({"in.wait"})})
    ]


def test_steps_follow_one_another() -> None:
    second = theme_map(rename={"in.shouting": "in.people"}, drop=["in.machines"])
    made = [*blind("in.noise", "in.price"), migrated("1", "2"), migrated("2", "3", second, at=1001)]
    assert coding_of(made).split == {"in.noise": ("in.people",)}, (
        "one part is left, and still somebody's choice"
    )
    assert coding_of(made).themes == {"in.cost"}
    done = coding_of([*made, *blind("in.people", at=2000, version="3")])
    assert (done.split, done.final) == ({}, {"in.people"})


def test_a_codebook_edited_once_more_without_a_migration_decides_as_well() -> None:
    """Version 2b has the themes of 2; nobody recorded how it came about."""
    saw: dict[str, Any] = {"version": "2b", "saw_suggestion": True}
    made = [*blind("in.noise", "in.queue"), act(Action.SEEN, at=10, value={"themes": []}), migrated("1", "2")]
    assert coding_of([*made, act(Action.COMMIT, at=2000, **saw)]).final == {"in.wait"}
    accept = act(Action.ACCEPT, value={"theme": "in.machines"}, at=2000, **saw)
    assert coding_of([*made, accept]).final == {"in.wait", "in.machines"}
    reject = act(Action.REJECT, value={"theme": "in.wait"}, at=2001, **saw)
    assert coding_of([*made, accept, reject]).final == {"in.machines"}


def test_what_comes_late_from_a_coder_with_the_old_codebook_is_translated() -> None:
    made = [*blind("in.cost", version="2", at=2000), migrated("1", "2")]
    late = [coded("in.queue", "in.price", at=3000), act(Action.COMMIT, at=3001)]
    assert coding_of([*made, *late]).final == {"in.wait", "in.cost"}


def test_decisions_of_an_unknown_version_stay_as_they_are() -> None:
    made = [*blind("in.noise", version="0"), migrated("1", "2")]
    assert coding_of(made).final == {"in.noise"}
    assert coding_of([*blind("in.price", version="0"), migrated(["1", "0"], "2")]).final == {"in.cost"}


def test_migrations_that_contradict_each_other_or_turn_round_end() -> None:
    first, other = migrated("1", "2"), migrated("1", "3", theme_map(rename={"in.price": "in.x"}), at=1001)
    back = migrated("2", "1", theme_map(), at=1002)
    found = Migrations.of([other, back, first])
    assert (found.end("1"), found.end("2"), found.end("3")) == ("2", "2", "3")
    assert found.land("in.price", "1").themes == ("in.cost",)


def test_a_migration_shows_no_codebook() -> None:
    assert "On in.price" not in repr(migrated("1", "2"))
    assert "On in.price" not in repr(Migrations.of([migrated("1", "2")]).standing)


# properties

IDS = [theme.id for theme in OLD.themes]
TARGETS = [theme.id for theme in NEW.themes]


@st.composite
def records(draw: st.DrawFn) -> tuple[list[Decision], Decision]:
    """A record of three coders on three passages, and a migration with any map."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    made: list[Decision] = []
    for at in range(draw(st.integers(1, 25))):
        facts: dict[str, Any] = {"at": at, "coder": dice.choice(["AB", "CD", "EF"]), "target": f"B:{at % 3}"}
        some = dice.sample(IDS, dice.randrange(4))
        theme = dice.choice(IDS)
        kind = dice.choice(["code", "code", "commit", "accept", "reject", "change", "none", "seen", "undo"])
        if kind == "undo":
            own = [d for d in made if (d.coder, d.target) == (facts["coder"], facts["target"])]
            if own:
                made.append(act(Action.UNDO, parent=dice.choice(own).id, **facts))
            continue
        value = {
            "code": {"themes": some},
            "accept": {"theme": theme},
            "reject": {"theme": theme},
            "change": {"theme": theme, "to": some},
            "seen": {"themes": some},
        }.get(kind, {})
        saw = kind in ("accept", "reject", "change")
        made.append(act(Action(kind), value=value, saw_suggestion=saw, **facts))
    moves = {id: dice.sample(TARGETS, dice.choice([0, 1, 1, 1, 2])) for id in IDS if dice.random() < 0.8}
    value = {"from": ["1"], "to": "2", "map": moves, "was": dict.fromkeys(IDS, "")}
    facts = {"kind": "codebook", "target": TARGET, "codebook_version": "2"}
    return made, decided(Action.MIGRATE, value, at=1000, **facts)


def landed(themes: frozenset[str], moves: Mapping[str, list[str]]) -> tuple[set[str], set[str]]:
    """What themes come to, computed in the plainest way: carried over, and to be chosen."""
    carried = {moves.get(theme, [theme])[0] for theme in themes if len(moves.get(theme, [theme])) == 1}
    return carried, {theme for theme in themes if len(moves.get(theme, [theme])) > 1}


@given(records())
@settings(deadline=None, max_examples=150)
def test_translation_is_of_what_holds_and_keeps_every_count(given_: tuple[list[Decision], Decision]) -> None:
    """Any record: the translated state is the state before, theme by theme; nothing appears or is lost."""
    made, migration = given_
    before, after = fold(made), fold([*made, migration])
    assert before.codings.keys() == after.codings.keys()
    for key, coding in before.codings.items():
        now = after.codings[key]
        themes, split = landed(coding.themes, migration.value["map"])
        assert (now.themes, set(now.split)) == (themes, split)
        assert now.decided == (coding.decided and not split)
        assert (now.seen, now.memos, now.seconds, now.time) == (
            coding.seen,
            coding.memos,
            coding.seconds,
            coding.time,
        )
        if coding.blind is None:
            assert (now.blind, now.unblinded) == (None, False)
        else:
            blind_now, left_open = landed(coding.blind, migration.value["map"])
            assert now.blind == (None if left_open else blind_now)
            assert now.unblinded == bool(left_open)
        assert [(v.action, v.rank, v.time) for v in now.verdicts] == [
            (v.action, v.rank, v.time) for v in coding.verdicts
        ]
    for by in ("rank", "coder"):
        assert acceptance(before, by) == acceptance(after, by)  # type: ignore[arg-type]


@given(records(), st.randoms())
@settings(deadline=None, max_examples=75)
def test_order_of_files_does_not_matter_and_undo_restores(
    given_: tuple[list[Decision], Decision], dice: random.Random
) -> None:
    made, migration = given_
    facts: dict[str, Any] = {"kind": "codebook", "target": TARGET, "coder": "EF"}
    undo = decided(Action.UNDO, at=1001, parent=migration.id, **facts)
    every = [*made, migration]
    once = fold(every)
    dice.shuffle(every)
    cut = dice.randrange(len(every) + 1)
    assert fold(every).codings == once.codings
    assert fold(every[:cut]).plus(every[cut:]).codings == once.codings
    assert fold(every[:cut]).plus([*every[cut:], undo]).codings == fold(made).codings
    read_back = [as_decision(json.loads(json.dumps(d.as_row()))) for d in every]
    assert fold(read_back).codings == once.codings


# a study

SAID = [
    "You cannot talk there. It is so loud that everybody shouts across the tables. I bring my own lunch.",
    "The meals have become far too expensive, I paid nine euros for a bowl of soup and cannot afford it.",
    "I stood in the queue for half an hour before anybody took my order, and then the soup was gone.",
    "They put plants on all the tables last spring, and it was much nicer to sit there for a while.",
]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of one clean transcript, as redaction leaves it."""
    found = Study.create(tmp_path / "study")
    found.layout.clean.mkdir()
    lines = [f"Interviewer: What is it like?\n\nRespondent: {words}\n" for words in SAID]
    (found.layout.clean / "B.txt").write_text("\n".join(lines), "utf-8")
    save_transcripts(found.layout, [(read(found.layout.clean / "B.txt", id="B"), "B.txt")])
    save_codebook(OLD, tmp_path / "old.yaml")
    save_codebook(NEW, tmp_path / "new.yaml")
    found.codebook(tmp_path / "old.yaml")
    return found


def code(study: Study, coder: str, codings: Mapping[str, list[str]], version: str = "1") -> None:
    pins = {t.id: t.sha256 for t in study.transcripts.values()}
    log = coding_log(study.layout, study.settings)
    for passage, themes in codings.items():
        facts: dict[str, Any] = {"study": study_id(study.layout), "coder": coder, "kind": "coding"}
        facts |= {"target": passage, "codebook_version": version, "text_sha256": pins["B"]}
        log.append(Decision(action=Action.CODE, value={"themes": themes}, **facts))
        log.append(Decision(action=Action.COMMIT, **facts))
    log.close()


FIRST = {"B:2": ["in.noise"], "B:4": ["in.price"], "B:6": ["in.queue", "in.wait"], "B:8": ["in.plants"]}


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def record(study: Study) -> list[dict[str, Any]]:
    log = coding_log(study.layout, study.settings)
    rows = [decision.as_row() for decision in log.read()]
    log.close()
    return rows


OPTIONS = (
    *("--rename", "in.price=in.cost", "--merge", "in.wait,in.queue=in.wait"),
    *("--split", "in.noise=in.shouting,in.machines", "--drop", "in.plants"),
)
PLANNED = """codebook 1 -> 2
rename in.price -> in.cost  (2 codings of 2 coders: carried over)
merge  in.wait, in.queue -> in.wait  (2 codings of 2 coders: carried over; 1 had more than one of them)
split  in.noise -> in.shouting or in.machines  (1 coding of 1 coder: to be decided again)
drop   in.plants  (1 coding of 1 coder: taken away; 1 without any other code become none)
new    in.light  (4 passages decided before it existed)
1 blind coding cannot count for agreement: a theme was split
"""


def test_on_the_command_line(study: Study, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root, new = study.layout.root, tmp_path / "new.yaml"
    code(study, "AB", FIRST)
    code(study, "CD", {"B:4": ["in.price"], "B:6": ["in.queue"]})
    before = record(study)

    told, out, _ = command(capsys, "codebook", "diff", root, new)
    assert told == 1
    assert out.startswith("codebook 1 -> 2\ngone     in.price  (Price)\n")
    assert command(capsys, "codebook", "diff", new, new)[0] == 0

    told, out, err = command(capsys, "codebook", "migrate", root, new, "--rename", "in.price=in.cost")
    assert (told, out) == (1, "")
    assert 'codebook 2 has no "in.queue", "in.noise" and "in.plants" any more' in err
    assert "--rename in.queue=NEW, --merge in.queue,OLD=NEW" in err

    told, out, err = command(capsys, "codebook", "migrate", root, new, *OPTIONS)
    assert (told, out, err) == (0, PLANNED, "nothing was written; --yes does it\n")
    assert (record(study), study.codebook().version) == (before, "1")

    told, _, err = command(capsys, "codebook", "migrate", root, new, *OPTIONS, "--yes")
    assert told == 1
    assert "a migration is on record with who decided it" in err
    told, out, _ = command(capsys, "codebook", "migrate", root, new, *OPTIONS, "--yes", "--by", "EF")
    assert (told, out) == (0, PLANNED)
    assert record(study)[:-1] == before, "nothing is rewritten"
    assert (study.layout.coding / "codebook.yaml").read_bytes() == new.read_bytes()
    final = {id: set(one.themes) for id, one in study.final_codings().items()}
    assert final == {"B:4": {"in.cost"}, "B:6": {"in.wait"}, "B:8": set()}

    told, out, _ = command(capsys, "codebook", "migrations", root)
    assert "UTC  EF  1 -> 2  " in out
    assert "in.noise -> in.shouting or in.machines" in out
    told, _, err = command(capsys, "codebook", "undo", root, "--by", "EF")
    assert (told, err) == (0, "the migration from 1 to 2 is taken back\n")
    assert study.codebook() == OLD
    assert {id: set(one.themes) for id, one in study.final_codings().items()} == {
        **{id: set(themes) for id, themes in FIRST.items() if id != "B:6"},
    }
    assert "(undone)" in command(capsys, "codebook", "migrations", root)[1]
    told, _, err = command(capsys, "codebook", "undo", root, "--by", "EF")
    assert told == 1
    assert "no migration of the codebook holds" in err


def test_the_receipt_tells_of_migrations(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="EF")
    receipt = json.loads((study.layout.coding / "receipt.json").read_text("utf-8"))["codebook"]
    assert [(m["from"], m["to"], m["by"], m["holds"]) for m in receipt["migrations"]] == [
        (["1"], "2", "EF", True)
    ]
    assert migration_notes(study.decisions) == (
        "the codebook was migrated from version 1 to 2; codings made before are counted as the themes they "
        "became",
        "codings with a theme that was split do not count until decided again: 1",
    )


def test_suggestions_learn_from_translated_codings(study: Study, tmp_path: Path) -> None:
    def learned() -> tuple[int, tuple[str, ...]]:
        codings = decisions_by_version(study.layout, study.settings)
        state, final = study.decisions, study.final_codings()
        notes = remarks(study.transcripts, study.codebook(), codings, final, state)
        return len(usable(final, study.codebook())), tuple(notes)

    code(study, "AB", FIRST)
    save_codebook(NEW, study.layout.coding / "codebook.yaml")
    before, notes = learned()
    assert before == 0
    assert "or svp-nlp codebook migrate says what became of them" in notes[1]
    study.migrate(study.plan_migration(None, MAP), by="EF")
    assert learned() == (
        3,
        (
            "8 decisions were made with codebook version 1, this one is 2; they keep theirs, read as the "
            "migration says",
            "codings with a theme that was split, for their coders to decide again: 1",
        ),
    )


def test_a_codebook_edited_in_its_place_is_migrated_later(study: Study, tmp_path: Path) -> None:
    """Nobody kept the older file: the themes that were coded with it are what needs explaining."""
    code(study, "AB", {"B:4": ["in.price"]})
    save_codebook(NEW, study.layout.coding / "codebook.yaml")
    with pytest.raises(CodebookError, match=r'has no "in\.price" any more, and nothing says'):
        study.plan_migration()
    plan = study.plan_migration(themes=theme_map(rename={"in.price": "in.cost"}))
    assert plan.table() == (
        "codebook 1 -> 2\nrename in.price -> in.cost  (1 coding of 1 coder: carried over)\n"
        "new    in.wait  (1 passage decided before it existed)\n"
        "new    in.shouting  (1 passage decided before it existed)\n"
        "new    in.machines  (1 passage decided before it existed)\n"
        "new    in.light  (1 passage decided before it existed)"
    )
    study.migrate(plan, by="EF")
    assert study.final_codings()["B:4"].themes == {"in.cost"}
    with pytest.raises(CodebookError, match="codebook 2 is in use, and no decision was made with another"):
        study.plan_migration()


def test_versions_that_cannot_be(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    file = tmp_path / "same.yaml"
    save_codebook(replace(NEW, version="1"), file)
    with pytest.raises(CodebookError, match="both codebooks say version 1"):
        study.plan_migration(file, MAP)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="EF")
    with pytest.raises(CodebookError, match="version 1 was this study's codebook before it became 2"):
        study.plan_migration(tmp_path / "old.yaml", MAP)
    third = replace(NEW, version="3", themes=NEW.themes[:-1])
    save_codebook(third, file)
    study.migrate(study.plan_migration(file, theme_map(drop=["in.light"])), by="EF")
    assert [(m.migration.before, m.migration.after) for m in study.migrations] == [
        (("1",), "2"),
        (("2",), "3"),
    ]
    assert study.final_codings()["B:4"].themes == {"in.cost"}
    assert study.undo_migration(by="EF").after == "3"
    assert study.codebook() == NEW


def test_a_plan_is_carried_out_once(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    plan = study.plan_migration(tmp_path / "new.yaml", MAP)
    study.migrate(plan, by="EF")
    with pytest.raises(
        StudyError, match="codebook 1 was migrated since this was planned; nothing was written"
    ):
        study.migrate(plan, by="EF")
    study.codebook(tmp_path / "old.yaml")
    with pytest.raises(StudyError, match="codebook 1 is in use, and the record says that it became 2"):
        study.plan_migration(tmp_path / "new.yaml", MAP)


def test_what_was_coded_since_is_not_lost_by_going_back(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="EF")
    code(study, "AB", {"B:2": ["in.machines"]}, version="2")
    with pytest.raises(StudyError) as caught:
        study.undo_migration(by="EF")
    assert caught.value.message == (
        "codes were given since with themes that codebook 1 does not have (in.machines: 1); nothing "
        "was undone"
    )
    assert study.codebook() == NEW
    code(study, "AB", {"B:2": ["in.wait"]}, version="2")
    study.undo_migration(by="EF")
    assert study.decisions.codings["AB", "B:2"].themes == {"in.wait"}


def take(study: Study, path: Path) -> Imported:
    """Import a file without asking for suggestions, which need the model."""
    passages = all_passages(study.transcripts, study.settings)
    made = Proposals(study.codebook(), study.transcripts, passages, ())
    return import_decisions(path, study.layout, study.settings, made)


def sheet_of(study: Study, path: Path, coder: str) -> None:
    passages = all_passages(study.transcripts, study.settings)
    made = Proposals(study.codebook(), study.transcripts, passages, ())
    export_sheet(path, coder, study.layout, study.settings, made)


def copy_of(study: Study, folder: Path) -> Study:
    """The same study on another machine, before anybody coded."""
    other = Study.create(folder)
    for name in ("clean/B.txt", "coding/transcripts.jsonl", "coding/study.json", "coding/codebook.yaml"):
        target = other.layout.root / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((study.layout.root / name).read_bytes())
    return other


def test_two_coders_files_meet_after_only_one_of_them_migrated(study: Study, tmp_path: Path) -> None:
    study_id(study.layout)
    other = copy_of(study, tmp_path / "other")
    code(study, "AB", FIRST)
    code(other, "CD", {"B:2": ["in.noise"], "B:4": ["in.price"]})
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="AB")
    code(study, "AB", {"B:2": ["in.machines"]}, version="2")
    ours, theirs = tmp_path / "ab.jsonl", tmp_path / "cd.jsonl"
    study.export_decisions(ours)
    other.export_decisions(theirs)

    assert str(take(study, theirs)) == "4 decisions added, 0 were there already, 0 refused"
    assert study.decisions.codings["CD", "B:4"].final == {"in.cost"}
    assert study.decisions.codings["CD", "B:2"].split == {"in.noise": ("in.shouting", "in.machines")}
    assert all(row["codebook_version"] == "1" for row in record(study) if row["coder"] == "CD")

    done = take(other, ours)
    assert (done.added, len(done.refused)) == (8, 3)
    assert sorted({refused.why for refused in done.refused}) == [
        "it migrates the codebook to version 2, and this study uses 1; migrate here first (svp-nlp codebook "
        "migrate)",
        "made with codebook '2', this study has '1'",
    ]
    assert other.decisions.codings["AB", "B:4"].final == {"in.price"}

    other.migrate(other.plan_migration(tmp_path / "new.yaml", MAP), by="CD")
    assert str(take(other, ours)) == "3 decisions added, 8 were there already, 0 refused"
    assert other.decisions.codings.keys() == study.decisions.codings.keys()
    for key, coding in study.decisions.codings.items():
        assert other.decisions.codings[key] == coding


def test_a_file_with_another_map_is_refused_and_an_undo_of_what_holds_too(
    study: Study, tmp_path: Path
) -> None:
    study_id(study.layout)
    other = copy_of(study, tmp_path / "other")
    code(study, "AB", FIRST)
    code(other, "CD", FIRST)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="AB")
    elsewhere = [replace(m, new=("in.light",)) if m.what == "rename" else m for m in MAP.moves]
    other.migrate(other.plan_migration(tmp_path / "new.yaml", ThemeMap(tuple(elsewhere))), by="CD")
    theirs = tmp_path / "cd.jsonl"
    other.export_decisions(theirs)
    done = take(study, theirs)
    assert done.added == 8
    assert [refused.why for refused in done.refused] == [
        "it says something else of what became of the codebook than this study's record"
    ]
    assert study.decisions.codings["CD", "B:4"].final == {"in.cost"}

    ours = tmp_path / "ab.jsonl"
    study.export_decisions(ours)
    fresh = copy_of(study, tmp_path / "fresh")
    take(fresh, ours)
    fresh.undo_migration(by="GH")
    fresh.export_decisions(theirs)
    done = take(study, theirs)
    assert [refused.why for refused in done.refused] == [
        "it takes back a migration that this study has; svp-nlp codebook undo does that"
    ]


def test_a_record_goes_out_and_comes_back_whole(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="AB")
    code(study, "AB", {"B:2": ["in.machines"]}, version="2")
    study.export_decisions(tmp_path / "out.jsonl")
    fresh = copy_of(study, tmp_path / "fresh")
    assert str(take(fresh, tmp_path / "out.jsonl")) == ("11 decisions added, 0 were there already, 0 refused")
    assert fresh.decisions.codings == study.decisions.codings
    fresh.export_decisions(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_a_sheet_made_before_comes_back_after(study: Study, tmp_path: Path) -> None:
    code(study, "AB", {"B:4": ["in.price"]})
    sheet = tmp_path / "AB.xlsx"
    sheet_of(study, sheet, "AB")
    filled = load_workbook(sheet)
    rows = {row[0].value: row for row in filled["coding"].iter_rows(min_row=2)}
    head = [cell.value for cell in filled["coding"][1]]
    rows["B:6"][head.index("code 1")].value = "in.queue"
    rows["B:2"][head.index("code 1")].value = "in.noise"
    filled.save(sheet)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="AB")
    done = take(study, sheet)
    assert (done.added, done.refused) == (4, ())
    assert study.decisions.codings["AB", "B:6"].final == {"in.wait"}
    assert study.decisions.codings["AB", "B:2"].split
    assert take(study, sheet).added == 0

    sheet_of(study, tmp_path / "AB2.xlsx", "AB")
    filled = load_workbook(tmp_path / "AB2.xlsx")
    row = next(row for row in filled["coding"].iter_rows(min_row=2) if row[0].value == "B:2")
    assert row[head.index("code 1")].value is None, "to be decided again"
    row[head.index("code 1")].value = "none"
    filled.save(tmp_path / "AB2.xlsx")
    assert take(study, tmp_path / "AB2.xlsx").added == 2
    assert study.decisions.codings["AB", "B:2"].final == set()


def test_what_comes_from_an_older_codebook_is_checked_against_that(study: Study, tmp_path: Path) -> None:
    code(study, "AB", FIRST)
    study.migrate(study.plan_migration(tmp_path / "new.yaml", MAP), by="AB")
    row = next(row for row in record(study) if row["action"] == "code")
    row |= {"id": "01900000-0000-7000-8000-000000000000", "value": {"themes": ["in.light"]}}
    (tmp_path / "x.jsonl").write_text(json.dumps(row), "utf-8")
    done = take(study, tmp_path / "x.jsonl")
    assert [str(refused) for refused in done.refused] == ["line 1: 1 of its themes are not in the codebook"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"from": []}, "a migration needs the versions it leads from and to"),
        ({"to": 2}, "a migration needs the versions it leads from and to"),
        ({"to": "1"}, "a migration leads from a version to itself"),
        ({"map": {"a": "b"}}, "a migration's map holds lists of theme ids"),
        ({"was": ["a"]}, "a migration names the themes there were"),
        ({"before": 1}, "a migration holds its codebooks as text"),
    ],
)
def test_a_migration_of_the_wrong_form_is_not_recorded(
    tmp_path: Path, changes: Mapping[str, Any], why: str
) -> None:
    log = DecisionLog(tmp_path / "d.sqlite", STUDY)
    wrong = replace(migrated("1", "2"), value={**migrated("1", "2").value, **changes})
    with pytest.raises(ReviewError) as caught:
        log.append(wrong)
    assert caught.value.message == f"a decision cannot be recorded: {why}"
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(wrong.as_row()) + "\n", "utf-8")
    assert [refused.why for refused in log.import_jsonl(path).refused] == [why]
    log.close()


def test_the_view_of_an_older_codebook_leaves_out_what_came_since() -> None:
    made = [*blind("in.price"), migrated("1", "2"), *blind("in.cost", "in.light", version="2", at=2000)]
    assert fold(as_of(made, "1")).codings["AB", "B:1"].themes == {"in.price"}
    assert fold(as_of(made, "2")).codings["AB", "B:1"].themes == {"in.cost", "in.light"}
    undone = [*made, act(Action.UNDO, kind="codebook", target=TARGET, parent=made[2].id, at=3000)]
    assert fold(as_of(undone, "1")).codings["AB", "B:1"].themes == {"in.cost", "in.light"}


def test_foreign_migrations_are_known_where_they_lead_to_the_codebook_in_use() -> None:
    first, second = migrated("1", "2"), migrated("2", "3", theme_map(drop=["in.light"]), at=1001)
    assert foreign_migrations([], [first, second], "3") == ""
    assert foreign_migrations([], [first, second], None) == ""
    assert "this study uses 2" in foreign_migrations([first], [second], "2")
    assert foreign_migrations([first], [migrated("1", "2", at=5)], "2") == ""


# the review


def test_a_desk_opened_before_says_so(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite")
    decide = {
        "coder": "AB",
        "passage": "B:2",
        "steps": [{"action": "code", "value": {"themes": ["need.fear"]}}],
    }
    desk.answer("decide", decide)
    moved = theme_map(rename={"need.fear": "need.worry"})
    value = migrated("1", "2", moved).value
    facts: dict[str, Any] = {"study": "study-1", "kind": "codebook", "target": TARGET}
    desk.journal.write([decided(Action.MIGRATE, value, codebook_version="2", **facts)])
    with pytest.raises(ReviewError) as caught:
        desk.answer("open", {"coder": "AB"})
    assert caught.value.message == "the codebook became version 2 since this was opened; all before is kept"
    desk.close()


def test_the_desk_tells_what_is_to_be_decided_again(tmp_path: Path) -> None:
    """One coder's undo takes back codes, never a migration."""
    desk = coding_desk(tmp_path / "d.sqlite", codebook=replace(REVIEW_BOOK, version="2"))
    made = [
        decided(Action.CODE, {"themes": ["need.old"]}, study="study-1", target="B:2", codebook_version="1")
    ]
    value = {
        "from": ["1"],
        "to": "2",
        "map": {"need.old": ["need.fear", "need.sleep"]},
        "was": {"need.old": "Old"},
    }
    facts: dict[str, Any] = {"study": "study-1", "kind": "codebook", "target": TARGET}
    desk.journal.write([*made, decided(Action.MIGRATE, value, codebook_version="2", at=9, **facts)])
    row = desk.answer("open", {"coder": "AB"})
    assert row["earlier"] == {"need.old": "Old"}
    assert row["states"]["B:2"]["split"] == {"need.old": ["need.fear", "need.sleep"]}
    assert desk.answer("undo", {"coder": "AB"})["undone"] == "code"
    assert desk.answer("undo", {"coder": "AB"})["passage"] is None
    assert desk.journal.state.migrations.standing
    desk.close()


def test_who_resolves_again_starts_from_what_was_resolved(tmp_path: Path) -> None:
    desk = coding_desk(tmp_path / "d.sqlite", codebook=replace(REVIEW_BOOK, version="2"))
    facts: dict[str, Any] = {"study": "study-1", "target": "B:2", "version": "1"}
    made = [*blind("need.fear", **facts), *blind("ways.talk", coder="CD", at=20, **facts)]
    value: dict[str, Any] = {"themes": ["need.old", "ways.talk"], "text": "said so", "certainty": 1}
    made.append(act(Action.ADJUDICATE, value=value, coder="EF", at=40, **facts))
    value = {
        "from": ["1"],
        "to": "2",
        "map": {"need.old": ["need.fear", "need.sleep"]},
        "was": {"need.old": "Old"},
    }
    made.append(decided(Action.MIGRATE, value, study="study-1", kind="codebook", target=TARGET, at=50))
    desk.journal.write(made)
    row = desk.answer("compare", {"coder": "EF"})["rows"][0]
    assert row["reopened"] == {
        "themes": ["ways.talk"],
        "by": "EF",
        "reason": "said so",
        "certainty": 1,
        "split": {"need.old": ["need.fear", "need.sleep"]},
    }
    assert "resolved" not in row
    desk.close()


def test_the_built_in_codebook_written_out_is_no_leak(tmp_path: Path) -> None:
    """Its printed quotes hold surnames that a study may know; YAML folds them over lines."""
    book = founding_codebook()
    (tmp_path / "codebook.yaml").write_text(codebook_text(book), "utf-8")
    (tmp_path / "record.json").write_text(json.dumps({"after": codebook_text(book)}), "utf-8")
    places = dict(places_in(tmp_path, tmp_path))
    printed = {
        word for theme in book.themes for e in theme.exemplars for word in e.text.split() if len(word) > 9
    }
    assert len(printed) > 50
    for name in ("codebook.yaml", "record.json"):
        assert printed.isdisjoint(set(places[name].split()) - {domain.id for domain in book.domains})
        assert len(places[name]) == len(codebook_text(book))


def test_a_record_can_be_searched_twice(study: Study) -> None:
    """Reading leaves the database's own files beside it, which are no text."""
    code(study, "AB", {"B:2": ["in.noise"]})
    folder = study.layout.coding
    first, second = (dict(places_in(folder, folder)) for _ in range(2))
    assert "in.noise" in second["decisions.sqlite"].split("\n")
    assert first["decisions.sqlite"] == second["decisions.sqlite"]
    log = coding_log(study.layout, study.settings)
    log.append(decided(Action.MEMO, {"text": "Ask Ruth"}, study=study_id(study.layout)))
    assert "Ask Ruth" in dict(places_in(folder, folder))["decisions.sqlite"], "also what was just written"
    log.close()


def test_edited_words_alone_link_the_versions(study: Study, tmp_path: Path) -> None:
    study_id(study.layout)
    other = copy_of(study, tmp_path / "other")
    code(other, "CD", {"B:4": ["in.price"]})
    other.export_decisions(tmp_path / "cd.jsonl")
    code(study, "AB", {"B:4": ["in.price"]})
    save_codebook(book("1b", *IDS, price="What soup costs."), tmp_path / "words.yaml")
    plan = study.plan_migration(tmp_path / "words.yaml")
    assert plan.table() == "codebook 1 -> 1b\nedited in.price  (definition; its codings stay)"
    study.migrate(plan, by="AB")
    assert study.final_codings()["B:4"].themes == {"in.price"}
    assert take(study, tmp_path / "cd.jsonl").added == 2
    assert study.final_codings()["B:4"].how == "agreed"
