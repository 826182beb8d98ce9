"""The one file in which people code without Python: it loads nothing, and what it saves comes back whole."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from browser_help import Browser, chromium
from review_help import SAID, THEMES, coding_material
from svp_nlp.errors import ReviewError
from svp_nlp.model import Span
from svp_nlp.review.checks import Basis, Imported
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.fold import fold
from svp_nlp.review.page import coding_file, shell, static
from svp_nlp.review.session import CodingMaterial, coding_row
from svp_nlp.review.store import DecisionLog

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the driver's own sockets


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Browser]:
    with chromium(downloads) as made:
        yield made


def data_in(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="svp-data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def basis_of(material: CodingMaterial) -> Basis:
    texts = {
        p.id: (material.transcripts[p.transcript].sha256, len(material.transcripts[p.transcript]))
        for p in material.passages
    }
    return Basis(material.study, material.codebook.version, frozenset(THEMES), texts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3))
def test_every_text_comes_through(said: list[str]) -> None:
    material = coding_material(said)
    page = coding_file(material, "AB")
    rows = {row["passage"]: row for row in data_in(page)["passages"]}
    transcript = material.transcripts["B"]
    for passage in material.passages:
        for text, start, end, *_ in rows[passage.id]["pieces"]:
            assert transcript.text[start:end].translate(dict.fromkeys(map(ord, LINE_ENDS), " ")) == text


LINE_ENDS = "\r\n\t\v\f\u0085\u2028\u2029"


def test_it_may_load_nothing_and_runs_only_what_it_holds() -> None:
    page = coding_file(coding_material(["</script><script>alert(1)</script><!--"]), "AB")
    policy = html.unescape(re.search(r'Policy" content="(.*?)">', page)[1])  # type: ignore[index]
    for kind, text in (("script", static("review.js")), ("style", static("review.css"))):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert page.count("</script>") == 2
    assert "<!--" not in page
    assert not re.search(r"https?://", page)


def test_without_suggestions_there_is_nothing_to_look_up() -> None:
    blind, assisted = (coding_file(coding_material(), "AB", assisted=on) for on in (False, True))
    assert "An example of it" in assisted
    assert "An example of it" not in blind
    assert not any("offered" in row or "shown" in row for row in data_in(blind)["passages"])


def test_the_file_names_the_themes_little_is_known_of_only_beside_suggestions() -> None:
    material = coding_material(little=("need.fear",))
    told = [data_in(coding_file(material, "AB", assisted=on))["little"] for on in (True, False)]
    assert told == [["need.fear"], []]


def test_a_coder_needs_a_name() -> None:
    with pytest.raises(ReviewError, match="a coder needs a name"):
        coding_file(coding_material(), "")


def test_the_server_s_page_and_the_file_are_one() -> None:
    assert 'src="review.js"' in shell()
    assert static("review.js") in coding_file(coding_material(), "AB")


def enter(browser: Browser, path: Path) -> None:
    browser.complaints()
    browser.open(path.as_uri())
    browser.until(lambda: browser.text(".spoken"), "the file did not open")


def test_coding_without_python(browser: Browser, downloads: Path, tmp_path: Path) -> None:
    material = coding_material()
    page = tmp_path / "coding.html"
    page.write_text(coding_file(material, "AB"), encoding="utf-8")
    enter(browser, page)
    assert browser.text(".tabs") == ""  # others' codes are not in it
    browser.press("1")
    browser.act("2")
    browser.act("s")
    browser.sees(".status", "Commit your own codes first")
    browser.act("Enter", "k", "s", "a", "r", "m")
    browser.press(*'=1+1 "ü" 👩‍👧 שלום')
    browser.press("Tab")
    browser.act("Enter")
    browser.act("j", "j", "j")
    browser.press("1")
    browser.act("2", "v")
    for _ in range(30):
        browser.press("ArrowRight", shift=True)
    browser.act("q", "f", "u")
    browser.driver.refresh()  # the browser keeps it
    browser.until(lambda: browser.text(".spoken"))
    browser.sees(".top", "Save 10 decisions")
    browser.run("document.querySelector('[data-focus=save]').click()")
    saved = downloads / "decisions-AB.jsonl"
    browser.until(saved.exists, "nothing was saved")
    assert browser.complaints() == []

    log = DecisionLog(tmp_path / "d.sqlite", material.study)
    assert log.import_jsonl(saved, basis_of(material)) == Imported(10, 0)
    assert log.import_jsonl(saved, basis_of(material)) == Imported(0, 10)
    codings = fold(log.read()).codings
    first, fourth = codings["AB", "B:2"], codings["AB", "B:8"]
    order = material.order("B:2", "AB")
    assert first.blind == {"need.fear"}
    assert [(v.theme, v.action) for v in first.verdicts] == [
        (order[0], Action.ACCEPT),
        (order[1], Action.REJECT),
    ]
    assert first.verdicts[0].rank == material.offered("B:2").index(order[0]) + 1
    assert first.memos == ('=1+1 "ü" 👩‍👧 שלום',)
    assert not fourth.flagged
    words = "".join(material.transcripts["B"][Span(p.start, p.end)] for p in fourth.quotes[0].pieces)
    assert words == SAID[3]
    log.close()


def test_saved_decisions_are_taken_up_elsewhere(browser: Browser, tmp_path: Path) -> None:
    material = coding_material(["Only this."], study="study-2")
    page = tmp_path / "coding.html"
    page.write_text(coding_file(material, "CD"), encoding="utf-8")
    sha = material.transcripts["B"].sha256
    mine = Decision(
        "study-2", "CD", "coding", "B:2", Action.CODE, {"themes": ["ways.rest"]},
        codebook_version="1", text_sha256=sha,
    )  # fmt: skip
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps(mine.as_row()), encoding="utf-8")
    bad.write_text(json.dumps(mine.as_row() | {"study": "study-1"}), encoding="utf-8")
    enter(browser, page)
    browser.find(".hidden-file").send_keys(str(bad))
    browser.sees(".problem", "decisions of another study, text or coder (nothing was taken in)")
    browser.find(".hidden-file").send_keys(str(good))
    browser.sees(".status", "1 decision taken in")
    browser.sees(".codes", "Rest")


def sequences(dice: random.Random, count: int) -> Iterator[list[Decision]]:
    """Yield what one coder may have decided about one passage, in any order at all."""
    for _ in range(count):
        made: list[Decision] = []
        now = datetime(2026, 1, 1, tzinfo=UTC)
        for n in range(dice.randrange(1, 14)):
            action = dice.choice([*VALUES, Action.UNDO]) if made else dice.choice(list(VALUES))
            parent = dice.choice(made).id if action is Action.UNDO else None
            value = {} if action is Action.UNDO else VALUES[action](dice)
            when = now + timedelta(seconds=n)
            made.append(
                Decision(
                    "s", "AB", "coding", "B:2", action, value, time=when, parent=parent,
                    saw_suggestion=dice.random() < 0.1,
                )
            )  # fmt: skip
        yield made


def some(dice: random.Random) -> list[str]:
    return sorted(dice.sample(THEMES, dice.randrange(3)))


def coded(dice: random.Random) -> dict[str, Any]:
    themes = some(dice)
    more: dict[str, Any] = {"certainty": dice.choice([1, 0.5])} if dice.random() < 0.3 else {}
    if themes and dice.random() < 0.3:
        more["pieces"] = {themes[0]: [[1, 4]]}
    return {"themes": themes, **more}


VALUES: dict[Action, Any] = {
    Action.CODE: coded,
    Action.ACCEPT: lambda dice: {"theme": dice.choice(THEMES)},
    Action.REJECT: lambda dice: {"theme": dice.choice(THEMES)},
    Action.CHANGE: lambda dice: {"theme": dice.choice(THEMES), "to": some(dice)},
    Action.NONE: lambda dice: {},
    Action.QUOTE: lambda dice: {"theme": dice.choice(THEMES), "pieces": [[0, dice.randrange(1, 9)]]},
    Action.MEMO: lambda dice: {"text": f"memo {dice.random()}"},
    Action.FLAG: lambda dice: {"on": dice.random() < 0.5},
    Action.COMMIT: lambda dice: {},
    Action.SEEN: lambda dice: {"themes": dice.sample(THEMES, 3)},
    Action.ADJUDICATE: lambda dice: {"themes": some(dice)},
}


def test_the_page_folds_as_python_does(browser: Browser) -> None:
    """Two folds, one truth: any run of decisions comes to the same in the file and in the library."""
    made = list(sequences(random.Random(20), 1500))
    browser.driver.get("about:blank")
    module = "data:text/javascript;base64," + base64.b64encode(static("review.js").encode()).decode()
    browser.driver.set_script_timeout(30)
    folded = browser.driver.execute_async_script(
        "const [url, runs, done] = arguments;"
        "import(url).then((m) => done(runs.map(m.foldPassage)), (fault) => done(String(fault)))",
        module,
        [[decision.as_row() for decision in run] for run in made],
    )
    for run, page in zip(made, folded, strict=True):
        coding = fold(run).codings.get(("AB", "B:2"))
        assert page == (None if coding is None else coding_row(coding)), [d.action.value for d in run]
