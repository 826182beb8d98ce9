from __future__ import annotations

import pytest

from svp_nlp.coding.speech import clarity, length_fit, pseudonyms, self_containedness, stop_words, words


def test_words_leave_pseudonyms_and_noises_out() -> None:
    said = "Well, [PERSON 3] didn’t call [laughs] in [DATE 2], 14 people did. (inaudible)"
    assert words(said) == ["well", "didn't", "call", "in", "14", "people", "did"]


def test_pseudonyms_are_counted_but_not_noises_nor_plain_words() -> None:
    assert pseudonyms("[PERSON 3] went to [INSTITUTION B] [laughs], in person, at the *** rounds") == 3


@pytest.mark.parametrize(
    ("clean", "muddy"),
    [
        ("Nobody asked how the nurse was.", "Nobody, um, you know, asked how the nurse was."),
        ("Nobody asked how the nurse was.", "Nobody nobody asked how the the nurse was."),
        ("Nobody asked how the nurse was.", "Nobody asked [inaudible] the nurse was."),
        (
            "Nobody asked how the nurse was.",
            "[PERSON 1] and [PERSON 2] of [INSTITUTION A] asked how [PERSON 3] was.",
        ),
    ],
)
def test_fillers_repeats_noises_and_many_pseudonyms_cost_clarity(clean: str, muddy: str) -> None:
    assert clarity(clean) == 1.0
    assert 0.0 <= clarity(muddy) < 1.0


def test_one_pseudonym_does_not_cost_clarity() -> None:
    assert clarity("The nurses at [INSTITUTION A] asked for help.") == 1.0


@pytest.mark.parametrize(
    "leaning",
    [
        "That was the year it began.",
        "And the nurses asked for help.",
        "Yes, the nurses asked for help.",
        "Did the nurses ask for help?",
        "The nurses asked for",
        "The night shift, mostly",
        "The night shift. The nurses asked for help.",
        'Y, N." The nurses asked for help.',
        "[laughs]",
        "",
    ],
)
def test_what_leans_on_its_surroundings_stands_less_well(leaning: str) -> None:
    assert self_containedness("The nurses asked for help.") == 1.0
    assert self_containedness(leaning) < 1.0


def test_caption_text_without_stops_is_not_marked_down_for_having_none() -> None:
    assert self_containedness("the nurses asked for help") == 1.0


@pytest.mark.parametrize(("count", "fit"), [(5, 0.0), (10, 0.5), (15, 1.0), (60, 1.0), (85, 0.5), (200, 0.0)])
def test_length_fit_is_best_between_15_and_60_words(count: int, fit: float) -> None:
    assert length_fit(count) == fit


def test_stop_words_hold_grammar_and_speech_but_no_content() -> None:
    assert {"the", "um", "yeah", "know"} <= stop_words()
    assert not {"nurse", "support", "training"} & stop_words()
