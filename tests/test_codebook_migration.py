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

from record_help import START, STUDY, decided
from review_help import BOOK as REVIEW_BOOK
from review_help import coding_desk
from svp_nlp.cli import main
from svp_nlp.coding.codebook import codebook_text, load_codebook, save_codebook
from svp_nlp.coding.codebook_diff import codebook_diff
from svp_nlp.coding.theme_map import Move, ThemeMap, read_theme_map, theme_map, told_move
from svp_nlp.errors import CodebookError, ReviewError, StudyError
from svp_nlp.model import Codebook, Domain, Span, Theme
from svp_nlp.reading import read
from svp_nlp.review.adjudication import coded_units, discrepancies, final_codings
from svp_nlp.review.decisions import Action, Decision, as_decision
from svp_nlp.review.drift import acceptance, check_items, drift
from svp_nlp.review.fold import fold
from svp_nlp.review.migration import TARGET, Landing, Migrations, as_of, foreign_migrations
from svp_nlp.review.store import DecisionLog
from svp_nlp.study import Study
from svp_nlp.study.coding import save_transcripts
from svp_nlp.study.reviewing import coding_log, migration_notes, study_id


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
        "codebook 1 -> 2\ngone     in.price  (Price)\nnew      in.cost  (Cost)\nedited   in.wait  (definition)"
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
            'codebook 2 has no "in.queue", "in.noise" and "in.plants" any more, and nothing says what became of '
            "them",
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
    """More codes, a memo or how sure one is leave the question open; a commit answers it: none of the parts."""
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
