from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from record_help import THEMES, basis_of, decided, sheet_text
from svp_nlp.errors import ReviewError
from svp_nlp.model import Span
from svp_nlp.review.decisions import Action
from svp_nlp.review.fold import Coding, State, fold
from svp_nlp.review.sheet_rows import NONE
from svp_nlp.review.sheets import read_sheet, write_sheet

TEXT = sheet_text(
    "We had nobody to talk to, and that stayed with me for years.",
    "=SUM(A1) is what he said to me, “just add it up” — 🙂.",
    "היה לי קשה מאוד, and nobody asked.",
    "Education first. Then the rest. Education again.",
)
BASIS = basis_of(TEXT)
EMPTY = State()


def column(sheet: Any, name: str) -> int:
    return [cell.value for cell in sheet[1]].index(name) + 1


def fill(path: Path, row: int, **cells: object) -> None:
    book = load_workbook(path)
    for name, value in cells.items():
        book["coding"].cell(row, column(book["coding"], name.replace("_", " ")), value)
    book.save(path)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "AB.xlsx"
    assert write_sheet(path, "AB", TEXT, BASIS, EMPTY) == 4
    return path


def test_an_empty_sheet_says_nothing(sheet: Path) -> None:
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert (read.coder, read.decisions, read.refused, read.missing) == ("AB", (), (), 0)


def test_a_filled_row_becomes_blind_codes(sheet: Path) -> None:
    fill(sheet, 2, code_1="need.sequelae", code_2="Recognition", certainty="80%", memo="=1+1", flag="x")
    fill(sheet, 3, code_1=NONE)
    fill(sheet, 5, code_1="insights.education", quotes="Then the rest.\nneed.sequelae: Education … again.")
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert read.refused == ()
    state = fold(read.decisions)
    first, second, last = (state.codings["AB", p] for p in ("B:1", "B:2", "B:4"))
    assert first.blind == first.final == {"need.sequelae", "need.recognition"}
    assert (first.certainty, first.memos, first.flagged) == (0.8, ("=1+1",), True)
    assert second.blind == frozenset()
    assert second.decided
    quotes = [(q.theme, [TEXT.transcripts["B"][p] for p in q.pieces]) for q in last.quotes]
    assert quotes == [
        ("insights.education", ["Then the rest."]),
        ("need.sequelae", ["Education", "again."]),
    ]
    assert ("AB", "B:3") not in state.codings


def test_reading_a_sheet_again_adds_nothing(sheet: Path) -> None:
    fill(sheet, 2, code_1="need.sequelae", memo="once", quotes="nobody to talk to")
    once = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert [d.action for d in once.decisions] == [Action.CODE, Action.COMMIT, Action.QUOTE, Action.MEMO]
    assert read_sheet(sheet, TEXT, BASIS, EMPTY).decisions == once.decisions
    assert read_sheet(sheet, TEXT, BASIS, fold(once.decisions)).decisions == ()


def test_rows_may_be_sorted_and_columns_moved(sheet: Path) -> None:
    fill(sheet, 5, code_1="insights.education")
    book = load_workbook(sheet)
    rows = [[cell.value for cell in row] for row in book["coding"].iter_rows()]
    turned = [list(reversed(row)) for row in [rows[0], *reversed(rows[1:])]]
    book.remove(book["coding"])
    page = book.create_sheet("coding")
    for row in turned:
        page.append(["" if value is None else value for value in row])
        for cell in page[page.max_row]:
            cell.data_type = "s"
    book.save(sheet)
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert read.refused == ()
    assert {d.target for d in read.decisions} == {"B:4"}


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"code_1": "need.other"}, 'a code in column "code 1" is not in the codebook'),
        ({"more_codes": "need.sequelae; foreign"}, 'a code in column "more codes" is not in the codebook'),
        ({"code_1": NONE, "code_2": "need.sequelae"}, '"none" stands beside a code'),
        ({"code_1": NONE, "certainty": 3}, "certainty is a number from 0 to 1, or a percentage"),
        ({"code_1": NONE, "flag": "perhaps"}, 'the flag is "x" or empty'),
        (
            {"code_1": "need.sequelae", "quotes": "we had someone"},
            "a quote's words do not stand in the passage as they are written",
        ),
        ({"quotes": "nobody to talk to"}, "a quote names no theme, and the row gives none"),
        (
            {"passage": "B:9"},
            "there is no such passage in this study; its id was edited, or the row added",
        ),
        (
            {"passage": "B:2", "code_1": NONE},
            "passage, words and key do not belong together: cells were moved or edited; sort whole rows only",
        ),
        (
            {"words": "We had somebody."},
            "passage, words and key do not belong together: cells were moved or edited; sort whole rows only",
        ),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_the_rest_read(
    sheet: Path, cells: dict[str, object], why: str
) -> None:
    fill(sheet, 4, code_1="need.sequelae")
    fill(sheet, 2, **cells)
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert [str(one) for one in read.refused] == [f"row 2: {why}"]
    assert {d.target for d in read.decisions} == {"B:3"}


def test_a_column_sorted_alone_is_noticed(sheet: Path) -> None:
    fill(sheet, 2, code_1="need.sequelae", words=TEXT.words(TEXT.passages[1]))
    fill(sheet, 3, words=TEXT.words(TEXT.passages[0]))
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert [one.where for one in read.refused] == ["row 2", "row 3"]
    assert read.decisions == ()
    assert read.missing == 2


def test_a_passage_that_stands_twice_is_refused_once(sheet: Path) -> None:
    book = load_workbook(sheet)
    page = book["coding"]
    page.append([cell.value for cell in page[2]])
    book.save(sheet)
    fill(sheet, 6, code_1=NONE)
    read = read_sheet(sheet, TEXT, BASIS, EMPTY)
    assert [str(one) for one in read.refused] == ["row 6: the passage stands in an earlier row too"]


def test_a_text_changed_since_is_said_so(sheet: Path) -> None:
    changed = sheet_text("We had nobody to talk to.", *(TEXT.words(p) for p in TEXT.passages[1:]))
    read = read_sheet(sheet, changed, basis_of(changed), EMPTY)
    assert [str(one) for one in read.refused] == [
        "row 2: the passage's text was changed since the sheet was made"
    ]


def test_codes_taken_out_are_asked_about(sheet: Path) -> None:
    before = fold([decided(Action.CODE, {"themes": [THEMES[0]]}), decided(Action.COMMIT, at=1)])
    read = read_sheet(sheet, TEXT, BASIS, before)
    assert [str(one) for one in read.refused] == [
        'row 2: the codes were taken out; write "none" where no theme applies'
    ]


def test_what_was_seen_stays_seen(sheet: Path) -> None:
    before = fold(
        [
            decided(Action.CODE, {"themes": [THEMES[0]]}),
            decided(Action.COMMIT, at=1),
            decided(Action.SEEN, {"themes": [THEMES[1]]}, at=2, saw_suggestion=True),
        ]
    )
    fill(sheet, 2, code_1=THEMES[1])
    read = read_sheet(sheet, TEXT, BASIS, before)
    assert [(d.action, d.saw_suggestion) for d in read.decisions] == [(Action.CODE, True)]
    coding = before.plus(read.decisions).codings["AB", "B:1"]
    assert (coding.blind, coding.final) == ({THEMES[0]}, {THEMES[1]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"study": "another"},
            "AB.xlsx is a sheet of another study; nothing was imported\n\n"
            "hint: import it into the study it was made in",
        ),
        (
            {"codebook_version": "8"},
            "AB.xlsx was made with codebook '7', this study has '8'; nothing was imported\n\n"
            "hint: import it into a copy of the study with that codebook, or say first what became of its "
            "themes: svp-nlp codebook migrate",
        ),
        (
            {"coders": frozenset({"CD", "EF"})},
            "'AB' is not one of the study's coders: CD, EF\n\nhint: svp.toml names them",
        ),
    ],
)
def test_a_sheet_of_something_else_is_refused_whole(
    sheet: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ReviewError) as error:
        read_sheet(sheet, TEXT, basis_of(TEXT, **changes), EMPTY)
    assert str(error.value) == message


def test_what_is_no_sheet_is_said_so(tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    other.write_text("passage,code", encoding="utf-8")
    with pytest.raises(ReviewError, match=r"other\.xlsx is not an XLSX workbook"):
        read_sheet(other, TEXT, BASIS, EMPTY)
    Workbook().save(other)
    with pytest.raises(ReviewError, match=r"other\.xlsx is no coding sheet: its page 'about' is gone"):
        read_sheet(other, TEXT, BASIS, EMPTY)
    with pytest.raises(ReviewError, match=r"gone\.xlsx cannot be read"):
        read_sheet(tmp_path / "gone.xlsx", TEXT, BASIS, EMPTY)


def test_a_renamed_column_is_said_so(sheet: Path) -> None:
    book = load_workbook(sheet)
    book["coding"].cell(1, column(book["coding"], "memo"), "notes")
    book.save(sheet)
    with pytest.raises(ReviewError, match=r"AB\.xlsx has no column 'memo'"):
        read_sheet(sheet, TEXT, BASIS, EMPTY)


def test_what_looks_like_a_formula_is_text(sheet: Path) -> None:
    page = load_workbook(sheet)["coding"]
    cell = page.cell(3, column(page, "words"))
    assert cell.value == TEXT.words(TEXT.passages[1])
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_no_codes_for_a_stranger(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="is not one of the study's coders"):
        write_sheet(tmp_path / "X.xlsx", "XY", TEXT, basis_of(TEXT, coders=frozenset({"AB"})), EMPTY)
    assert list(tmp_path.iterdir()) == []


hard = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n\"'“”…:;🙂👩‍⚕️א؟\u202e\u0000\x0b\ud800\ufffe_x000D_<&"),
        st.characters(),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(hard.filter(str.strip), min_size=1, max_size=4), memo=hard, data=st.data())
def test_a_round_trip_loses_nothing(tmp_path: Path, answers: list[str], memo: str, data: Any) -> None:
    text = sheet_text(*(a.replace("\n", " ") for a in answers))
    basis, said = basis_of(text), []
    for passage in text.passages:
        themes = data.draw(st.lists(st.sampled_from(THEMES), unique=True))
        about: dict[str, Any] = {"target": passage.id, "coder": "AB"}
        value = {"themes": themes, "certainty": data.draw(st.floats(0, 1))}
        said += [decided(Action.CODE, value, **about), decided(Action.COMMIT, at=1, **about)]
        said.append(decided(Action.MEMO, {"text": memo}, at=2, **about))
        said.append(decided(Action.FLAG, {"on": data.draw(st.booleans())}, at=3, **about))
        start, end = passage.pieces[0].start, passage.pieces[0].end
        cut = Span(start, data.draw(st.integers(start + 1, end)))
        if text.transcripts["B"][cut].strip() and themes:
            value = {"theme": themes[0], "pieces": [[cut.start, cut.end]]}
            said.append(decided(Action.QUOTE, value, at=4, **about))
    path, state = tmp_path / "AB.xlsx", fold(said)
    write_sheet(path, "AB", text, basis, state)

    again = read_sheet(path, text, basis, state)
    assert (again.decisions, again.refused) == ((), ())
    fresh = read_sheet(path, text, basis, EMPTY)
    assert fresh.refused == ()
    anew = fold(fresh.decisions)
    for key, coding in state.codings.items():
        assert told(anew.codings[key]) == told(coding)
        assert anew.codings[key].certainty == pytest.approx(coding.certainty, abs=1e-4)


def told(coding: Coding) -> tuple[object, ...]:
    """What must survive; white space and what no cell can hold may be put otherwise."""
    memo = [c for m in coding.memos for c in m if c.isprintable() and c != "\ufffd" and not c.isspace()]
    return coding.blind, coding.final, coding.flagged, memo, len(coding.quotes)
