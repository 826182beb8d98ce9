from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from svp_nlp.coding.exemplars import Quotes, exemplars, quote_text, respondents
from svp_nlp.coding.segment import passages
from svp_nlp.engines.protocols import Vectors
from svp_nlp.model import (
    Codebook,
    Domain,
    Exemplar,
    Passage,
    Quote,
    Role,
    Span,
    Suggestion,
    Suggestions,
    Theme,
    Transcript,
    Turn,
)


class WordCounts:
    """A small lawful embedder: each word is a fixed random direction, a text the sum of its words."""

    name = "word-counts@1"

    def __call__(self, texts: Sequence[str]) -> Vectors:
        rows = [self._row(t) for t in texts]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, 64), np.float32)

    def _row(self, text: str) -> Vectors:
        total = np.full(64, 1e-6)
        for word in re.findall(r"[a-z]{3,}", text.lower()):
            seed = int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little") % 2**32
            total += np.random.default_rng(seed).standard_normal(64)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


MONEY = Theme(
    "challenges.money", "Money is short", "challenges", "Too little money and budget for the program"
)
SLEEP = Theme(
    "need.sleep",
    "Nurses lose sleep",
    "need",
    "Nights without sleep after the event",
    exemplars=(Exemplar("He could not sleep for nights.", "Z page 1"),),
)
CODEBOOK = Codebook("Test", "1", (Domain("challenges", "Challenges"), Domain("need", "Need")), (MONEY, SLEEP))


def interview(id: str, *turns: tuple[str, str], page_starts: tuple[int, ...] = ()) -> Transcript:
    """Make a transcript; "I" asks, "R" answers, a "|" in what is said is a caption's end."""
    text, made = "", []
    for speaker, said in turns:
        start = len(text)
        text += f"{speaker}: "
        speech = []
        for number, line in enumerate(said.split("|")):
            text += "\n00:01 --> 00:02\n" if number else ""
            speech.append(Span(len(text), len(text) + len(line)))
            text += line
        role = {"I": Role.INTERVIEWER, "R": Role.RESPONDENT}.get(speaker, Role.UNKNOWN)
        made.append(
            Turn(len(made), Span(start, len(text)), tuple(speech), Span(start, start + 1), speaker, role)
        )
        text += "\n\n"
    return Transcript(id, text, tuple(made), page_starts=page_starts)


def suggestion(passage: str, theme: str, score: float = 0.8, *, abstained: bool = False) -> Suggestions:
    domain = theme.split(".")[0]
    return Suggestions(passage, 0.9, (Suggestion(theme, domain, score),), abstained)


A = interview(
    "A",
    ("I", "What about money?"),
    (
        "R",
        "Our budget has no money for the program, and the money we had is gone since the spring. Well, um.",
    ),
    (
        "R",
        "It was, um, you know, money, budget, uh, money money for the program, like, you know, sort of gone.",
    ),
)
B = interview(
    "B",
    ("I", "And the money and the budget of the program, is there enough money for all of you here?"),
    ("R", "The hospital pays the program from a budget that somebody forgot, so the money may end any year."),
    ("R", "The nurses could not sleep after the event, and for many nights they lay awake without sleep."),
)
TRANSCRIPTS = {"A": A, "B": B}
PASSAGES = [*passages(A), *passages(B)]


def choose(**more: object) -> Quotes:
    made = [suggestion(p, MONEY.id) for p in ("A:2", "A:3", "B:1", "B:2")] + [suggestion("B:3", SLEEP.id)]
    arguments = {"suggestions": made, "embedder": WordCounts()} | more
    return exemplars(CODEBOOK, TRANSCRIPTS, PASSAGES, **arguments)  # type: ignore[arg-type]


def test_quotes_come_in_the_order_of_the_codebook_with_citation() -> None:
    quotes = choose(per_theme=2)
    assert [(q.theme, q.citation) for q in quotes][-1] == (SLEEP.id, "B turn 3")
    assert [q.theme for q in quotes] == [MONEY.id, MONEY.id, SLEEP.id]


def test_the_clear_passage_is_quoted_before_the_muddled_one() -> None:
    made = [suggestion(p, MONEY.id) for p in ("A:2", "A:3")]
    assert [q.passage for q in choose(per_theme=1, suggestions=made)] == ["A:2"]


def test_interviewers_are_not_quoted() -> None:
    assert "B:1" not in {q.passage for q in choose(per_theme=5)}


def test_speakers_of_unknown_role_count_only_where_no_respondent_is_known() -> None:
    nobody = passages(interview("C", ("X", "Who is speaking here we do not know.")))
    mixed = passages(interview("D", ("X", "Who is speaking we do not know."), ("R", "I am the respondent.")))
    assert [p.id for p in respondents([*nobody, *mixed])] == ["C:1", "D:2"]


def test_abstained_passages_are_not_quoted_unless_confirmed() -> None:
    made = [suggestion("B:3", SLEEP.id, abstained=True)]
    assert choose(suggestions=made) == ()
    assert [q.passage for q in choose(suggestions=made, codings={"B:3": [SLEEP.id]})] == ["B:3"]


def test_a_passage_people_coded_none_is_not_quoted() -> None:
    assert "B:3" not in {q.passage for q in choose(codings={"B:3": []})}


def test_confirmed_passages_come_before_suggested_ones() -> None:
    assert choose(codings={"A:3": [MONEY.id]}, per_theme=1)[0].passage == "A:3"
    assert [q.passage for q in choose(codings={"A:3": [MONEY.id]}, per_theme=2)][:1] == ["A:3"]


def test_doubtful_passages_give_no_quotes_even_when_confirmed() -> None:
    quotes = choose(codings={"B:3": [SLEEP.id]}, doubtful={"B:3"})
    assert "B:3" not in {q.passage for q in quotes}


def test_quotes_are_spread_over_transcripts() -> None:
    assert {q.transcript for q in choose(per_theme=2) if q.theme == MONEY.id} == {"A", "B"}


def test_no_words_are_quoted_for_two_themes() -> None:
    quotes = choose(codings={"B:3": [SLEEP.id, MONEY.id]})
    assert [q.passage for q in quotes].count("B:3") == 1


def test_a_theme_nobody_speaks_of_has_no_quote() -> None:
    assert {q.theme for q in choose(suggestions=[suggestion("A:2", MONEY.id)])} == {MONEY.id}


def test_nothing_to_quote_gives_no_quotes_and_asks_the_embedder_nothing() -> None:
    class Unasked:
        name = "unasked@1"

        def __call__(self, texts: Sequence[str]) -> Vectors:
            raise AssertionError("nothing should be embedded")

    assert choose(suggestions=[], embedder=Unasked()) == ()


def test_themes_the_codebook_does_not_have_are_not_quoted() -> None:
    assert choose(suggestions=[suggestion("A:2", "other.theme")], codings={"B:2": ["other.theme"]}) == ()


def test_a_long_answer_is_trimmed_to_whole_sentences() -> None:
    chat = "Coffee was fine. The river rose. Ferries ran late. Roads were wet. Gulls cried loudly. "
    core = "The program has too little money, and no budget for the program is in sight."
    said = chat * 3 + core + " " + chat * 3
    long = interview("L", ("R", said.strip()))
    made = [suggestion("L:1", MONEY.id)]
    quotes = exemplars(CODEBOOK, {"L": long}, passages(long), made, embedder=WordCounts(), per_theme=1)
    text = quote_text(long, quotes[0])
    assert core in text
    assert len(text.split()) <= 80
    assert text[0].isupper()
    assert text.endswith(".")


def test_the_page_of_the_quote_is_cited_not_that_of_the_turn() -> None:
    coffee = "We had coffee by the river. "
    money = "The money for the program and its budget ended in the spring. "
    long = interview("P", ("R", (coffee + money + "It rained. " * 30).strip()), page_starts=(0, 25))
    made = [suggestion(p.id, MONEY.id) for p in passages(long)]
    quote = exemplars(CODEBOOK, {"P": long}, passages(long), made, embedder=WordCounts(), per_theme=1)[0]
    assert quote.citation == "P page 2"


def test_quote_text_shows_a_gap_only_where_speech_was_left_out() -> None:
    captions = interview("C", ("R", "the money|is gone|and so|are we"))
    one, two, three, _ = captions.turns[0].speech

    def said(*pieces: Span) -> str:
        return quote_text(captions, Quote(MONEY.id, "C", "C:1", pieces))

    assert said(one, two) == "the money is gone"
    assert said(one, three) == "the money … and so"
    assert said(one) == "the money"


def test_quote_text_joins_broken_lines() -> None:
    text = "R: the money\r\n   is gone"
    broken = Transcript("T", text, (Turn(0, Span(0, len(text)), (Span(3, len(text)),)),))
    assert quote_text(broken, Quote(MONEY.id, "T", "T:1", (Span(3, len(text)),))) == "the money is gone"


def test_the_same_input_gives_the_same_quotes_in_any_order() -> None:
    backwards = exemplars(
        CODEBOOK,
        TRANSCRIPTS,
        PASSAGES[::-1],
        [suggestion(p, MONEY.id) for p in ("B:2", "A:3", "A:2")],
        embedder=WordCounts(),
    )
    forwards = exemplars(
        CODEBOOK,
        TRANSCRIPTS,
        PASSAGES,
        [suggestion(p, MONEY.id) for p in ("A:2", "A:3", "B:2")],
        embedder=WordCounts(),
    )
    assert forwards == backwards


def test_to_frame_holds_positions_and_the_words_only_when_asked() -> None:
    quotes = choose()
    assert list(quotes.to_frame().columns) == [
        "theme", "citation", "transcript", "passage", "score", "start", "end",
    ]  # fmt: skip
    assert quotes.to_frame(TRANSCRIPTS)["text"].str.contains("sleep").any()
    assert list(Quotes().to_frame().columns)[:2] == ["theme", "citation"]


def test_no_repr_shows_what_was_said() -> None:
    assert "sleep" not in repr(choose(codings={"B:3": [SLEEP.id]})).replace(SLEEP.id, "")


WORDS = st.sampled_from(
    ["money", "budget", "program", "sleep", "nights", "nurse", "it", "that", "um", "you", "[PERSON]", "river"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=14).map(lambda ws: " ".join(ws).capitalize() + ".")
TURNS = st.lists(SENTENCES, min_size=1, max_size=9).map(" ".join)


def _said(captions: bool, turn: str) -> str:
    return turn.replace(". ", ".|") if captions else turn


@given(st.lists(TURNS, min_size=1, max_size=4), st.booleans())
def test_every_quote_is_verbatim_inside_its_passage(turns: list[str], captions: bool) -> None:
    transcript = interview("T", *(("R", _said(captions, t)) for t in turns))
    parts = passages(transcript)
    quotes = exemplars(
        CODEBOOK, {"T": transcript}, parts, [suggestion(p.id, MONEY.id) for p in parts], embedder=WordCounts()
    )
    by_id: dict[str, Passage] = {p.id: p for p in parts}
    for quote in quotes:
        assert all(any(home.contains(s) for home in by_id[quote.passage].pieces) for s in quote.pieces)
        assert list(quote.pieces) == sorted(quote.pieces)
        plain = " ".join(transcript.said(transcript.turns[by_id[quote.passage].turn]).split())
        assert all(part in plain for part in quote_text(transcript, quote).split(" … "))
        assert 0.0 <= quote.score <= 1.0
        assert len(quote_text(transcript, quote).split()) <= 120
