"""The notebook's door: the same answers as the page's, and nothing of the study in the saved file."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from browser_help import Browser, chromium
from review_help import SAID, coding_desk, identifier_desk, kept
from svp_nlp.example import example_sources
from svp_nlp.reading import read
from svp_nlp.review.page import static
from svp_nlp.review.session import CodingDesk
from svp_nlp.review.widget import reply, review_widget
from svp_nlp.study import Study


@pytest.fixture
def desk(tmp_path: Path) -> CodingDesk:
    return coding_desk(tmp_path / "d.sqlite", [*SAID, "cut \ud83d here"])


def test_a_message_gets_its_answer(desk: CodingDesk) -> None:
    answer = reply(desk, {"call": "x-1", "verb": "open", "body": {"coder": "AB"}})
    assert (answer["call"], answer["status"]) == ("x-1", 200)
    row = json.loads(str(answer["row"]))
    assert row["passages"][-1][4] == "cut \ud83d here"
    assert str(answer["row"]).isascii()


def test_a_problem_is_an_answer_too(desk: CodingDesk) -> None:
    answer = reply(desk, {"call": "x-2", "verb": "suggestions", "body": {"coder": "AB", "passage": "B:2"}})
    assert answer["status"] == 400
    assert json.loads(str(answer["row"]))["error"] == "commit your own codes first"
    assert reply(desk, {"call": "x-3", "verb": None})["status"] == 400


@pytest.mark.filterwarnings("default")  # warnings of the widget library's own start are not ours
def test_its_state_is_the_program_and_nothing_else(tmp_path: Path, desk: CodingDesk) -> None:
    sent: list[Any] = []
    for one in (desk, identifier_desk(tmp_path / "r.sqlite")):
        widget = review_widget(one)
        widget.send = lambda content, buffers=None: sent.append(content)
        widget._handle_custom_msg({"call": "x-1", "verb": "open", "body": {"coder": "AB"}}, [])
        state = json.dumps(widget.get_state(), default=str) + repr(widget)
        for words in ("lay awake", "colleague", "General", "Zebulon", "A small study"):
            assert words not in state
        assert widget.get_state()["_esm"] == static("review.js")
        widget.close()
    assert [answer["status"] for answer in sent] == [200, 200]


@pytest.mark.filterwarnings("default")
def test_a_saved_notebook_holds_no_word_of_an_interview(demo: Path, tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    lines = ["from svp_nlp import Study", f"study = Study({str(demo)!r})"]
    cells = ["\n".join(lines), "study.review('AB')", "study.review('AB', redaction=True)", "study.cleared"]
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=resources, store_widget_state=True).execute()
    shown = [out for cell in notebook.cells for out in cell.outputs]
    assert sum("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in shown) == 2
    assert "widgets" in notebook.metadata
    saved = nbformat.writes(notebook)
    assert "lmSuppressShortcuts" in saved  # the page's own program is there
    for source in example_sources():
        transcript = read(source, id="T")
        said = [words for turn in transcript.turns if len(words := transcript.said(turn)) > 25]
        assert said
        assert not [words for words in said if words[:25] in saved]
        for name in {turn.speaker for turn in transcript.turns if turn.speaker}:
            assert not re.search(rf"\b{re.escape(name)}\b", saved)
    for transcript in Study(demo).transcripts.values():
        said = [words for turn in transcript.turns if len(words := transcript.said(turn)) > 25]
        assert not [words for words in said if words[:25] in saved]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


HOST = """
const [url, css, done] = arguments;
const style = document.createElement('style');
style.textContent = css;
document.body.replaceChildren(style);
const waiting = [];
window.sent = [];
const model = { on: (kind, f) => waiting.push(f), send: (content) => window.sent.push(content) };
window.receive = (answer) => waiting.forEach((f) => f(answer));
const el = document.createElement('div');
document.body.append(el);
import(url).then((m) => { m.default.render({ model, el }); done(true); }, (fault) => done(String(fault)));
"""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the driver's own sockets
def test_the_same_module_codes_in_a_notebook(browser: Browser, desk: CodingDesk) -> None:
    """A notebook's part is played here: messages go over, answers come back, keys stay in the widget."""
    browser.driver.get("about:blank")
    module = "data:text/javascript;base64," + base64.b64encode(static("review.js").encode()).decode()
    assert browser.driver.execute_async_script(HOST, module, static("review.css")) is True

    def carry(until: Any) -> None:
        def step() -> object:
            for message in browser.run("return window.sent.splice(0)"):
                browser.run("window.receive(arguments[0])", reply(desk, message))
            return until()

        browser.until(step)

    carry(lambda: browser.text(".who-form"))
    browser.press(*"AB", "Enter")
    carry(lambda: browser.text(".spoken"))
    browser.run("window.outside = 0; document.addEventListener('keydown', () => { window.outside += 1; })")
    browser.press("1", "2")
    carry(lambda: "Fear" in browser.text(".codes"))
    browser.press("Enter")
    carry(lambda: "B turn 4" in browser.text(".work .cite"))
    assert [d.action.value for d in kept(desk)] == ["code", "commit"]
    assert browser.run("return window.outside") == 0  # or the notebook would take keys for its own
    assert browser.find(".svp-review").get_attribute("data-lm-suppress-shortcuts") == "true"
