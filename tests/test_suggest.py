from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from svp_nlp.coding.abstain import COMPARED, SIGNS, Calibration, shipped_calibration, signs
from svp_nlp.coding.codebook import founding_codebook
from svp_nlp.coding.rank import CodebookRanker, Material, codebook_texts, route
from svp_nlp.coding.segment import passages
from svp_nlp.coding.suggest import ThemeSuggester, suggest_passages
from svp_nlp.coding.words import WordIndex, content_words
from svp_nlp.engines.sentence_transformers import SentenceEmbedder
from svp_nlp.errors import CodebookError
from svp_nlp.model import Codebook, Domain, Exemplar, Role, Span, Suggestions, Theme, Transcript, Turn

CANTEEN = Codebook(
    "Canteen",
    "1",
    (Domain("food", "Food"), Domain("place", "Place")),
    (
        Theme("food.taste", "Taste", "food", "What the meals taste like.", exclude=("Price: food.price",)),
        Theme("food.price", "Price", "food", "What the meals cost, cheap or expensive."),
        Theme(
            "place.noise", "Noise", "place", "How loud it is.", exemplars=(Exemplar("So loud!", "A page 2"),)
        ),
    ),
)
LOUD = (
    "You cannot talk there. It is so loud that everybody shouts across the tables. I bring my own sandwich."
)
DEAR = "The meals have become far too expensive, I paid nine euros for a bowl of soup and cannot afford it."


@pytest.fixture(scope="module")
def canteen(embedder: SentenceEmbedder) -> ThemeSuggester:
    return ThemeSuggester(CANTEEN, embedder)


@pytest.fixture(scope="module")
def founding(embedder: SentenceEmbedder) -> ThemeSuggester:
    return ThemeSuggester(founding_codebook(), embedder)


def score_of(made: Suggestions, theme: str) -> float:
    return next(s.score for s in made if s.theme == theme)


def test_another_codebook_is_ranked_by_what_it_says(canteen: ThemeSuggester) -> None:
    loud, dear = canteen.suggest([LOUD, DEAR])
    assert (loud[0].theme, loud[0].domain) == ("place.noise", "place")
    assert (dear[0].theme, dear[0].domain) == ("food.price", "food")


def test_scores_are_probabilities_best_first(canteen: ThemeSuggester) -> None:
    for made in canteen.suggest([LOUD, DEAR, "Hm."]):
        scores = [s.score for s in made]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < s < 1 for s in scores)
        assert 0 <= made.coded <= 1


def test_top_limits_the_list_and_changes_nothing_else(canteen: ThemeSuggester) -> None:
    (all_three,) = canteen.suggest([LOUD])
    (one,) = canteen.suggest([LOUD], top=1)
    assert len(all_three) == 3
    assert one.ranked == all_three.ranked[:1]


def test_the_reason_names_sentence_exemplar_words_and_rival(canteen: ThemeSuggester) -> None:
    (made,) = canteen.suggest([LOUD])
    because = made[0].because
    assert [LOUD[s.start : s.end] for s in because.sentence] == [
        "It is so loud that everybody shouts across the tables."
    ]
    assert (because.exemplar, because.source) == ("So loud!", "A page 2")
    assert because.words == ("loud",)
    assert because.against == made[1].theme
    assert because.margin == pytest.approx(made[0].score - made[1].score)
    assert made[1].because.against == made[0].theme
    assert made[1].because.margin < 0


def test_a_theme_without_exemplar_is_explained_by_the_codebook(canteen: ThemeSuggester) -> None:
    (made,) = canteen.suggest([DEAR])
    assert made[0].because.exemplar == "What the meals cost, cheap or expensive."
    assert made[0].because.source == "codebook, definition"


def test_small_talk_is_none_and_still_listed(founding: ThemeSuggester) -> None:
    made = founding.suggest(["Yes, I agree to be recorded.", "Mm-hm.", ""])
    assert [m.abstained for m in made] == [True, True, True]
    assert all(len(m) == 3 for m in made)
    assert max(m.coded for m in made) < 0.2


def test_evidence_for_a_theme_is_coded(founding: ThemeSuggester) -> None:
    said = (
        "We have never had any money for it. The coordinator does this on top of her job, in the evenings,"
        " without pay, and when she is on vacation nobody answers the phone, so people who call have to wait."
    )
    (made,) = founding.suggest([said], questions=["What are the difficulties?"])
    assert not made.abstained
    assert made.coded > 0.5
    assert made[0].theme == "challenges.resources"


def test_a_clear_statement_that_stands_alone_is_not_none(founding: ThemeSuggester) -> None:
    clear = ["She could not sleep and she left nursing after that.", "Nobody here has heard of us."]
    plain = [
        "Good morning.",
        "The traffic was awful this morning.",
        "I trained in Boston and did my residency in Denver.",
        "We have about 400 beds and two campuses.",
        "My office is on the third floor, next to the cafeteria.",
    ]
    assert [founding.suggest([t])[0].abstained for t in clear] == [False, False]
    assert all(founding.suggest([t])[0].coded > 0.5 for t in clear)
    assert [founding.suggest([t])[0].abstained for t in plain] == [True] * 5


def test_the_quotes_of_the_codebook_are_not_none(founding: ThemeSuggester) -> None:
    quotes = [e.text for t in founding.codebook.themes for e in t.exemplars]
    assert [q[:20] for q in quotes if founding.suggest([q])[0].abstained] == []


def test_a_clear_short_answer_in_an_interview_keeps_its_low_probability(founding: ThemeSuggester) -> None:
    (made,) = founding.suggest(
        ["She could not sleep and she left nursing after that."], roles=[Role.RESPONDENT]
    )
    assert made.coded < 0.5
    assert not made.abstained


def test_an_unsure_theme_falls_back_on_its_domain(canteen: ThemeSuggester) -> None:
    assert canteen._likely_domain(np.array([0.4, 0.3, 0.2])) == "food"
    assert canteen._likely_domain(np.array([0.2, 0.1, 0.4])) == "place"
    assert canteen._likely_domain(np.array([0.6, 0.3, 0.2])) == ""  # the theme is sure
    assert canteen._likely_domain(np.array([0.1, 0.2, 0.3])) == ""  # half each


def test_the_themes_own_exclusion_cue_speaks_against_it(canteen: ThemeSuggester) -> None:
    (made,) = canteen.suggest(["The price went up."])
    against = {s.theme: s.because.exclusion for s in made}
    assert against["food.taste"] == "Price: food.price"
    assert against["food.price"] == against["place.noise"] == ""


def test_what_speaks_against_a_theme_lowers_it(canteen: ThemeSuggester, embedder: SentenceEmbedder) -> None:
    unrestricted = replace(CANTEEN, themes=(replace(CANTEEN.themes[0], exclude=()), *CANTEEN.themes[1:]))
    (with_cue,) = canteen.suggest(["The price went up."])
    (without,) = ThemeSuggester(unrestricted, embedder).suggest(["The price went up."])
    assert score_of(with_cue, "food.taste") < score_of(without, "food.taste")


def test_answers_around_a_text_tell_its_domain(canteen: ThemeSuggester) -> None:
    unclear = "It was like that all the time, every single day, and nobody did anything about it, as I said."
    said = [LOUD, unclear, LOUD]
    apart = canteen.suggest(said, roles=[Role.RESPONDENT] * 3, interviews=["a", "b", "c"])
    together = canteen.suggest(said, roles=[Role.RESPONDENT] * 3, interviews=["a", "a", "a"])
    assert score_of(together[1], "place.noise") > score_of(apart[1], "place.noise")
    assert apart == canteen.suggest(said, roles=[Role.RESPONDENT] * 3)
    asked = [Role.INTERVIEWER, Role.RESPONDENT, Role.INTERVIEWER]
    assert canteen.suggest(said, roles=asked, interviews=["a"] * 3) == canteen.suggest(said, roles=asked)


def test_an_interviewers_turn_is_hardly_coded(founding: ThemeSuggester) -> None:
    said = [
        "So many people left because nobody supported them after the event, and that was why it began?"
    ] * 2
    asked, answered = founding.suggest(said, roles=[Role.INTERVIEWER, Role.RESPONDENT])
    assert asked.coded < answered.coded / 10
    assert asked.abstained


def test_the_question_counts(founding: ThemeSuggester) -> None:
    said = ["There were two of them, and then later on some more, and it was all very slow."] * 2
    plain, asked = founding.suggest(
        said, questions=["", "How did you train and advertise, with brochures?"], top=15
    )

    def score(made: object) -> float:
        return next(s.score for s in made if s.theme == "insights.education")  # type: ignore[attr-defined]

    assert score(asked) > score(plain)


def test_nothing_in_nothing_out(canteen: ThemeSuggester) -> None:
    assert canteen.suggest([]) == ()
    (made,) = canteen.suggest([""])
    assert made.abstained


def test_a_codebook_of_one_theme(embedder: SentenceEmbedder) -> None:
    (made,) = ThemeSuggester(replace(CANTEEN, themes=CANTEEN.themes[:1]), embedder).suggest([LOUD])
    assert [s.theme for s in made] == ["food.taste"]
    assert made[0].because.against == ""


def test_an_empty_codebook_is_refused(embedder: SentenceEmbedder) -> None:
    with pytest.raises(CodebookError) as caught:
        ThemeSuggester(replace(CANTEEN, themes=()), embedder)
    assert caught.value.message == "the codebook has no themes"


def test_passages_get_their_ids_and_places(canteen: ThemeSuggester) -> None:
    text = f"Q: How is lunch?\nA: {LOUD}"
    spoken = Transcript(
        "B",
        text,
        (
            Turn(0, Span(0, 16), (Span(3, 16),), role=Role.INTERVIEWER),
            Turn(1, Span(17, len(text)), (Span(20, len(text)),), role=Role.RESPONDENT),
        ),
    )
    cut = passages(spoken)
    made = suggest_passages(canteen, [spoken], cut)
    assert [m.passage for m in made] == ["B:1", "B:2"]
    assert [spoken[s] for s in made[1][0].because.sentence] == [
        "It is so loud that everybody shouts across the tables."
    ]
    assert suggest_passages(canteen, {"B": spoken}, cut) == made


def test_reprs_show_no_text(canteen: ThemeSuggester) -> None:
    (made,) = canteen.suggest([LOUD])
    assert "loud" not in repr(made)
    assert "sandwich" not in repr(canteen)


def test_exclusion_cues_are_routed_to_the_theme_they_name() -> None:
    known = {"food.price": 1, "food.taste": 0}
    assert route("Price: food.price", known) == ("Price", ("food.price",))
    assert route("It is cheap: food.price (both if told)", known) == ("It is cheap", ("food.price",))
    assert route("Opening hours: no code", known) == ("Opening hours: no code", ())
    assert ("routed", "Price") in [(p.kind, p.text) for p in codebook_texts(CANTEEN) if p.theme == 1]


def test_signs_do_not_depend_on_company(embedder: SentenceEmbedder) -> None:
    ranker = CodebookRanker(CANTEEN, embedder)
    both = signs(ranker, Material.of([LOUD, DEAR], ["How is it?", ""], embedder))
    alone = signs(ranker, Material.of([LOUD], ["How is it?"], embedder))
    assert both.shape == (2, len(SIGNS))
    assert np.allclose(both[0], alone[0], atol=1e-5)


def test_the_shipped_calibration_says_where_it_comes_from() -> None:
    shipped = shipped_calibration()
    assert len(shipped.weights) == len(SIGNS)
    assert "invented interviews" in shipped.source
    assert shipped.usual.keys() == shipped.reach.keys() == set(COMPARED)


def test_length_counts_by_what_the_study_reaches() -> None:
    usual = {"length": 4.0, "codebook": 0.0, "words": 0.0}
    made = Calibration((1.0,) * len(SIGNS), 0.0, {}, 0.3, 1.5, 0.05, "", usual, dict.fromkeys(usual, 0.5))
    short = np.zeros((90, len(SIGNS)))
    short[:, 0] = 3.8
    # 90 passages are trusted at 90² / (90² + 30²) = 0.9, one hardly
    assert made.level(short)[0] == pytest.approx(4.0 - 0.9 * 0.2)
    assert made.level(short[:1])[0] == pytest.approx(4.0, abs=0.001)
    assert made.level()[0] == made.level(short[:0])[0] == 4.0
    short[:, 0] = 1.0
    assert made.level(short)[0] == 3.5  # followed no further than that
    assert made.level(short)[SIGNS.index("names")] == 0.0
    assert made.coded(short[:1], [Role.RESPONDENT], made.level(short)) > made.coded(
        short[:1], [Role.RESPONDENT]
    )


def test_content_words_leave_out_small_talk_and_masks() -> None:
    assert content_words("Um, [PERSON 3] said we're paying *** nurses' overtime") == [
        "pay",
        "nurs",
        "overtim",
    ]


def test_contractions_are_no_words_of_their_own() -> None:
    assert content_words("They weren't heard, can’t sleep, won't call, and the nurses' dont.") == [
        "heard",
        "sleep",
        "call",
        "nurs",
    ]


def test_bm25_by_hand() -> None:
    index = WordIndex(["cold soup", "warm soup soup"])
    scores = index.scores(["Is the soup cold?", "soup soup"])
    rarity_soup, rarity_cold = np.log1p(0.5 / 2.5), np.log1p(1.5 / 1.5)
    short, long = 1.5 * (0.25 + 0.75 * 2 / 2.5), 1.5 * (0.25 + 0.75 * 3 / 2.5)
    cold = rarity_soup * 2.5 / (1 + short) + rarity_cold * 2.5 / (1 + short)
    warm = rarity_soup * 2 * 2.5 / (2 + long)
    assert scores[0] == pytest.approx([cold, warm])
    assert scores[1] == pytest.approx([rarity_soup * 2.5 / (1 + short), warm])
    assert index.shared("Cold and warm soups", 0) == ("cold", "soups")
