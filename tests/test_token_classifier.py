"""The token classifier that comes with the package, and what its word counts for."""

from __future__ import annotations

import importlib
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from svp_nlp.engines import models
from svp_nlp.engines.models import model_path, shipped
from svp_nlp.engines.protocols import Hit
from svp_nlp.engines.token_classifier import STEP, WINDOW, TokenClassifier, WithClassifier
from svp_nlp.errors import ModelError
from svp_nlp.model import Label, Span, Transcript
from svp_nlp.reading import read_text
from svp_nlp.redaction.company import by_company
from svp_nlp.redaction.detect import default_engine, detect

TRAINING = Path(__file__).parents[1] / "models" / "training" / "identifiers"
SAID = (
    "well i was at mercy ridge back then\n\nand doctor okonkwo calls and says you should talk to steady "
    "hands it is a peer team and i said who is that and she said joy pfannenstiel runs it she used to be at "
    "kettle creek hospital in duluth before they shut it"
)


@pytest.fixture(scope="module")
def classifier() -> TokenClassifier:
    return TokenClassifier()


def surfaces(text: str, hits: list[Hit]) -> dict[str, Label]:
    return {text[hit.span.start : hit.span.end]: hit.label for hit in hits}


def test_names_of_ordinary_words_are_found_without_capitals(classifier: TokenClassifier) -> None:
    found = surfaces(SAID, classifier(SAID))
    assert found["joy pfannenstiel"] is Label.PERSON
    assert found["okonkwo"] is Label.PERSON
    assert found["steady hands"] is Label.INSTITUTION
    assert found["kettle creek hospital"] is Label.INSTITUTION
    assert found["duluth"] is Label.LOCATION


def test_the_same_words_said_as_words_mostly_are_not(classifier: TokenClassifier) -> None:
    said = (
        "you need steady hands for that and a bit of patience so we put the kettle on",
        "it was a joy to watch her work and she never said much about it",
        "the creek was high that spring and nobody could get across to the barn",
        "he has steady hands and he is good with the small ones",
        "my hands were shaking and i could not hold the cup",
        "there is no joy in it any more i just go home and sleep",
        "we walked down to the creek after the shift and sat there",
        "keep it steady and hand it to me when i ask for it",
    )
    taken = [text for text in said if list(by_company(text, classifier(text), cased=False))]
    assert len(taken) <= 2


def test_capitals_make_no_difference(classifier: TokenClassifier) -> None:
    assert classifier(SAID) == classifier(SAID.title()) == classifier(SAID.upper())


def test_no_hit_runs_over_the_end_of_a_turn(classifier: TokenClassifier) -> None:
    text = "that was steady hands\n\njoy pfannenstiel runs it"
    assert all("\n" not in text[hit.span.start : hit.span.end] for hit in classifier(text))


def test_a_word_far_inside_is_read_as_alone(classifier: TokenClassifier) -> None:
    # Beyond the first window, at the seam of two, and at the end of the text.
    talk = "and then we went on with the shift and nobody said a word about it " * 40
    text = f"{talk}and she said joy pfannenstiel runs it {talk}it was joy pfannenstiel"
    assert [text[h.span.start : h.span.end] for h in classifier(text)] == ["joy pfannenstiel"] * 2


@pytest.mark.parametrize("pieces", [0, 1, STEP, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + STEP, 1000])
def test_every_word_of_any_length_of_text_is_judged_once(classifier: TokenClassifier, pieces: int) -> None:
    text = "word " * pieces
    words = classifier.words(text)
    assert [word.span for word in words] == [Span(5 * i, 5 * i + 4) for i in range(pieces)]
    assert all(abs(float(word.tags.sum()) - 1) < 0.01 for word in words)


def test_what_is_read_before_changes_nothing(classifier: TokenClassifier) -> None:
    first = TokenClassifier()(SAID)
    classifier("somebody else was at harmon tower with kwabena mensah")
    assert classifier(SAID) == first


def test_a_word_of_several_pieces_is_one_word(classifier: TokenClassifier) -> None:
    text = "pfannenstiel's o'brien-katz, 3/14"
    said = [text[word.span.start : word.span.end] for word in classifier.words(text)]
    assert said == ["pfannenstiel", "s", "o", "brien", "katz", "3", "14"]


def test_accents_and_odd_characters_keep_their_places(classifier: TokenClassifier) -> None:
    text = "🙂 ich heiße İpek Kākoʻo-Ångström, sagt sie. ﬁn"
    for word in classifier.words("".join(c.lower() if len(c.lower()) == 1 else c for c in text)):
        assert word.span.end <= len(text)
        assert text[word.span.start : word.span.end].strip()


def test_nothing_heavy_is_imported_before_the_first_call() -> None:
    code = (
        "import sys\nfrom svp_nlp.engines.token_classifier import TokenClassifier\nTokenClassifier()\n"
        "assert not {'onnxruntime', 'tokenizers', 'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys\nfrom svp_nlp.engines.token_classifier import TokenClassifier\n"
        "TokenClassifier()('hello ana')\n"
        "assert not {'torch', 'transformers', 'spacy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / shipped("identifiers").name
    shutil.copytree(shipped("identifiers"), copy)
    monkeypatch.setattr(models, "_shipped_folder", lambda: tmp_path)
    assert shipped("identifiers") == copy
    with (copy / "model.onnx").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match=r"model\.onnx of identifiers-\d+ is not the pinned file"):
        TokenClassifier()("ana ruiz")
    assert [(p.model, p.message) for p in models.verify() if p.model == "identifiers"] == [
        ("identifiers", f"model.onnx of {copy.name} is not the pinned file")
    ]
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelError, match="is missing"):
        TokenClassifier()("ana ruiz")
    with pytest.raises(ModelError, match='no model "other"'):
        shipped("other")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json of the token classifier") as told:
        TokenClassifier(tmp_path)("ana ruiz")
    assert "ana" not in str(told.value)
    shutil.copy(shipped("identifiers") / "tokenizer.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"model\.onnx of the token classifier"):
        TokenClassifier(tmp_path)("ana ruiz")


class Nobody:
    """An analyzer that finds nothing."""

    name = "nobody"

    def __call__(self, texts: list[str]) -> list[list[Hit]]:
        return [[] for _ in texts]


def test_both_read_and_both_are_named(classifier: TokenClassifier) -> None:
    both = WithClassifier(Nobody(), classifier)
    assert both([SAID, "nothing here"]) == [classifier(SAID), []]
    assert both.name == f"nobody + {classifier.name}"


# What its word counts for


def hit(text: str, surface: str, label: Label = Label.INSTITUTION, score: float = 0.95, nth: int = 0) -> Hit:
    start = -1
    for _ in range(nth + 1):
        start = text.index(surface, start + 1)
    return Hit(Span(start, start + len(surface)), label, score, f"classifier:{label}")


def weighed(text: str, *hits: Hit, cased: bool = False) -> list[tuple[str, float]]:
    return [(text[h.span.start : h.span.end], h.score) for h in by_company(text, hits, cased=cased)]


def test_in_cased_text_it_supports_and_at_capitals_asks_for_a_look() -> None:
    text = "I was at Steady Hands, steady hands, no, Mercy Ridge."
    sure, small = hit(text, "Steady Hands"), hit(text, "steady hands")
    unsure = hit(text, "Mercy Ridge", score=0.85)
    assert weighed(text, sure, small, unsure, cased=True) == [
        ("Steady Hands", 0.55),
        ("steady hands", 0.45),
        ("Mercy Ridge", 0.45),
    ]


def test_what_others_say_goes_through() -> None:
    text = "i was at mercy ridge"
    other = Hit(Span(9, 20), Label.LOCATION, 0.6, "places")
    assert list(by_company(text, [other], cased=False)) == [other]


@pytest.mark.parametrize(
    "said", ["the joint commission", "risk management", "the icu", "r c a", "l and d", "disfmarker"]
)
def test_what_identifies_nobody_is_guarded(said: str) -> None:
    text = f"so i heard it from {said} that day"
    assert weighed(text, hit(text, said)) == []


def test_titles_and_small_words_are_cut_off_and_part() -> None:
    text = "then mr yurdiga mr okonkwo and left"
    assert [said for said, _ in weighed(text, hit(text, "mr yurdiga mr okonkwo and", Label.PERSON))] == [
        "yurdiga",
        "okonkwo",
    ]


def test_ordinary_words_must_be_surer() -> None:
    text = "we call it lantern okay and over at pfannenstiel too"
    assert weighed(text, hit(text, "lantern", score=0.9)) == []
    assert weighed(text, hit(text, "lantern", score=0.98)) == [("lantern", 0.98)]
    assert weighed(text, hit(text, "pfannenstiel", score=0.6)) == [("pfannenstiel", 0.6)]


def test_a_word_named_once_of_many_times_must_be_surer() -> None:
    text = "okay wexmark. a wexmark. the wexmark. my wexmark was lit"
    assert weighed(text, hit(text, "wexmark", score=0.55)) == []
    assert weighed(text, hit(text, "wexmark", score=0.65)) == [("wexmark", 0.65)]


@pytest.mark.parametrize(("said", "label"), [("another hospital", "INSTITUTION"), ("envelope", "PERSON")])
def test_what_says_what_and_things_are_nobody(said: str, label: str) -> None:
    text = f"and then {said} called"
    assert weighed(text, hit(text, said, Label(label), score=0.99)) == []


def test_a_common_word_is_a_person_only_where_sure() -> None:
    text = "and i will say that will told me so"
    told = hit(text, "will", Label.PERSON, score=0.98, nth=1)
    assert weighed(text, told) == [("will", 0.98)]
    assert weighed(text, hit(text, "will", Label.PERSON, score=0.9, nth=1)) == []


def test_a_name_that_is_mostly_heard_is_one_everywhere() -> None:
    text = "so lantern calls and lantern comes and then lantern left"
    found = weighed(text, hit(text, "lantern"), hit(text, "lantern", nth=1))
    assert found == [("lantern", 0.95), ("lantern", 0.95), ("lantern", 0.855)]


def test_numbers_are_left_to_their_grammars_unless_their_form_fits() -> None:
    text = "in nineteen eighty four it was nineteen of us and badge 558201 and 4-4 and friday"
    year, count = (
        hit(text, "nineteen eighty four", Label.DATE_YEAR),
        hit(text, "nineteen", Label.DATE_YEAR, nth=1),
    )
    badge, load = hit(text, "558201", Label.ID), hit(text, "4-4", Label.ID)
    scores = dict(weighed(text, year, count, badge, load, hit(text, "friday", Label.DATE)))
    assert scores == {
        "nineteen eighty four": 0.95,
        "nineteen": 0.45,
        "558201": 0.95,
        "4-4": 0.45,
        "friday": 0.45,
    }


INTERVIEW = """\
interviewer: thanks for coming in can you tell me where you worked back then
respondent: so i was a nurse at kettle creek hospital and we had this thing steady hands it was a peer team
interviewer: and how did you hear about it
respondent: my friend joy pfannenstiel told me she said call steady hands so i called steady hands that night
"""


def found(transcript: Transcript, *, classifier: bool) -> set[str]:
    engine = default_engine(model_path("en_core_web_md"), classifier=classifier)
    (findings,) = detect([transcript], engine=engine)
    return {transcript[finding.span] for finding in findings}


def test_detection_finds_more_with_it() -> None:
    transcript = read_text(INTERVIEW, id="kettle", format="txt")
    with_it = found(transcript, classifier=True)
    assert {"steady hands", "joy pfannenstiel"} <= with_it
    assert "steady hands" not in found(transcript, classifier=False)


# The training text


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAINING))
    return importlib.import_module("fill")


@pytest.mark.parametrize("punctuation", [True, False])
def test_labels_lie_on_the_words_that_were_filled_in(training: ModuleType, punctuation: bool) -> None:
    values = training.Values(random.Random(3))
    snippet = "Nurse: So, {first:1} {last:1} of {hospital:2}. Clerk: Hm? [[INSTITUTION|The Blue Lantern]]!"
    segments = training.fill(snippet, values)
    said = [text.lower() for text, label in segments if label]
    one, two = (training.written(t, punctuation=punctuation) for t in training.turns_of(segments))
    labelled = [(turn.text[start:end], label) for turn in (one, two) for start, end, label in turn.spans]
    bare = said if punctuation else [training.written([(s, None)], punctuation=False).text for s in said]
    assert labelled == [
        (f"{bare[0]} {bare[1]}", Label.PERSON),
        (bare[2], Label.INSTITUTION),
        ("the blue lantern", Label.INSTITUTION),
    ]
    assert "nurse" not in one.text
    assert ("." in one.text.replace(said[2], "")) is punctuation


def test_every_snippet_can_be_filled_in_both_splits(training: ModuleType) -> None:
    lines = {split: training.snippets(split) for split in ("train", "held")}
    assert not set(lines["train"]) & set(lines["held"])
    for split, snippets in lines.items():
        values = training.Values(random.Random(5), split)
        for snippet in snippets:
            for turn in training.turns_of(training.fill(snippet, values)):
                made = training.written(turn, punctuation=False)
                assert not set("{}[]|") & set(made.text), snippet
                ends = [0, *(place for start, end, _ in made.spans for place in (start, end)), len(made.text)]
                assert ends == sorted(ends), snippet
                assert all(made.text[start:end].strip() for start, end, _ in made.spans), snippet


def test_splits_share_no_name(training: ModuleType) -> None:
    train, held = (training.Values(random.Random(1), split) for split in ("train", "held"))
    for pool in ("first", "last", "us_places", "nouns", "words", "first_abroad"):
        assert getattr(held, pool)
        assert not set(getattr(train, pool)) & set(getattr(held, pool))


def test_the_same_seed_gives_the_same_text(training: ModuleType) -> None:
    one, two, other = (training.Samples("train", seed) for seed in (1, 1, 2))
    drawn = [one.sample() for _ in range(20)]
    assert drawn == [two.sample() for _ in range(20)]
    assert drawn != [other.sample() for _ in range(20)]


def test_tags_begin_and_go_on_with_the_names(training: ModuleType) -> None:
    pieces = importlib.import_module("pieces")
    text = "it was (joy pfannenstiel), of steady hands"
    spans = tuple(
        (text.index(name), text.index(name) + len(name), label)
        for name, label in (("joy pfannenstiel", Label.PERSON), ("steady hands", Label.INSTITUTION))
    )
    tokens = pieces.tokenizer()
    ids, tags = pieces.encoded(
        [training.Turn(text, spans), training.Turn("joy", ((0, 3, Label.PERSON),))], tokens
    )
    named = [(tokens.id_to_token(i), pieces.TAGS[t]) for i, t in zip(ids, tags, strict=True) if t]
    assert named[0] == ("joy", "B-PERSON")
    assert {tag for token, tag in named[1:-3]} == {"I-PERSON"}
    assert named[-3:] == [("steady", "B-INSTITUTION"), ("hands", "I-INSTITUTION"), ("joy", "B-PERSON")]
    assert len(ids) == len(tags)
    assert pieces.SEP in ids
    long = ([1] * 500, [0] * 500)
    cut_ids, cut_tags = pieces.cut(long, random.Random(0))
    assert len(cut_ids) == len(cut_tags) == pieces.LENGTH + 2
    assert np.array_equal(cut_tags[:1], [pieces.IGNORED])


def test_the_windows_are_those_of_training(training: ModuleType) -> None:
    pieces = importlib.import_module("pieces")
    from svp_nlp.engines import token_classifier

    assert pieces.LENGTH == WINDOW
    assert list(pieces.TAGS) == token_classifier._tag_names()
