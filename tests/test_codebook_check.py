from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from svp_nlp.coding.codebook_check import CodebookCheck, check_codebook, overlap_map
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.model import Codebook, Domain, Exemplar, Suggestion, Suggestions, Theme

SLEEP = Theme(
    "need.sleep",
    "Poor sleep",
    "need",
    "Lying awake at night after the event.",
    include=("I could not sleep for weeks.",),
    exemplars=(Exemplar("I lay awake every night."), Exemplar("We never had any money for a coordinator.")),
)
NIGHTS = Theme("need.nights", "Bad nights", "need", "Nights without rest, waking up and thinking of it.")
MONEY = Theme(
    "ways.money",
    "Funding",
    "ways",
    "Budget, money and paid time for the programme.",
    include=("There is no budget for it.", "We never had money for a position."),
    exclude=("Unpaid nights on call: need.nigts",),
    exemplars=(Exemplar("The grant paid for half a position."),) * 3,
)
BOOK = Codebook("Ward", "7", (Domain("need", "Need <1>"), Domain("ways", "Ways")), (SLEEP, NIGHTS, MONEY))


@pytest.fixture(scope="module")
def check(embedder: SentenceEmbedder) -> CodebookCheck:
    return check_codebook(BOOK, embedder)


def test_alike_themes_are_named(check: CodebookCheck) -> None:
    assert [(c.first, c.second) for c in check.confusable] == [("need.sleep", "need.nights")]


def test_an_exemplar_of_another_theme_strays(check: CodebookCheck) -> None:
    strays = [(s.theme, s.kind, s.number, s.nearest) for s in check.strays]
    assert ("need.sleep", "exemplar", 2, "ways.money") in strays
    assert "need.sleep" not in {nearest for theme, _, _, nearest in strays if theme == "ways.money"}


def test_what_a_theme_lacks_is_said(check: CodebookCheck) -> None:
    advice = {t.theme: t.advice for t in check.themes}
    assert advice["need.sleep"] == ()
    assert advice["need.nights"] == (
        "no inclusion cues: short sentences of what counts help most before anything is confirmed",
        "no exemplar: add a quote; from 8 confirmed passages on the theme is learned well",
    )
    assert advice["ways.money"] == ('exclusion cue 1 points to "need.nigts", which is no theme',)
    assert [(t.exemplars, t.support) for t in check.themes] == [(2, None), (0, None), (3, None)]


def test_an_exemplar_in_two_themes_and_a_missing_definition(embedder: SentenceEmbedder) -> None:
    same = replace(NIGHTS, definition="", exemplars=(Exemplar("I lay awake, every night!"),))
    found = check_codebook(replace(BOOK, themes=(SLEEP, same)), embedder)
    assert found.themes[0].advice == (
        "shares an exemplar with need.nights: say in both what tells them apart",
    )
    assert found.themes[1].advice[0] == "no definition: say in a sentence what it means"


def test_support_is_counted_where_there_are_suggestions(embedder: SentenceEmbedder) -> None:
    first = (Suggestion("need.sleep", "need", 0.8), Suggestion("need.nights", "need", 0.1))
    made = [Suggestions("B:1", 0.9, first, False), Suggestions("B:2", 0.1, first, True)]
    found = check_codebook(BOOK, embedder, made)
    assert [t.support for t in found.themes] == [1, 0, 0]
    assert "no support: it comes first for no passage of the study" in found.themes[2].advice


def test_the_table_names_everything_and_quotes_nothing(check: CodebookCheck) -> None:
    table = check.table()
    assert "   2 few         –  need.sleep" in table
    assert "need.sleep – need.nights" in table
    assert "need.sleep: exemplar 2 is nearer to ways.money" in table
    assert "coordinator" not in table
    assert "coordinator" not in repr(check)
    assert check.as_dict()["version"] == "7"


def test_the_map_shows_every_theme_and_joins_the_alike(check: CodebookCheck) -> None:
    picture = ET.fromstring(overlap_map(check, BOOK))
    texts = [t.text for t in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1", "2", "3", "Need <1>", "Ways", "1  Poor sleep", "2  Bad nights", "3  Funding"} == set(texts)
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}line"))) == len(check.confusable)


def test_one_theme_alone(embedder: SentenceEmbedder) -> None:
    book = replace(BOOK, themes=(SLEEP,))
    found = check_codebook(book, embedder)
    assert (found.confusable, found.strays) == ((), ())
    assert "Poor sleep" in overlap_map(found, book)
