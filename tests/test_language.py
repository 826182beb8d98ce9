from __future__ import annotations

from pathlib import Path

import pytest

from svp_nlp.coding.language import foreign, other_language

SAID = {
    "": "I think that we never had the money for it, and when somebody called there was nobody on the phone.",
    "German": "Wir hatten nie das Geld dafür, und wenn jemand angerufen hat, dann war niemand am Telefon,"
    " weil wir das nur abends machen.",
    "French": "Nous avons toujours manqué de moyens pour cela, et quand les collègues appellent, il n'y a"
    " personne qui répond dans le service.",
    "Spanish": "No teníamos dinero para eso y cuando alguien llamaba no había nadie en el teléfono, porque"
    " lo hacemos por la noche.",
    "Italian": "Non abbiamo mai avuto i soldi per questo e quando qualcuno chiama non c'è nessuno, perché lo"
    " facciamo la sera dopo il turno.",
    "Portuguese": "Nós nunca tivemos dinheiro para isso e quando alguém liga não tem ninguém, porque a gente"
    " faz isso à noite depois do trabalho.",
    "Dutch": "We hebben er nooit geld voor gehad en als iemand belt dan is er niemand, omdat ik het in de"
    " avond naast mijn werk doe.",
    "Swedish": "Vi har aldrig haft pengar till det och när någon ringer är det ingen som svarar, för att jag"
    " gör det på kvällen.",
    "Polish": "Nigdy nie było na to pieniędzy i jak ktoś dzwoni, to nikogo nie ma, bo ja to robię tylko po"
    " pracy wieczorem w domu.",
    "Cyrillic letters": "У нас никогда не было на это денег, и когда кто-то звонит, никого нет.",
    "Chinese or Japanese": "我们从来没有钱做这件事，有人打电话来的时候没有人接。",
}


@pytest.mark.parametrize("language", SAID)
def test_languages_are_told(language: str) -> None:
    assert other_language(SAID[language]) == language


def test_short_texts_and_foreign_words_in_english_are_not_judged() -> None:
    assert other_language("Ja, das ist gut.") == ""
    assert other_language("") == ""
    assert other_language("He said c'est la vie and then he went back to the ward with all of them.") == ""
    assert other_language("uh huh " * 30) == ""
    assert other_language("Dr. Müller, Zürich, Straße, Universität, Charité, Köln, München, Bonn " * 3) == ""


def test_every_real_and_invented_interview_is_english(shared: Path) -> None:
    texts = [p.read_text("utf-8") for kind in ("devset", "realset") for p in (shared / kind).rglob("*.txt")]
    assert texts
    assert {other_language(text) for text in texts} == {""}


def test_a_remark_for_every_other_language() -> None:
    assert list(foreign([SAID[""], "Ja."])) == []
    tail = "; suggestions are made for English and mean little there"
    said = [SAID["German"], SAID[""], SAID["French"], SAID["German"]]
    assert list(foreign(said, "transcript")) == [
        f"1 transcript seems to be in French{tail}",
        f"2 transcripts seem to be in German{tail}",
    ]
