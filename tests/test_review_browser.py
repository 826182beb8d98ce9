"""The review page in a real browser, worked from the keyboard alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser_help import Browser, chromium
from review_help import SAID, coding_desk, coding_material, identifier_desk, kept
from svp_nlp.model import Span
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.server import ReviewServer
from svp_nlp.review.session import CodingDesk
from svp_nlp.review.store import DecisionLog

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the driver's own sockets


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> CodingDesk:
    return coding_desk(tmp_path / "d.sqlite")


def enter(browser: Browser, server: ReviewServer, coder: str = "AB") -> None:
    """Open the page and say who one is, from the keyboard."""
    browser.open(server.url)
    browser.until(lambda: browser.text(".who-form"), "the page did not open")
    browser.press(*coder, "Enter")
    browser.until(lambda: browser.text(".work"), "nothing is shown")


def choose(browser: Browser, *themes: str) -> None:
    """Choose codes by their two keys: "11" is the first code of the first domain."""
    for first, second in themes:
        browser.press(first)
        browser.act(second)


def actions(desk: Any) -> list[str]:
    return [decision.action.value for decision in kept(desk)]


@pytest.fixture(autouse=True)
def _no_complaints(browser: Browser) -> Iterator[None]:
    """Whatever a test does, the browser finds no fault in the script and no broken policy."""
    browser.complaints()
    yield
    refused = "400 (Bad Request)"  # a refusal is an answer; the browser notes it
    gone = "ERR_CONNECTION_REFUSED"
    assert [words for words in browser.complaints() if refused not in words and gone not in words] == []


def test_blind_coding(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        assert "I lay awake for weeks" in browser.text(".spoken")
        choose(browser, "12", "21")
        browser.act("s")
        browser.sees(".status", "Commit your own codes first")
        assert not browser.text(".suggestions")
        browser.act("Enter")
        browser.sees(".work .cite", "B turn 4")
        browser.act("n")
        browser.sees(".codes", "no code")
    assert actions(desk) == ["code", "code", "commit", "none", "commit"]
    coding = desk.journal.state.codings["AB", "B:2"]
    assert coding.blind == {"need.fear", "ways.peers"}
    assert not coding.seen
    assert desk.journal.state.codings["AB", "B:4"].final == set()


def test_assisted_coding(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.act("Enter", "k", "s")
        browser.sees(".suggestions", "random order")
        assert "the model:" not in browser.text(".suggestions")
        sizes = browser.run(
            "return [...document.querySelectorAll('.card .verdict')].map((b) => "
            "[b.getBoundingClientRect().width, b.getBoundingClientRect().height].map(Math.round).join())"
        )
        assert len(sizes) == 9
        assert len(set(sizes)) == 1
        browser.act("a", "r", "c")
        choose(browser, "23")
        browser.act("Enter")
        browser.sees(".suggestions", "changed")
    order = desk.material.order("B:2", "AB")
    made = [d for d in kept(desk) if d.action in (Action.ACCEPT, Action.REJECT, Action.CHANGE)]
    assert [(d.action, d.value["theme"]) for d in made] == list(
        zip((Action.ACCEPT, Action.REJECT, Action.CHANGE), order, strict=True)
    )
    assert made[2].value["to"] == ["ways.rest"]
    assert all(d.saw_suggestion and d.order_shown == order for d in made)
    assert desk.journal.state.codings["AB", "B:2"].blind == {"need.sleep"}


def test_little_known_themes_are_said_once(browser: Browser, tmp_path: Path) -> None:
    offered = coding_material().offered("B:2")
    one = coding_desk(tmp_path / "one.sqlite", little=offered[:1])
    with ReviewServer(one) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.act("Enter", "k", "s")
        browser.sees(".suggestions", "random order")
        assert browser.text(".suggestions").count("The model knows little of this theme yet.") == 1
        assert "these themes" not in browser.text(".suggestions")
    every = coding_desk(tmp_path / "every.sqlite", little=offered)
    with ReviewServer(every) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.act("Enter", "k", "s")
        browser.sees(".suggestions", "The model knows little of these themes yet.")
        assert "this theme yet" not in browser.text(".suggestions")


def test_none_of_the_suggestions(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.act("Enter", "k", "s", "n")
        browser.sees(".codes", "no code")
    coding = desk.journal.state.codings["AB", "B:2"]
    assert coding.final == set()
    assert coding.blind == {"need.sleep"}
    assert {v.action for v in coding.verdicts} == {Action.REJECT}


def test_words_are_selected_without_a_mouse(browser: Browser, desk: CodingDesk) -> None:
    transcript = desk.material.transcripts["B"]
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("j", "j", "j")
        choose(browser, "12")
        browser.act("v")
        browser.press(*["ArrowRight"] * 3)  # She said "=2
        browser.press(*["ArrowRight"] * 7, shift=True)
        shown = "".join(browser.texts(".chosen")) or browser.run(
            "return [...document.querySelectorAll('.chosen')].map((n) => n.textContent).join('')"
        )
        browser.act("q")
        browser.sees(".notes", "Fear")
    quote = next(d for d in kept(desk) if d.action is Action.QUOTE)
    words = "".join(transcript[Span(*pair)] for pair in quote.value["pieces"])
    assert words in SAID[3]
    assert len(words) > 5
    assert words.replace(" ", "") == shown.replace(" ", "").replace("\n", "")
    assert desk.journal.state.codings["AB", "B:8"].quotes[0].theme == "need.fear"


def test_words_are_selected_with_the_mouse_behind_an_emoji(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.run(
            """const words = [...document.querySelectorAll('.spoken [data-n]')];
            const find = (word) => words.find((node) => node.textContent === word).firstChild;
            const [from, to] = ['nobody', 'asked'].map(find);
            document.getSelection().setBaseAndExtent(from, 0, to, to.length);"""
        )
        browser.act("x")
        browser.sees(".codes", "some words")
    pairs = kept(desk)[-1].value["pieces"]["need.sleep"]
    assert "".join(desk.material.transcripts["B"][Span(*p)] for p in pairs) == "nobody asked"


def test_a_code_reaches_into_the_next_turns(browser: Browser, desk: CodingDesk) -> None:
    transcript = desk.material.transcripts["B"]
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("+", "+")
        browser.sees(".spoken", "that helped a lot")
        choose(browser, "21")
        browser.act("j", "k")
        browser.sees(".spoken", "that helped a lot")  # what a code covers is shown with it
    pairs = kept(desk)[0].value["pieces"]["ways.peers"]
    assert [transcript[Span(*pair)] for pair in pairs] == [SAID[0], "And how was it then?", SAID[1]]


def test_memo_flag_certainty_and_undo(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        choose(browser, "22")
        browser.act("f", "y", "m")
        browser.press(*"=hm שלום", "Tab")
        browser.act("Enter")
        browser.sees(".notes", "=hm שלום")
        assert actions(desk) == ["code", "flag", "code", "memo"]
        browser.act("u", "u", "u", "u", "u")
        browser.sees(".status", "There is nothing to undo.")
        browser.sees(".codes", "nothing coded yet")
    assert actions(desk)[4:] == ["undo"] * 4


def test_reload_goes_on_where_one_was(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        assert browser.run("return location.hash") == ""  # the token does not stay in the address
        choose(browser, "11")
        browser.driver.refresh()
        browser.sees(".codes", "Sleepless")
        browser.sees(".coder", "AB")


def test_two_tabs_and_two_coders(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        first = browser.driver.current_window_handle
        browser.driver.switch_to.new_window("tab")
        enter(browser, server)
        choose(browser, "11")
        browser.driver.switch_to.new_window("tab")
        enter(browser, server, "CD")
        choose(browser, "12")
        browser.driver.close()
        browser.driver.switch_to.window(browser.driver.window_handles[-1])
        browser.driver.close()
        browser.driver.switch_to.window(first)
        browser.sees(".codes", "Sleepless")
        assert "Fear" not in browser.text(".codes")
    assert [(d.coder, d.action) for d in kept(desk)] == [("AB", Action.CODE), ("CD", Action.CODE)]


def test_somebody_else_codes_in_the_same_tab(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        choose(browser, "11")
        browser.run("document.querySelector('[data-focus=leave]').click()")
        browser.until(lambda: browser.text(".who-form"))
        browser.press(*"CD", "Enter")
        browser.until(lambda: browser.text(".spoken"))
        browser.sees(".codes", "nothing coded yet")
        choose(browser, "12")
    assert [d.coder for d in kept(desk)] == ["AB", "CD"]


def coded(desk: CodingDesk, coder: str, **themes: str) -> None:
    for passage, theme in themes.items():
        steps = [{"action": "code", "value": {"themes": [theme]}}, {"action": "commit", "value": {}}]
        desk.decide({"coder": coder, "passage": passage.replace("_", ":"), "steps": steps})


def test_adjudication(browser: Browser, desk: CodingDesk) -> None:
    coded(desk, "AB", B_2="need.sleep", B_4="ways.talk")
    coded(desk, "CD", B_2="need.sleep", B_4="ways.peers")
    with ReviewServer(desk) as server:
        enter(browser, server, "EF")
        browser.act("o")
        browser.sees(".work .cite", "B turn 4")  # they differ here
        columns = browser.texts(".coder-column")
        assert ["Talking" in columns[0], "Peers" in columns[1]] == [True, True]
        assert "≠ not by all" in columns[0]
        browser.act("b")
        browser.act("m")
        browser.press(*"as CD says", "Escape")
        browser.act("Enter")
        browser.sees(".status", "B turn 4: resolved")
        browser.act("u")
        browser.sees(".status", "undone: adjudicate")
        browser.act("a", "Enter")
        browser.until(lambda: len(kept(desk)) == 11)
    made = [d for d in kept(desk) if d.action is Action.ADJUDICATE]
    assert [d.value["themes"] for d in made] == [["ways.peers"], ["ways.talk"]]
    assert made[0].value["text"] == "as CD says"
    assert desk.journal.state.adjudications["B:4"].themes == {"ways.talk"}
    assert desk.journal.state.codings["AB", "B:4"].themes == {"ways.talk"}


def test_redaction_by_entity(browser: Browser, tmp_path: Path) -> None:
    desk = identifier_desk(tmp_path / "r.sqlite")
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.sees(".work", "All 3 places")
        assert browser.texts(".work h2")[0].startswith("the General")
        browser.act("a")
        browser.sees(".work", "DATE 1")
        browser.act("r")
        browser.sees(".work", "PERSON 2")
        browser.act("c")
        browser.act("3")
        browser.sees(".progress", "nothing is left to look at")
        browser.act("u")
        browser.sees(".progress", "1 entity to look at")
        browser.act("e")
        browser.press(*"Ada Byron")
        browser.act("Enter")
        browser.sees(".progress", "accepted by Ada Byron on 20")
    assert actions(desk) == ["confirm", "not-an-identifier", "relabel", "undo", "accept-rest"]


def test_redaction_reading_a_whole_transcript(browser: Browser, tmp_path: Path) -> None:
    desk = identifier_desk(tmp_path / "r.sqlite")
    text = desk.material.transcripts["B"].text
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("o")
        browser.until(lambda: browser.texts(".turn"))
        assert browser.texts(".found")[:1] == ["Ann"]
        browser.act(*["ArrowRight"] * 5, "v")
        browser.press(*["ArrowRight"] * 5)
        browser.act("m")
        browser.sees("dialog", "“Zebulon”")
        browser.act("1")
        browser.sees(".notes", "Zebulon · PERSON")
        assert browser.texts(".missed") == ["Zebulon"]
    made = kept(desk)[0]
    assert made.action is Action.ADD_MISSED
    assert text[slice(*made.value["span"])] == "Zebulon"


def test_redaction_other_words_and_same_as(browser: Browser, tmp_path: Path) -> None:
    desk = identifier_desk(tmp_path / "r.sqlite")
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("j", "j", "v")
        browser.press(*["ArrowRight"] * 6)
        browser.press("ArrowRight", "ArrowRight", shift=True)
        browser.act("x")
        assert desk.material.transcripts["B"].text[slice(*kept(desk)[0].value["span"])] == "Dr. Foley"
        browser.act("k", "j", "g")
        browser.press(*"bell")
        browser.act("Enter")
    assert kept(desk)[1].value["into"] == "PERSON 1"


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from review_help import coding_desk
from svp_nlp.review.server import ReviewServer
server = ReviewServer(coding_desk(Path(sys.argv[1])))
server.run(lambda address: (sys.stdout.write(address + chr(10)), sys.stdout.flush()))
"""


def test_a_crash_loses_nothing_and_says_so(browser: Browser, tmp_path: Path) -> None:
    record = tmp_path / "d.sqlite"
    command = [sys.executable, "-c", PROGRAM, str(record), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        browser.open(address)
        browser.until(lambda: browser.text(".who-form"))
        browser.press(*"AB", "Enter")
        browser.until(lambda: browser.text(".spoken"))
        choose(browser, "11")
        program.kill()
    choose(browser, "12")
    browser.sees(".problem", "Not stored: svp-nlp review no longer")
    assert "Fear" not in browser.text(".codes")
    desk = coding_desk(record)
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.sees(".codes", "Sleepless")
        choose(browser, "12")
        browser.sees(".codes", "Fear")
    assert kept(desk)[-1].value["themes"] == ["need.fear", "need.sleep"]


def test_five_thousand_passages(browser: Browser, tmp_path: Path) -> None:
    desk = coding_desk(
        tmp_path / "d.sqlite", [f"{n}: {SAID[n % 6]} {SAID[1] * 5}" for n in range(5000)], "AB"
    )
    with ReviewServer(desk) as server:
        browser.open(server.url)
        browser.until(lambda: browser.text(".spoken"))
        opened = browser.run("return performance.now()")
        assert opened < 2000
        assert browser.run("return document.querySelectorAll('.row').length") < 60
        took = []
        for _ in range(25):
            choose(browser, "11")
            took.append(float(browser.run("return document.querySelector('.svp-review').dataset.took")))
        assert statistics.median(took) < 50
        browser.press("/", *"4999:", "Enter")
        browser.sees(".spoken", "4999:")
    assert len(kept(desk)) == 25


def test_search_and_filters(browser: Browser, desk: CodingDesk) -> None:
    coded(desk, "AB", B_2="need.sleep", B_4="ways.talk")
    with ReviewServer(desk) as server:
        enter(browser, server)

        def choose_filter(name: str, value: str) -> None:
            before = browser.done
            browser.run(
                "const s = document.querySelector(`[data-filter=${arguments[0]}]`); s.value = arguments[1];"
                "s.dispatchEvent(new Event('change'))",
                name,
                value,
            )
            browser.until(lambda: browser.done > before)

        choose_filter("state", "open")
        assert len(browser.texts(".row")) == 4
        choose_filter("state", "all")
        choose_filter("theme", "domain ways")
        assert len(browser.texts(".row")) == 1
        choose_filter("theme", "")
        choose_filter("role", "")
        assert len(browser.texts(".row")) == 12
        browser.press("/", *"tuesday", "Enter")
        browser.sees(".spoken", "It was Tuesday.")


def test_a_code_is_found_by_name(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("t")
        browser.press(*"rest")
        browser.act("Enter")
        browser.sees(".codes", "Rest")


def test_keys_can_be_changed(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.act("?")
        browser.press("Enter", "w", "Escape")  # the first of the list is "next passage"
        browser.act("w")
        browser.sees(".work .cite", "B turn 4")
        browser.act("?")
        browser.run("[...document.querySelectorAll('dialog button')].at(-2).click()")
        browser.press("Escape")
        browser.act("j")
        browser.sees(".work .cite", "B turn 6")


def test_text_is_text(browser: Browser, tmp_path: Path) -> None:
    attack = '<img src=x onerror="document.title=1"><script>document.title=1</script> & so on'
    desk = coding_desk(tmp_path / "d.sqlite", [attack], "AB")
    with ReviewServer(desk) as server:
        browser.open(server.url)
        browser.sees(".spoken", attack)
        assert browser.run("return document.title") == "Review"
        assert browser.run("return document.querySelectorAll('img, .spoken script').length") == 0


def test_focus_is_seen_and_everything_has_a_name(browser: Browser, desk: CodingDesk) -> None:
    with ReviewServer(desk) as server:
        enter(browser, server)
        nameless = browser.run(
            "return [...document.querySelectorAll('button, input, select, textarea, [role=listbox]')]"
            ".filter((n) => !(n.innerText || n.getAttribute('aria-label') || n.labels?.length))"
            ".map((n) => n.outerHTML)"
        )
        assert nameless == []
        for _ in range(25):
            browser.press("Tab")
            style = browser.run(
                "const here = document.activeElement, s = getComputedStyle(here);"
                "return here === document.body ? 'outside' : s.outlineStyle + s.boxShadow"
            )
            assert style != "nonenone", browser.run("return document.activeElement.outerHTML.slice(0, 80)")


@pytest.mark.parametrize("scale", [1, 2])
def test_nothing_is_cut_off(browser: Browser, desk: CodingDesk, scale: int) -> None:
    """At 400 pixels, and at 200 % of a small screen, nothing needs to be scrolled sideways."""
    with ReviewServer(desk) as server:
        enter(browser, server)
        try:
            for width, height in ((1280 // scale, 800 // scale), (400, 800)):
                metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
                browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
                browser.until(lambda width=width: browser.run("return innerWidth") == width)  # type: ignore[misc]
                assert browser.run("return document.documentElement.scrollWidth") <= width
                right = browser.run(
                    "return Math.max(...[...document.querySelectorAll('button, .spoken, input')]"
                    ".map((n) => n.getBoundingClientRect().right))"
                )
                assert right <= width
        finally:
            browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_paper(browser: Browser, desk: CodingDesk, scheme: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) for everything that is written, in both schemes."""
    with ReviewServer(desk) as server:
        browser.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        enter(browser, server)
        choose(browser, "11", "21")
        browser.act("Enter", "k", "s", "a")
        time.sleep(0.1)
        weak = browser.run(CONTRAST)
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert weak == []


CONTRAST = """
const channel = (c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const paper = (node) => {
  for (; node; node = node.parentElement) {
    const c = parse(getComputedStyle(node).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const weak = [];
for (const node of document.querySelectorAll('.svp-review *')) {
  if (![...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  if (!node.getClientRects().length || node.closest('kbd, option, optgroup')) continue;
  const [ink, back] = [light(parse(getComputedStyle(node).color)), light(paper(node))];
  const ratio = (Math.max(ink, back) + .05) / (Math.min(ink, back) + .05);
  if (ratio < 4.5) weak.push(node.className + ' ' + node.textContent.slice(0, 20) + ' ' + ratio.toFixed(2));
}
return weak;
"""


def test_what_a_split_left_open_is_decided_again(browser: Browser, tmp_path: Path) -> None:
    """After a migration the coder finds the passage by a filter, is told what was split, and chooses."""
    log = DecisionLog(tmp_path / "d.sqlite", "study-1")
    facts: dict[str, Any] = {"study": "study-1", "coder": "AB", "kind": "coding", "target": "B:4"}
    for action, value in ((Action.CODE, {"themes": ["need.old"]}), (Action.COMMIT, {})):
        log.append(Decision(action=action, value=value, codebook_version="0", **facts))
    value = {"from": ["0"], "to": "1", "map": {"need.old": ["need.sleep", "need.fear"]}}
    facts |= {"kind": "codebook", "target": "codebook"}
    log.append(Decision(action=Action.MIGRATE, value={**value, "was": {"need.old": "Bad nights"}}, **facts))
    log.close()
    desk = coding_desk(tmp_path / "d.sqlite")
    with ReviewServer(desk) as server:
        enter(browser, server)
        browser.run(
            "const filter = document.querySelector('[data-filter=state]'); filter.value = 'split';"
            "filter.dispatchEvent(new Event('change'))"
        )
        browser.sees(".work .cite", "B turn 4")
        assert browser.text(".filters [data-filter=state] option:checked") == "to be decided again"
        assert len(browser.texts(".list .row")) == 1
        assert "to be decided again: Bad nights" in browser.text(".list .row")
        browser.sees(
            ".again", "“Bad nights” was split. Choose what applies, then ⏎; without a choice none does."
        )
        assert browser.texts(".again .chip") == ["Sleepless", "Fear"]
        assert "to be decided again" in browser.text(".codes")
        choose(browser, "12")
        browser.until(lambda: not browser.text(".again"), "the choice is not taken")
        browser.act("Enter")
        browser.until(lambda: desk.journal.refresh().codings["AB", "B:4"].final, "nothing is decided")
    coding = desk.journal.state.codings["AB", "B:4"]
    assert coding.final == coding.blind == {"need.fear"}
    assert [d.codebook_version for d in kept(desk)] == ["0", "0", "", "1", "1"]
