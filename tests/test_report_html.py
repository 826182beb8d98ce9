from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.errors import StudyError
from svp_nlp.model import (
    Codebook,
    Domain,
    Exemplar,
    Grounds,
    Label,
    Leak,
    Passage,
    Quote,
    Reason,
    Role,
    Source,
    Span,
    Suggestion,
    Suggestions,
    Theme,
    Topic,
    Transcript,
    Turn,
)
from svp_nlp.reporting.data import Decided, ReportData
from svp_nlp.reporting.html import html_report
from svp_nlp.reporting.tables import decided_table, matrix_table, themes_table
from svp_nlp.reporting.texts import chance, opening, passage_pieces, quoted

ATTACK = '<script>alert("x")</script><img src=x onerror=alert(1)>'
VOID = {"meta", "img", "br", "hr", "link", "input"}
CODEBOOK = Codebook(
    "A & B codebook",
    "3",
    (Domain("need", "Need & <worry>"), Domain("ways", "Ways")),
    (
        Theme(
            "need.sleep",
            "Sleepless",
            "need",
            "Nights <awake>.",
            exemplars=(Exemplar("I lay awake", "C page 8"),),
        ),
        Theme("ways.peers", "Peers", "ways"),
    ),
)


@dataclass
class Page(HTMLParser):
    """A page read back: its elements, its text outside style, and whether its tags close in order."""

    source: str = ""
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    style: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert self.open == []
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += f" {data}" if not self.text or data[:1].isspace() else data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def transcript(id_: str, *said: str, pages: tuple[int, ...] = ()) -> Transcript:
    """Interviewer and respondent in turn, a line each: "Q: …", "A: …"."""
    text, turns = "", []
    for index, words in enumerate(said):
        label, start = "QA"[index % 2], len(text)
        text += f"{label}: {words}\n"
        speech = Span(start + 3, len(text) - 1)
        role = Role.RESPONDENT if index % 2 else Role.INTERVIEWER
        turns.append(Turn(index, Span(start, speech.end), (speech,), Span(start, start + 1), label, role))
    source = Source(path=Path("/home/ann/Secretname_interview.txt"), notes=("read as cp1252",))
    return Transcript(id_, text, tuple(turns), page_starts=pages, source=source)


def passages_of(t: Transcript) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            f"{t.id}:{turn.index + 1}",
            t.id,
            turn.index,
            turn.speech,
            t.turns[turn.index - 1].speech if turn.role is Role.RESPONDENT else (),
            turn.role,
            t.page_of(turn.span.start),
        )
        for turn in t.turns
    )


def found(t: Transcript, words: str) -> Span:
    at = t.text.index(words)
    return Span(at, at + len(words))


@pytest.fixture
def data() -> ReportData:
    told = ("I did not sleep. [PERSON 3] called me.", "=SUM(A1) he said.")
    b = transcript("B", "How were the nights?", told[0], "And then?", told[1], pages=(0,))
    k = transcript("K", "Who helped?", f"My peers did, and {ATTACK}.")
    passages = (*passages_of(b), *passages_of(k))
    why = Reason(
        "I lay awake", "C page 8", (found(b, "I did not sleep."),), ("sleep", "night"), "ways.peers", 0.21
    )
    return ReportData(
        title=f"Study {ATTACK}",
        codebook=CODEBOOK,
        transcripts={"B": b, "K": k},
        entity_counts={"B": {Label.PERSON: 2, Label.AGE: 1}, "K": {Label.CONTACT: 4}},
        review_open=2,
        verified=True,
        passages=passages,
        suggestions=(
            Suggestions("B:2", 0.9, (Suggestion("need.sleep", "need", 0.62, why),), False),
            Suggestions("B:4", 0.1, (Suggestion("ways.peers", "ways", 0.11),), True),
            Suggestions(
                "K:2",
                0.7,
                (Suggestion("ways.peers", "ways", 0.3), Suggestion("need.sleep", "need", 0.2)),
                False,
            ),
        ),
        quotes=(
            Quote("need.sleep", "B", "B:2", (found(b, "I did not sleep."),), 0.8, "B page 1"),
            Quote("ways.peers", "B", "B:4", (found(b, "=SUM(A1) he said."),), 0.4, "B page 1"),
        ),
        topics=(Topic(("soup", "bread"), ("K:2", "B:4"), None, 0.12, 0.8),),
        topics_message="1 topic in 2 unexplained passages",
        topic_map_svg="<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        receipt={"suggest": {"svp_nlp": "9.8.7", "model": ATTACK, "seeds": [1, 2], "locale": None}},
    )


def test_the_page_is_well_formed_and_named(data: ReportData) -> None:
    source = html_report(data)
    page = Page(source)
    assert source.lstrip().startswith("<!doctype html>")
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("h1")) == 1
    assert [len(page.named(tag)) for tag in ("header", "main", "footer", "nav")] == [1, 1, 1, 1]
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = [str(a["href"]).removeprefix("#") for a in page.named("a")]
    assert set(targets) <= set(ids)


def test_text_is_escaped_everywhere(data: ReportData) -> None:
    source = html_report(data)
    page = Page(source)
    assert page.named("script") == []
    assert all(str(a["src"]).startswith("data:image/svg+xml;base64,") for a in page.named("img"))
    assert not any(name.startswith("on") or name == "style" for _, a in page.elements for name in a)
    assert page.text.count('<script>alert("x")</script>') >= 4  # title, heading, passage, receipt: as words


def test_the_policy_allows_this_style_and_nothing_else(data: ReportData) -> None:
    page = Page(html_report(data))
    policies = [a["content"] for a in page.named("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert "http" not in page.style
    assert "@import" not in page.style
    assert page.named("link") == []


def test_nothing_of_the_source_side_is_shown(data: ReportData) -> None:
    source = html_report(data)
    for secret in ("Secretname", "/home/ann", "cp1252"):
        assert secret not in source
    assert "Secretname" not in repr(data)
    assert "sleep" not in repr(data)


@pytest.mark.parametrize(
    ("verified", "leaks", "headline", "promise"),
    [
        (True, 0, "Verified, review not finished", "leads back to them by page or turn"),
        (False, 0, "Not clean", "Treat it like an original"),
        (True, 1, "Not clean", "Treat it like an original"),
        (None, 0, "Not verified", "Treat it like an original"),
    ],
)
def test_the_state_is_said_in_words(
    data: ReportData, verified: bool | None, leaks: int, headline: str, promise: str
) -> None:
    leak = Leak("B", Span(0, 4), Label.PERSON, "PERSON 3", "surname alone")
    page = Page(html_report(replace(data, verified=verified, leaks=[leak] * leaks)))
    said = {"Verified clean", "Verified, review not finished", "Not clean", "Not verified"}
    assert {words for words in said if words in page.text} == {headline}
    assert promise in page.text
    assert ("surname alone" in page.text) == bool(leaks)
    assert "2 doubtful findings wait for a person." in page.text


def test_clean_is_said_when_people_are_done_too(data: ReportData) -> None:
    page = Page(html_report(replace(data, verified=True, leaks=[], review_open=0)))
    assert "Verified clean" in page.text
    assert "No doubtful finding waits for a person." in page.text


def test_counts_stand_in_the_table_with_headers(data: ReportData) -> None:
    source = html_report(data)
    row = re.search(r'<tr><th scope="row"><a href="#transcript-1">B</a></th>(.*?)</tr>', source, re.DOTALL)
    assert row is not None
    cells = re.findall(r">([^<]*)</td>", row.group(1))
    assert cells == ["txt", "4", "17", "1", "2", "0", "0", "0", "0", "0", "0", "1"]
    total = re.search(r'<tfoot><tr><th scope="row">All</th>(.*?)</tr>', source, re.DOTALL)
    assert total is not None
    assert re.findall(r">([^<]*)</td>", total.group(1))[-8:] == ["2", "0", "0", "0", "0", "4", "0", "1"]
    assert all(a.get("scope") for a in Page(source).named("th"))


def test_themes_show_counts_quotes_and_that_nobody_confirmed_them(data: ReportData) -> None:
    text = Page(html_report(data)).text
    assert text.count("Suggested by the machine, not confirmed by anyone.") == 2
    assert "Domain 1 Need & <worry>" in text
    assert "1 first" in text
    assert "2 in three" in text  # need.sleep: first for B:2, second for K:2
    assert "I did not sleep.B page 1" in text


def test_themes_show_what_their_suggestions_rest_on(data: ReportData) -> None:
    known = (Grounds("need.sleep", 1, 1, 6), Grounds("ways.peers", 0, 0, 2, few=True))
    text = Page(html_report(replace(data, grounds=known, grounds_remark="1 of 2 <themes> has few."))).text
    assert "2 in three 1 cue, 1 exemplar, 6 confirmed" in text
    assert "little known: 0 cues, 0 exemplars, 2 confirmed" in text
    assert text.count("little known") == 1
    assert "1 of 2 <themes> has few." in text
    assert "0 exemplars" not in Page(html_report(data)).text  # nothing is said where it is not known


def test_what_is_known_of_another_theme_is_refused(data: ReportData) -> None:
    with pytest.raises(StudyError, match=r"need\.gone"):
        replace(data, grounds=(Grounds("need.gone", 1, 1, 1),))


def test_a_passage_shows_question_highlight_and_reason(data: ReportData) -> None:
    source = html_report(data)
    text = Page(source).text
    assert "<mark>I did not sleep.</mark>" in source
    assert '<span class="pseudonym">[PERSON 3]</span>' in source
    assert "Asked How were the nights?" in text
    assert "likely 0.62" in text
    assert "“I lay awake” (codebook: C page 8)" in text
    assert "sleep, night" in text
    assert "“Peers” is 0.21 behind" in text
    assert "None suggested: no theme of the codebook fits well enough." in text


def test_topics_show_size_stability_and_that_they_lie_outside(data: ReportData) -> None:
    text = Page(html_report(data)).text
    assert "soup · bread" in text
    assert "2 passages in 2 transcripts" in text
    assert "came back in 80 % of the runs" in text
    assert "outside the codebook (highest likeness 0.12)" in text


def test_methods_and_receipt_are_told(data: ReportData) -> None:
    text = Page(html_report(data)).text
    assert (
        "2 interview transcripts were de-identified with svp-nlp 9.8.7; 7 identifiers were replaced" in text
    )
    assert "themes were suggested for 2 of them" in text
    assert "1, 2" in text


def test_an_empty_study_still_makes_a_page() -> None:
    bare = Codebook("Empty", "", (Domain("a", "A"),), ())
    text = Page(html_report(ReportData("Nothing yet", bare, {}))).text
    assert "Not verified" in text
    assert "This domain has no themes." in text
    assert "0 interview transcripts were de-identified" in text


def test_what_belongs_to_another_state_is_refused(data: ReportData) -> None:
    with pytest.raises(StudyError) as caught:
        replace(data, topics=(Topic(("soup",), ("X:1",)),))
    assert caught.value.message == 'a topic refers to passage "X:1", which this study does not have'
    with pytest.raises(StudyError):
        replace(data, suggestions=(Suggestions("B:2", 1.0, (Suggestion("need.none", "need", 0.5),), False),))
    with pytest.raises(StudyError):
        replace(data, quotes=(Quote("need.sleep", "Z", "B:2", (Span(0, 1),)),))


def test_the_code_report_is_csv_without_formulas(data: ReportData) -> None:
    rows = list(csv.DictReader(io.StringIO(themes_table(data))))
    assert [(r["theme"], r["quote"], r["citation"], r["status"]) for r in rows] == [
        ("need.sleep", "I did not sleep.", "B page 1", "suggested"),
        ("ways.peers", "'=SUM(A1) he said.", "B page 1", "suggested"),
    ]
    without = list(csv.DictReader(io.StringIO(themes_table(replace(data, quotes=())))))
    assert [r["status"] for r in without] == ["no quote suggested"] * 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " ="])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    codebook = replace(CODEBOOK, themes=(Theme("need.x", start + "1+1", "need"),))
    table = themes_table(ReportData("t", codebook, {}))
    assert not any(
        c.lstrip(" \t").startswith(("=", "+", "-", "@")) for r in csv.reader(io.StringIO(table)) for c in r
    )


def test_the_matrix_counts_first_suggestions_by_transcript(data: ReportData) -> None:
    rows = list(csv.reader(io.StringIO(matrix_table(data))))
    assert rows == [
        ["domain", "theme", "label", "B", "K"],
        ["need", "need.sleep", "Sleepless", "1", "0"],
        ["ways", "ways.peers", "Peers", "0", "1"],
        ["", "", "none suggested", "1", "0"],
    ]


def test_a_transcript_without_respondents_leaves_nobody_out() -> None:
    t = transcript("B", "One.", "Two.")
    asked = tuple(replace(p, role=Role.INTERVIEWER) for p in passages_of(t))
    assert ReportData("t", CODEBOOK, {"B": t}, passages=asked).answers() == asked


def test_a_quote_shows_where_speech_was_left_out() -> None:
    text = "A: One two. Three. Four.\n   five"
    turn = Turn(0, Span(0, len(text)), (Span(3, 24), Span(28, 32)), Span(0, 1), "A", Role.RESPONDENT)
    t = Transcript("B", text, (turn,))
    gap = Quote("x", "B", "B:1", (found(t, "One two."), found(t, "Four.")))
    whole = Quote("x", "B", "B:1", (found(t, "Four."), found(t, "five")))
    assert quoted(t, gap) == "One two. … Four."
    assert quoted(t, whole) == "Four. five"


@given(
    st.lists(st.text("ab [PERSON3]\n", min_size=1, max_size=12), min_size=1, max_size=4),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_marking_loses_no_word(parts: list[str], start: int, length: int) -> None:
    text = "|".join(parts)
    pieces, at = [], 0
    for part in parts:
        pieces.append(Span(at, at + len(part)))
        at += len(part) + 1
    t = Transcript("B", text)
    p = Passage("B:1", "B", 0, tuple(pieces))
    mark = Span(min(start, len(text)), min(start + length, len(text)))
    shown = passage_pieces(t, p, (mark,))
    words = "".join(piece.text for piece in shown)
    assert re.sub(r"\s", "", words) == re.sub(r"\s", "", "".join(parts))
    marked = sum(len(re.sub(r"\s", "", piece.text)) for piece in shown if piece.marked)
    inside = [text[max(s.start, mark.start) : min(s.end, mark.end)] for s in pieces if s.overlaps(mark)]
    assert marked == len(re.sub(r"\s", "", "".join(inside)))


@given(st.text(max_size=60), st.integers(1, 30))
def test_an_opening_is_a_beginning_of_bounded_length(text: str, most: int) -> None:
    short = opening(text, most)
    assert len(short) <= most + 1
    assert text.startswith(short.removesuffix("…")) or short == text


def test_chances_fit_the_figure_beside_them() -> None:
    assert [chance(s) for s in (0.5, 0.4951, 0.494, 0.2, 0.1949, 0.0)] == [
        "likely", "likely", "possible", "possible", "unlikely", "unlikely",
    ]  # fmt: skip


def test_an_unsure_theme_is_shown_with_its_domain_and_its_exclusion_cue(data: ReportData) -> None:
    first = data.suggestions[0]
    why = replace(first[0].because, exclusion="Tired of the work itself: no code")
    unsure = replace(first, ranked=(replace(first[0], because=why),), domain="need")
    page = html_report(replace(data, suggestions=(unsure, *data.suggestions[1:])))
    assert "the domain is probably Need & <worry>." in Page(page).text
    assert "Tired of the work itself: no code" in Page(page).text
    assert "the domain is probably" not in html_report(data)


@pytest.fixture
def decided(data: ReportData) -> ReportData:
    t = data.transcripts["B"]
    made = Decided(
        {"B:2": frozenset({"need.sleep", "ways.peers"}), "K:2": frozenset()},
        {"by one coder": 1, "adjudicated": 1},
        differing=1,
        coders=2,
        quotes=(Quote("ways.peers", "B", "B:2", (found(t, "called me."),), citation="B page 1"),),
        agreement=f"Agreement {ATTACK}.",
        figures=("agreement.svg",),
    )
    return replace(data, decided=made)


def test_what_people_decided_stands_before_what_is_suggested(decided: ReportData) -> None:
    page = Page(html_report(decided))
    sections = [a["id"] for _, a in page.elements if a.get("id") in ("decided", "themes")]
    assert sections == ["decided", "themes"]
    assert "2 of 3 passages besides the interviewers’ questions are decided: 1 by one coder" in page.text
    assert "On 1 passage coders differ and nobody has resolved it yet; it does not count." in page.text
    assert "decided: Sleepless, Peers" in page.text
    assert "decided: no theme" in page.text
    assert "called me." in page.text
    assert "not confirmed by anyone" not in page.text
    assert "confirmed by anyone" not in page.text
    assert {"href": "review/agreement.svg"} in page.named("a")
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert page.named("script") == []


def test_what_people_decided_in_tables(decided: ReportData) -> None:
    rows = list(csv.reader(io.StringIO(decided_table(decided))))
    assert rows[0] == ["domain", "theme", "label", "B", "K"]
    assert rows[1:3] == [
        ["need", "need.sleep", "Sleepless", "1", "0"],
        ["ways", "ways.peers", "Peers", "1", "0"],
    ]
    assert rows[3:] == [["", "", "no theme applies", "0", "1"], ["", "", "not decided", "1", "0"]]
    quotes = list(csv.DictReader(io.StringIO(themes_table(decided))))
    assert [(q["theme"], q["status"]) for q in quotes] == [
        ("need.sleep", "suggested"),
        ("ways.peers", "decided"),
        ("ways.peers", "suggested"),
    ]


def test_a_decision_about_nothing_here_is_an_error(data: ReportData) -> None:
    with pytest.raises(StudyError, match='a decision refers to passage "Z:1"'):
        replace(data, decided=Decided({"Z:1": frozenset()}))
