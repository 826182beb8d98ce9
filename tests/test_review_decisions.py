from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from record_help import START, STUDY, THEMES, basis_of, decided, sheet_text
from svp_nlp.errors import ReviewError
from svp_nlp.review.adjudication import discrepancies, final_codings
from svp_nlp.review.checks import Basis
from svp_nlp.review.decisions import Action, Decision, as_decision, new_id
from svp_nlp.review.fold import State, fold
from svp_nlp.review.store import DecisionLog

TEXT = sheet_text("Nobody asked how I was.", "We teach it now.")
BASIS = basis_of(TEXT)
PIN = BASIS.texts["B:1"][0]
A, B, C = THEMES


SERVER = os.environ.get("SVP_NLP_TEST_DATABASE", "")
"""A PostgreSQL URL whose user may create databases: the record is then tested there too."""


@pytest.fixture(params=["file", "server"] if SERVER else ["file"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """An empty place for a record: a file, and a fresh database where a server is at hand."""
    if request.param == "file":
        yield tmp_path / "decisions.sqlite"
        return
    name = f"svp_{uuid4().hex}"
    admin = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield admin.url.set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def log(where: Path | str) -> Iterator[DecisionLog]:
    log = DecisionLog(where, STUDY)
    yield log
    log.close()


@pytest.fixture
def file_log(tmp_path: Path) -> Iterator[DecisionLog]:
    log = DecisionLog(tmp_path / "decisions.sqlite", STUDY)
    yield log
    log.close()


def coded(*themes: str, **more: Any) -> Decision:
    return decided(Action.CODE, {"themes": list(themes)}, **({"text_sha256": PIN} | more))


# decisions


def test_a_decision_shows_no_words() -> None:
    memo = decided(Action.MEMO, {"text": "Ask Ruth about it"})
    assert "Ruth" not in repr(memo)
    assert "Ruth" not in repr(fold([memo]).codings["AB", "B:1"])


def test_a_row_reads_back_the_same() -> None:
    before = decided(
        Action.ACCEPT,
        {"theme": A, "text": "é🙂 \ud800"},
        seconds=2.5,
        saw_suggestion=True,
        order_shown=(B, A),
        rank=2,
        model="m",
        text_sha256=PIN,
    )
    assert as_decision(json.loads(json.dumps(before.as_row()))) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coder": " "}, "a coder needs a name without spaces around it\n\nhint: initials do: AB"),
        ({"coder": "x" * 41}, "a coder's name has 41 characters; 1 to 40 printable ones were expected"),
        ({"action": "confirm"}, 'decision {id}: "confirm" is no action of coding review'),
        ({"action": "undo"}, "decision {id}: an undo, and only an undo, names what it undoes"),
        ({"action": "praise"}, "a decision's action is unknown; actions: " + ", ".join(Action)),
        ({"id": "17"}, "a decision's id is not a UUID"),
        ({"time": "yesterday"}, "a decision's time is not an ISO 8601 time"),
        ({"time": "2026-03-01T09:00:00"}, "a decision's time has no time zone"),
        ({"target": ""}, "decision {id} names no target"),
        ({"seconds": True}, 'a decision\'s "seconds" is not what it should be'),
        ({"seconds": float("inf")}, 'a decision\'s "seconds" is not what it should be'),
        ({"rank": "first"}, 'a decision\'s "rank" is not what it should be'),
        ({"value": []}, 'a decision\'s "value" is not what it should be'),
    ],
)
def test_what_cannot_be_a_decision(changes: dict[str, Any], message: str) -> None:
    row = coded(A).as_row()
    with pytest.raises(ReviewError) as error:
        as_decision(row | changes)
    assert str(error.value) == message.format(id=row["id"])


def test_ids_sort_as_they_were_made() -> None:
    ids = [new_id() for _ in range(2000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 2000


# the record


def test_what_is_appended_is_there(log: DecisionLog) -> None:
    first, second = coded(A), decided(Action.COMMIT, at=1)
    assert log.append(first) == 1
    assert log.append(first, second) == 1
    assert log.read() == (first, second)
    assert log.entries(since=1) == [(2, second)]
    assert log.last == 2
    assert repr(log) == "DecisionLog(2 decisions)"


@pytest.mark.parametrize("change", ["UPDATE decisions SET coder = 'CD'", "DELETE FROM decisions"])
def test_nothing_is_changed_or_deleted(log: DecisionLog, change: str) -> None:
    log.append(coded(A))
    with pytest.raises(SQLAlchemyError, match="never changed or deleted"), log.engine.begin() as connection:
        connection.execute(text(change))
    assert log.last == 1


def test_all_or_none(log: DecisionLog) -> None:
    with pytest.raises(ReviewError, match="a decision belongs to another study"):
        log.append(coded(A), replace(coded(B), study="other"))
    with pytest.raises(ReviewError, match="a decision cannot be recorded: code needs themes"):
        log.append(coded(A), decided(Action.CODE))
    assert log.read() == ()


def test_another_studys_record(log: DecisionLog) -> None:
    log.append(coded(A))
    other = DecisionLog(log.where, "other")
    with pytest.raises(ReviewError, match="the record holds decisions of another study"):
        other.read()
    other.close()


def test_a_locked_record_is_said_so(file_log: DecisionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svp_nlp.review.database.BUSY_SECONDS", 0.05)
    file_log.append(coded(A))
    with sqlite3.connect(Path(file_log.where), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReviewError) as error:
            file_log.append(coded(B))
        assert file_log.last == 1, "reading goes on"
        other.execute("ROLLBACK")
    other.close()
    assert str(error.value) == (
        "the record of decisions: another program holds it; nothing was written\n\n"
        "hint: close what else has the study open and try again"
    )
    assert file_log.append(coded(B)) == 1


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "the address of the record is no database URL"),
        ("nosuch://host/db", "the address of the record is no database URL"),
    ],
)
def test_an_address_that_is_none(address: str, message: str) -> None:
    with pytest.raises(ReviewError, match=message):
        DecisionLog(address, STUDY).read()


def test_a_damaged_record_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    path.write_bytes(b"no database at all, but long enough to look like one" * 40)
    with pytest.raises(ReviewError, match="it is damaged or something else"):
        DecisionLog(path, STUDY).read()


def test_a_vanished_folder_is_made_again(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "coding" / "decisions.sqlite", STUDY)
    assert log.append(coded(A)) == 1
    log.close()


WRITER = """
import sys
from pathlib import Path
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.store import DecisionLog
where, coder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = DecisionLog(where if "://" in where else Path(where), sys.argv[4])
for number in range(count):
    made = Decision(study=log.study, coder=coder, kind="coding", target=f"B:{number}", action=Action.COMMIT)
    log.append(made)
    sys.stdout.write(made.id + "\\n")
    sys.stdout.flush()
"""


def writer(where: Path | str, coder: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(where), coder, str(count), STUDY]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_record_that_another_program_is_just_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE elsewhere (x)")
    ready = threading.Timer(0.3, other.execute, ["COMMIT"])
    ready.start()
    assert DecisionLog(path, STUDY).append(coded(A)) == 1
    ready.join()
    other.close()


def test_two_programs_write_at_once(log: DecisionLog) -> None:
    running = [writer(log.where, coder, 25) for coder in ("AB", "CD")]
    written = {id for one in running for id in one.communicate(timeout=60)[0].split()}
    assert [one.returncode for one in running] == [0, 0]
    assert {d.id for d in log.read()} == written
    assert len(written) == 50


def test_a_crash_loses_nothing_that_was_written(log: DecisionLog) -> None:
    running = writer(log.where, "AB", 100_000)
    assert running.stdout is not None
    told = [running.stdout.readline().strip() for _ in range(10)]
    running.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    told += running.communicate(timeout=60)[0].split("\n")[:-1]
    kept = [d.id for d in log.read()]
    assert len(told) >= 10
    assert kept[: len(told)] == told
    assert len(kept) - len(told) <= 1, "at most the one being reported"
    assert log.append(coded(A)) == 1
    if isinstance(log.where, Path):
        with sqlite3.connect(log.where) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_five_thousand_passages(file_log: DecisionLog) -> None:
    made = []
    for number in range(5000):
        target = f"B:{number}"
        made += [coded(A, B, target=target), decided(Action.COMMIT, target=target, at=1)]
        made.append(decided(Action.SEEN, {"themes": [A, C, B]}, target=target, at=2, saw_suggestion=True))
        made.append(decided(Action.ACCEPT, {"theme": C}, target=target, at=3, rank=2, saw_suggestion=True))
    file_log.append(*made)
    read = file_log.read()
    spent = []
    for _ in range(3):
        started = time.process_time()
        state = fold(read)
        spent.append(time.process_time() - started)
    assert len(state.codings) == 5000
    assert min(spent) < 0.2
    waits = []
    for number in range(15):
        one = decided(Action.REJECT, {"theme": C}, target=f"B:{number}", at=4, rank=2, saw_suggestion=True)
        started = time.perf_counter()
        file_log.append(one)
        state = state.plus([one])
        waits.append(time.perf_counter() - started)
    assert sorted(waits)[7] < 0.05
    assert state.codings["AB", "B:3"].themes == {A, B}


# files


def test_a_file_goes_out_and_comes_back(log: DecisionLog, tmp_path: Path) -> None:
    log.append(decided(Action.MEMO, {"text": "é🙂\n=1 \ud800"}, at=5, text_sha256=PIN), coded(A))
    file = tmp_path / "decisions.jsonl"
    assert log.export_jsonl(file) == 2
    other = DecisionLog(tmp_path / "other.sqlite", STUDY)
    assert str(other.import_jsonl(file, BASIS)) == "2 decisions added, 0 were there already, 0 refused"
    assert str(other.import_jsonl(file, BASIS)) == "0 decisions added, 2 were there already, 0 refused"
    again = tmp_path / "again.jsonl"
    other.export_jsonl(again)
    assert again.read_bytes() == file.read_bytes()
    other.close()


def test_two_coders_files_merge_without_loss(tmp_path: Path) -> None:
    logs = {name: DecisionLog(tmp_path / f"{name}.sqlite", STUDY) for name in ("AB", "CD", "one", "two")}
    for coder, theme in (("AB", A), ("CD", B)):
        done = decided(Action.COMMIT, at=1, coder=coder, text_sha256=PIN)
        logs[coder].append(coded(theme, coder=coder), done)
    for name in ("AB", "CD"):
        logs[name].export_jsonl(tmp_path / f"{name}.jsonl")
    for name, order in (("one", ("AB", "CD")), ("two", ("CD", "AB"))):
        for coder in order:
            logs[name].import_jsonl(tmp_path / f"{coder}.jsonl", BASIS)
    assert fold(logs["one"].read()).codings == fold(logs["two"].read()).codings
    assert fold(logs["one"].read()).codings["CD", "B:1"].blind == {B}
    assert len(logs["one"].read()) == 4
    for log in logs.values():
        log.close()


def lines(path: Path, *rows: Any) -> Path:
    said = (
        row if isinstance(row, str) else json.dumps(getattr(row, "as_row", lambda r=row: r)()) for row in rows
    )
    path.write_text("\n".join(said) + "\n", encoding="utf-8")
    return path


def test_what_does_not_fit_is_listed_and_the_rest_taken(log: DecisionLog, tmp_path: Path) -> None:
    good, known = coded(A), coded(B)
    log.append(known)
    file = lines(
        tmp_path / "AB.jsonl",
        good,
        "not json",
        '{"id": NaN}',
        replace(good, id=new_id(), study="other"),
        replace(good, id=new_id(), codebook_version="6"),
        replace(good, id=new_id(), target="B:99"),
        replace(good, id=new_id(), text_sha256="old"),
        replace(good, id=new_id(), value={"themes": ["need.other"]}),
        replace(good, id=new_id(), value={"themes": [A], "pieces": {A: [[0, 9999]]}}),
        replace(good, id=new_id(), value={"themes": [A], "certainty": 2}),
        replace(good, id=new_id(), coder="XY"),
        replace(known, value={"themes": [C]}),
        known,
    )
    done = log.import_jsonl(file, basis_of(TEXT, coders=frozenset({"AB"})))
    assert (done.added, done.known) == (1, 1)
    assert [str(one) for one in done.refused] == [
        "line 2: not JSON",
        "line 3: not JSON",
        "line 4: made in another study",
        "line 5: made with codebook '6', this study has '7'",
        "line 6: there is no such passage in this study",
        "line 7: the text was changed since it was coded",
        "line 8: 1 of its themes are not in the codebook",
        "line 9: its positions lie outside the text",
        "line 10: certainty is a number from 0 to 1",
        "line 11: coder 'XY' is not one of the study's: AB",
        "line 12: a decision with this id is in the record and says something else",
    ]
    assert {d.id for d in log.read()} == {known.id, good.id}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [replace(coded(A), study="other")],
            "x.jsonl holds decisions of another study; nothing was imported\n\n"
            "hint: import it into the study it was made in",
        ),
        (
            [replace(coded(A), codebook_version="6")],
            "x.jsonl was made with codebook '6', this study has '7'; nothing was imported\n\n"
            "hint: import it into a copy of the study with that codebook, or say "
            "first what became of its themes: svp-nlp codebook migrate",
        ),
        (
            ["PK\x03\x04"],
            "x.jsonl is no file of decisions: line 1: not JSON\n\n"
            "hint: what `svp-nlp export decisions` or the review page saved is read",
        ),
    ],
)
def test_a_file_of_something_else_is_refused_whole(
    log: DecisionLog, tmp_path: Path, rows: list[Any], message: str
) -> None:
    with pytest.raises(ReviewError) as error:
        log.import_jsonl(lines(tmp_path / "x.jsonl", *rows), BASIS)
    assert str(error.value) == message
    assert log.read() == ()


def test_a_file_that_is_not_there(log: DecisionLog, tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match=r"gone\.jsonl cannot be read: No such file"):
        log.import_jsonl(tmp_path / "gone.jsonl", BASIS)


# the fold


def seen(*themes: str, at: int) -> Decision:
    return decided(Action.SEEN, {"themes": list(themes)}, at=at, saw_suggestion=True)


def undo(parent: Decision, at: int) -> Decision:
    return decided(Action.UNDO, parent=parent.id, at=at)


def test_blind_codes_are_what_was_committed_before_suggestions() -> None:
    made = [coded(A), decided(Action.COMMIT, at=1), seen(B, C, at=2)]
    made.append(decided(Action.ACCEPT, {"theme": B}, at=3, rank=1, saw_suggestion=True))
    made.append(decided(Action.CHANGE, {"theme": C, "to": [A]}, at=4, rank=2, saw_suggestion=True))
    coding = fold(made).codings["AB", "B:1"]
    assert (coding.blind, coding.final, coding.seen) == ({A}, {A, B}, True)
    assert [(v.theme, v.action, v.rank) for v in coding.verdicts] == [
        (B, Action.ACCEPT, 1),
        (C, Action.CHANGE, 2),
    ]


def test_nothing_is_blind_after_suggestions_were_seen() -> None:
    coding = fold([seen(A, at=0), coded(A, at=1), decided(Action.COMMIT, at=2)]).codings["AB", "B:1"]
    assert (coding.blind, coding.final) == (None, {A})


def test_codes_count_once_committed() -> None:
    assert fold([coded(A)]).codings["AB", "B:1"].final is None
    assert final_codings(fold([coded(A)])) == {}


def test_none_is_an_answer_and_rejects_what_was_shown() -> None:
    made = [decided(Action.COMMIT), seen(A, B, at=1)]
    made.append(decided(Action.NONE, at=2, saw_suggestion=True))
    coding = fold(made).codings["AB", "B:1"]
    assert (coding.blind, coding.final) == (frozenset(), frozenset())
    assert [(v.theme, v.action, v.rank) for v in coding.verdicts] == [
        (A, Action.REJECT, 1),
        (B, Action.REJECT, 2),
    ]


def test_undo_and_undo_of_the_undo() -> None:
    first, second = coded(A), coded(B, at=1)
    back = undo(second, at=2)
    commit = decided(Action.COMMIT, at=9)
    assert fold([first, second, back, commit]).codings["AB", "B:1"].final == {A}
    again = undo(back, at=3)
    assert fold([first, second, back, again, commit]).codings["AB", "B:1"].final == {B}


def test_what_was_coded_blind_and_what_was_seen_stay() -> None:
    code, commit, look = coded(A), decided(Action.COMMIT, at=1), seen(B, at=2)
    made = [code, commit, look, undo(code, at=3), undo(commit, at=4), undo(look, at=5)]
    coding = fold(made).codings["AB", "B:1"]
    assert (coding.blind, coding.themes, coding.seen, coding.decided) == ({A}, frozenset(), True, True)


def test_a_commit_may_be_taken_back_before_suggestions_are_seen() -> None:
    commit = decided(Action.COMMIT, at=1)
    coding = fold([coded(A), commit, undo(commit, at=2)]).codings["AB", "B:1"]
    assert (coding.blind, coding.decided) == (None, False)


def test_nobody_undoes_anothers_decision() -> None:
    code = coded(A)
    other = replace(undo(code, at=2), coder="CD")
    state = fold([code, decided(Action.COMMIT, at=1), other])
    assert state.codings["AB", "B:1"].final == {A}


def test_adjudication_stands_apart() -> None:
    made = []
    for coder, theme in (("AB", A), ("CD", B)):
        made += [coded(theme, coder=coder), decided(Action.COMMIT, at=1, coder=coder)]
    made.append(coded(A, target="B:2"))
    made.append(decided(Action.COMMIT, at=1, target="B:2"))
    state = fold(made)
    (one,) = discrepancies(state)
    assert (one.passage, one.distance, one.disputed, one.agreed) == ("B:1", 1.0, {A, B}, frozenset())
    assert {p: (f.themes, f.how) for p, f in final_codings(state).items()} == {"B:2": ({A}, "one coder")}

    settle = decided(Action.ADJUDICATE, {"themes": [A, B], "text": "both said"}, at=9, coder="EF")
    after = state.plus([settle])
    assert after.codings == state.codings
    assert discrepancies(after) == ()
    assert discrepancies(after, resolved=True)[0].adjudication == after.adjudications["B:1"]
    final = final_codings(after)["B:1"]
    assert (final.themes, final.how, final.by) == ({A, B}, "adjudicated", ("EF",))
    assert after.plus([replace(undo(settle, at=10), coder="EF")]).adjudications == {}


def test_redaction_decisions_stand_in_order() -> None:
    def on(target: str, action: Action, at: int, **more: Any) -> Decision:
        return decided(action, more.pop("value", {}), at=at, target=target, kind="redaction", **more)

    wrong = on("PERSON 1", Action.NOT_AN_IDENTIFIER, 0)
    right = on("PERSON 2", Action.CONFIRM, 1)
    back = on("PERSON 1", Action.UNDO, 2, parent=wrong.id)
    assert fold([right, back, wrong]).redaction == (right,)


ACTIONS = st.sampled_from(
    [
        (Action.CODE, {"themes": [A]}),
        (Action.CODE, {"themes": [B, C]}),
        (Action.CODE, {"themes": []}),
        (Action.ACCEPT, {"theme": B}),
        (Action.REJECT, {"theme": A}),
        (Action.CHANGE, {"theme": A, "to": [C]}),
        (Action.NONE, {}),
        (Action.COMMIT, {}),
        (Action.SEEN, {"themes": [A, B]}),
        (Action.ADJUDICATE, {"themes": [C]}),
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Decision]:
    made: list[Decision] = []
    for at, (action, value) in enumerate(draw(st.lists(ACTIONS, max_size=9))):
        who = draw(st.sampled_from(["AB", "CD"]))
        made.append(decided(action, value, at=at, coder=who, saw_suggestion=action is Action.SEEN))
        if draw(st.booleans()):
            parent = draw(st.sampled_from(made))
            made.append(decided(Action.UNDO, at=at, coder=parent.coder, parent=parent.id))
    return made


@settings(max_examples=150, deadline=None)
@given(made=histories(), data=st.data())
def test_the_fold_is_the_same_in_whatever_order_and_portions(made: list[Decision], data: Any) -> None:
    whole = fold(made)
    mixed = data.draw(st.permutations(made))
    cut = data.draw(st.integers(0, len(made)))
    portions = State().plus(mixed[:cut]).plus(mixed[cut:]).plus(mixed[:2])
    assert portions.codings == whole.codings
    assert portions.adjudications == whole.adjudications


@settings(max_examples=150, deadline=None)
@given(made=histories(), more=histories())
def test_what_was_coded_blind_never_changes_after_suggestions_were_seen(
    made: list[Decision], more: list[Decision]
) -> None:
    before = fold(made)
    later = [replace(d, id=new_id(), time=d.time + timedelta(days=1)) for d in more if d.parent is None]
    later += [decided(Action.UNDO, coder=d.coder, parent=d.id, time=START + timedelta(days=2)) for d in made]
    after = before.plus(later)
    for key, coding in before.codings.items():
        if coding.seen:
            assert after.codings[key].blind == coding.blind
            assert after.codings[key].seen


def test_times_are_kept_to_the_microsecond(log: DecisionLog) -> None:
    when = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    log.append(coded(A, time=when))
    assert log.read()[0].time == when


def test_a_basis_shows_no_text() -> None:
    assert "B:1" not in repr(Basis(STUDY, "7", frozenset(THEMES), BASIS.texts))
