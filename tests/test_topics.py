from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.codebook import founding_codebook
from svp_nlp.coding.exemplars import exemplars, quote_text
from svp_nlp.coding.grouping import least_strength, without_groups
from svp_nlp.coding.segment import passages
from svp_nlp.coding.speech import self_containedness
from svp_nlp.coding.topics import Topics, propose_theme, topic_map, topics
from svp_nlp.engines.bertopic import Bertopic
from svp_nlp.engines.models import model_path
from svp_nlp.engines.protocols import Vectors
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.model import (
    Codebook,
    Domain,
    Role,
    Span,
    Suggestion,
    Suggestions,
    Theme,
    Transcript,
    Turn,
)

SUBJECTS = {
    "money": "the budget was cut and the funding for the program ended in spring again",
    "sleep": "nurses lost their sleep and dreams kept them awake through the night here",
    "parking": "parking spaces near the garage are full and the shuttle bus never stops there",
    "coffee": "the coffee machine in the kitchen broke and espresso tastes bitter since june here",
}
CODEBOOK = Codebook(
    "Test",
    "1",
    (Domain("challenges", "Challenges"), Domain("need", "Need")),
    (Theme("challenges.money", "money", "challenges"), Theme("need.sleep", "sleep", "need")),
)


class Subjects:
    """A small lawful embedder: a text lies near the direction of its subject, with noise of its own."""

    name = "subjects@1"

    def __init__(self, spread: float = 0.6) -> None:
        self.spread = spread

    def __call__(self, texts: Sequence[str]) -> Vectors:
        rows = [self._row(t.lower()) for t in texts]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, 48), np.float32)

    def _row(self, text: str) -> Vectors:
        seed = int.from_bytes(text.encode()[-12:].rjust(12, b"\0"), "big") % 2**32
        row = np.random.default_rng(seed).standard_normal(48) * self.spread / np.sqrt(48)
        row[40] += 0.5  # what all texts share
        for place, (subject, said) in enumerate(SUBJECTS.items()):
            row[place] += subject in text or any(w in text for w in said.split() if len(w) > 6)
        return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def interviews(subjects: Sequence[str], count: int, each: int = 10) -> dict[str, Transcript]:
    """Make interviews of ten answers, each answer about the next of *subjects* and numbered in words."""
    made = {}
    for first in range(0, count, each):
        id = chr(ord("A") + first // each)
        text, turns = "", []
        for number in range(first, min(first + each, count)):
            start = len(text)
            said = (
                SUBJECTS.get(subjects[number % len(subjects)], "word") + f" [PERSON {number}] said {number}."
            )
            text += f"R: {said}\n"
            turns.append(
                Turn(
                    len(turns),
                    Span(start, len(text) - 1),
                    (Span(start + 3, len(text) - 1),),
                    role=Role.RESPONDENT,
                )
            )
        made[id] = Transcript(id, text, tuple(turns))
    return made


def look(transcripts: dict[str, Transcript], known: Sequence[str] = (), **more: object) -> Topics:
    """Look for topics; passages that use a word of *known* are explained."""
    cut = [p for t in transcripts.values() for p in passages(t)]
    made = [
        Suggestions(p.id, 0.9, (Suggestion("need.sleep", "need", 0.8),), abstained=False)
        for p in cut
        if any(SUBJECTS[k] in transcripts[p.transcript][p.span] for k in known)
    ]
    arguments = {"suggestions": made, "embedder": Subjects(), "passages": cut} | more
    return topics(CODEBOOK, transcripts, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def planted() -> tuple[dict[str, Transcript], Topics]:
    transcripts = interviews(["money", "parking", "sleep", "coffee"], 80)
    return transcripts, look(transcripts, known=["money", "sleep"])


def test_subjects_no_theme_explains_are_found(planted: tuple[dict[str, Transcript], Topics]) -> None:
    _, found = planted
    assert (found.explained, found.residue) == (40, 40)
    assert found.found
    words = [set(t.words) for t in found.found]
    assert any("parking" in w for w in words)
    assert any("coffee" in w for w in words)


def test_a_topic_holds_one_subject_and_came_back_in_most_runs(
    planted: tuple[dict[str, Transcript], Topics],
) -> None:
    transcripts, found = planted
    for topic in found.found:
        said = [_said(transcripts, id) for id in topic.passages]
        assert sum("parking" in s for s in said) in (0, len(said))
        assert topic.stability > 0.5
        assert len({id.split(":")[0] for id in topic.passages}) > 1


def test_words_hold_no_pseudonyms_and_no_stop_words(planted: tuple[dict[str, Transcript], Topics]) -> None:
    words = {w for t in planted[1].found for w in t.words}
    assert not words & {"person", "the", "and", "said", "are"}


def _said(transcripts: dict[str, Transcript], id: str) -> str:
    transcript = transcripts[id.split(":")[0]]
    return transcript.said(transcript.turns[int(id.split(":")[1]) - 1])


def test_the_same_input_gives_the_same_topics_in_any_order(
    planted: tuple[dict[str, Transcript], Topics],
) -> None:
    transcripts, found = planted
    cut = [p for t in transcripts.values() for p in passages(t)]
    assert look(transcripts, known=["money", "sleep"], passages=cut[::-1]) == found


def test_a_topic_like_a_known_domain_is_near_it_and_others_lie_outside() -> None:
    transcripts = interviews(["money", "parking", "sleep", "coffee"], 120)
    found = look(transcripts, known=["sleep"]).found
    assert {t.domain for t in found if "budget" in t.words} == {"challenges"}
    assert {t.domain for t in found if "budget" not in t.words} == {None}


def test_too_few_passages_say_so_and_give_similar_pairs() -> None:
    found = look(interviews(["parking", "coffee"], 18))
    assert found.message == (
        "18 passages are too few for topics (30 needed): similar pairs are listed instead"
    )
    assert found.found == ()
    first, second, cosine = found.similar[0]
    assert first != second
    assert 0.0 < cosine <= 1.0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_is_no_error(count: int) -> None:
    found = look(interviews(["parking"], count))
    assert (found.found, found.residue) == ((), count)
    assert found.message.startswith(f"{count} passage{'' if count == 1 else 's'} ")
    assert topic_map(found).startswith("<svg")


def test_data_without_groups_gives_no_topics_and_says_so() -> None:
    found = look(interviews(["parking"], 60), embedder=Subjects(spread=9.0))
    assert len(found.found) <= 2  # half of the topics shown may be chance, so a few are lawful
    if not found.found:
        assert found.message == (
            "no topic in 60 unexplained passages came back in most runs and held together better than chance:"
            " similar pairs are listed instead"
        )


def test_interviewers_and_short_answers_are_left_out() -> None:
    text = "I: " + SUBJECTS["parking"] + "\nR: parking is full\nR: " + SUBJECTS["coffee"]
    ends = [text.index("\n"), text.index("\nR: the"), len(text)]
    starts = [0, ends[0] + 1, ends[1] + 1]
    roles = [Role.INTERVIEWER, Role.RESPONDENT, Role.RESPONDENT]
    turns = tuple(
        Turn(i, Span(a, b), (Span(a + 3, b),), role=r)
        for i, (a, b, r) in enumerate(zip(starts, ends, roles, strict=True))
    )
    found = look({"A": Transcript("A", text, turns)})
    assert found.unexplained == {"A:3"}


def test_what_people_decided_counts_before_what_was_suggested() -> None:
    transcripts = interviews(["money", "parking"], 40)
    found = look(transcripts, known=["money"], codings={"A:1": [], "A:2": ["need.sleep"]})
    assert "A:1" in found.unexplained
    assert "A:2" not in found.unexplained


def test_progress_runs_from_the_first_run_to_the_last() -> None:
    seen: list[tuple[str, int, int]] = []
    look(interviews(["money", "parking"], 40), seeds=2, progress=lambda *step: seen.append(step))
    whats, done, totals = zip(*seen, strict=True)
    assert set(whats) == {"topics"}
    assert list(done) == sorted(done)
    assert done[-1] == totals[-1]


def test_a_proposed_theme_has_label_domain_and_verbatim_quotes(
    planted: tuple[dict[str, Transcript], Topics],
) -> None:
    transcripts, found = planted
    cut = [p for t in transcripts.values() for p in passages(t)]
    topic = found.found[0]
    theme = propose_theme(topic, transcripts, cut, embedder=Subjects())
    assert theme.label == ", ".join(topic.words[:3]).capitalize()
    assert theme.domain == (topic.domain or "")
    assert 1 <= len(theme.exemplars) <= 3
    assert all(any(e.text in t.text for t in transcripts.values()) for e in theme.exemplars)
    assert all(e.source for e in theme.exemplars)


def test_the_map_draws_every_passage_and_shows_no_words_but_the_topics(
    planted: tuple[dict[str, Transcript], Topics],
) -> None:
    from lxml import etree

    transcripts, found = planted
    picture = etree.fromstring(topic_map(found).encode())
    assert picture.get("role") == "img"
    shapes = picture.findall(".//{*}g")
    circles = picture.findall("{*}circle")
    # A legend shape for each topic, two small marks in the legend.
    assert len(shapes) - len(found.found) + len(circles) - 2 == len(found.points) == 80
    said = " ".join(picture.itertext())
    assert not any(t.said(turn) in said for t in transcripts.values() for turn in t.turns)


def test_no_repr_shows_words_of_an_interview(planted: tuple[dict[str, Transcript], Topics]) -> None:
    assert "parking" not in repr(planted[1])


def test_to_frame_has_a_row_a_topic(planted: tuple[dict[str, Transcript], Topics]) -> None:
    frame = planted[1].to_frame()
    assert list(frame.columns) == ["words", "size", "domain", "likeness", "stability", "passages"]
    assert len(frame) == len(planted[1].found)
    assert list(look({}).to_frame().columns) == list(frame.columns)


@given(st.integers(0, 5), st.integers(3, 40))
def test_a_copy_without_groups_keeps_size_and_length(seed: int, count: int) -> None:
    rng = np.random.default_rng(count)
    vectors = rng.standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    copy = without_groups(vectors, seed)
    assert copy.shape == vectors.shape
    assert np.allclose(np.linalg.norm(copy, axis=1), 1.0, atol=1e-5)
    assert (without_groups(vectors, seed) == copy).all()


@pytest.mark.parametrize(
    ("found", "chance", "least"),
    [
        ([], [], float("inf")),
        ([0.2, 0.5, 0.9], [], 0.2),
        ([0.2, 0.5, 0.9], [0.3, 0.4, 0.6], 0.5),
        ([0.2, 0.3], [0.5, 0.6], float("inf")),
    ],
)
def test_least_strength_lets_at_most_half_be_chance(
    found: list[float], chance: list[float], least: float
) -> None:
    assert least_strength(found, chance, copies=1) == least


def _cloud(count: int, groups: int) -> Vectors:
    """Make unit vectors in 32 dimensions around *groups* centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((groups, 32))
    rows = centres[np.arange(count) % groups] + 0.4 * rng.standard_normal((count, 32))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_bertopic_names_the_very_groups_its_clustering_finds() -> None:
    vectors = _cloud(60, 10)
    engine = Bertopic(least=4)
    texts = [f"subject{chr(97 + i % 10) * 4} shared" for i in range(60)]
    size = engine.best_size(vectors)
    grouping = engine.group(texts, vectors, size=size)
    again = engine.labels(vectors, size=size)
    pairs = set(zip(grouping.labels.tolist(), again.tolist(), strict=True))
    assert len(pairs) == len(set(grouping.labels.tolist())) == len(set(again.tolist()))
    sizes = [int((grouping.labels == g).sum()) for g in range(len(grouping.words))]
    assert sizes == sorted(sizes, reverse=True)
    assert all(len(w) >= 1 for w in grouping.words)


def test_the_size_of_groups_follows_the_data() -> None:
    assert Bertopic().best_size(_cloud(60, 10)) == pytest.approx(6.0)
    assert Bertopic().best_size(_cloud(60, 3)) == pytest.approx(20.0, rel=0.2)


def test_large_corpora_are_grouped_by_umap_the_same_each_time_and_nothing_is_warned_of() -> None:
    vectors, engine = _cloud(120, 3), Bertopic(least=4)
    first = engine.labels(vectors, seed=1)
    assert (first == engine.labels(vectors, seed=1)).all()
    assert {len(set(first[i::3].tolist()) - {-1}) for i in range(3)} == {1}
    assert engine.best_size(np.zeros((2001, 2), np.float32)) is None


def test_texts_without_words_are_grouped_without_names() -> None:
    grouping = Bertopic(least=4).group(["1 2 3"] * 40, _cloud(40, 6), size=6.0)
    assert set(grouping.words) == {()}


def _rows(shared: Path) -> Iterator[dict[str, str]]:
    with (shared / "devset" / "turns.csv").open(encoding="utf-8") as file:
        yield from (r for r in csv.DictReader(file) if r["file"] in {"D01", "D02", "D03"})


@pytest.fixture(scope="module")
def real(shared: Path) -> tuple[dict[str, Transcript], list[Suggestions]]:
    """Three development interviews; a passage is explained where the gold coding has a theme."""
    text: dict[str, str] = defaultdict(str)
    turns: dict[str, list[Turn]] = defaultdict(list)
    made = []
    for row in _rows(shared):
        id, said = row["file"], row["text"].strip()
        start = len(text[id])
        text[id] += said + "\n"
        span = Span(start, start + len(said))
        turns[id].append(Turn(len(turns[id]), span, (span,), role=Role(row["role"])))
        if row["codes"]:
            theme = row["codes"].split(";")[0].split(",")[0].strip()
            ranked = (Suggestion(theme, theme.split(".")[0], 0.8),)
            made.append(Suggestions(f"{id}:{len(turns[id])}", 0.9, ranked, abstained=False))
    return {id: Transcript(id, text[id], tuple(turns[id])) for id in text}, made


@pytest.fixture(scope="module")
def minilm() -> SentenceEmbedder:
    return SentenceEmbedder(model_path("all-MiniLM-L6-v2"))


def test_topics_of_real_interviews_with_the_real_model(
    real: tuple[dict[str, Transcript], list[Suggestions]], minilm: SentenceEmbedder
) -> None:
    transcripts, made = real
    cut = [p for t in transcripts.values() for p in passages(t)]
    found = topics(founding_codebook(), transcripts, cut, made, embedder=minilm)
    assert found.explained > 20
    assert found.residue > 20
    assert len(found.points) == found.explained + found.residue
    ids = [i for t in found.found for i in t.passages]
    assert len(ids) == len(set(ids))
    assert set(ids) <= found.unexplained
    assert found.found or found.similar
    assert found.settings["embedder"].startswith("all-MiniLM-L6-v2")


def test_exemplars_of_a_real_interview_with_the_real_model(
    real: tuple[dict[str, Transcript], list[Suggestions]], minilm: SentenceEmbedder
) -> None:
    transcripts, made = real
    cut = passages(transcripts["D01"])
    coded = {s.passage: [r.theme for r in s.ranked] for s in made if s.passage.startswith("D01:")}
    quotes = exemplars(founding_codebook(), transcripts, cut, (), codings=coded, embedder=minilm)
    assert {q.theme for q in quotes} == {theme for some in coded.values() for theme in some}
    for quote in quotes:
        said = quote_text(transcripts[quote.transcript], quote)
        assert quote.theme in coded[quote.passage]
        assert all(part in transcripts[quote.transcript].text for part in said.split(" … "))
        assert 8 <= len(said.split()) <= 90
    # What a reader would mark as worth quoting: most quotes stand alone and read cleanly.
    assert np.mean([self_containedness(quote_text(transcripts[q.transcript], q)) for q in quotes]) > 0.8


def test_importing_topics_loads_no_heavy_library() -> None:
    heavy = ["bertopic", "umap", "torch", "sklearn", "scipy", "pandas"]
    code = (
        "import sys, json, svp_nlp.coding.topics, svp_nlp.coding.exemplars;"
        f"print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(out) == []
