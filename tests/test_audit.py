from __future__ import annotations

import pytest

from svp_nlp.errors import StudyError
from svp_nlp.model import Finding, Label, Span, Status, Transcript, Turn
from svp_nlp.redaction.audit import audit, load_cases, paragraph_of, quasi_identifiers
from svp_nlp.redaction.ledger import Ledger
from svp_nlp.redaction.link import link
from svp_nlp.redaction.profiles import SAFE_HARBOR
from svp_nlp.redaction.redact import applied, redact
from svp_nlp.redaction.roster import Roster

TEXT = "Q: Who?\nA: Ann Bell, aged 34, fax 915-555-0172, of Lake Clinic."
MARKS = [("Ann Bell", Label.PERSON), ("34", Label.AGE), ("915-555-0172", Label.CONTACT)]


def study() -> tuple[list[Transcript], list[list[Finding]]]:
    turns = (
        Turn(0, Span(0, 7), (Span(3, 7),), Span(0, 1)),
        Turn(1, Span(8, len(TEXT)), (Span(11, len(TEXT)),), Span(8, 9)),
    )
    findings = [
        Finding(Span(TEXT.index(w), TEXT.index(w) + len(w)), label, found_by=("spacy", "roster:part"))
        for w, label in MARKS
    ]
    start = TEXT.index("Lake")
    clinic = Finding(Span(start, start + 11), Label.INSTITUTION, 0.4, status=Status.REVIEW)
    return [Transcript("secret name", TEXT, turns)], [[*findings, clinic]]


def test_an_audit_of_one_file() -> None:
    transcripts, rows = study()
    ledger, linked = link(transcripts, rows, roster=Roster(), ledger=Ledger(seed="seed"))
    [redacted] = [redact(transcripts[0], linked[0], ledger=ledger, profile=SAFE_HARBOR)]
    cases = [{"role": "nurse", "year": "2014"}, {"role": "Nurse ", "year": "2015"}]
    found = audit(
        transcripts,
        [applied(linked[0], redacted)],
        [redacted],
        profile=SAFE_HARBOR,
        cases=cases,
    )
    [file] = found.files
    assert file.transcript == ledger.letter_of("secret name")
    assert (file.words, file.changed, file.review, file.kept) == (10, 5, 1, 1)
    assert file.labels == {Label.PERSON: 1, Label.CONTACT: 1, Label.INSTITUTION: 1}
    assert file.kinds == {"(A)": 1, "(E)": 1, "(R)": 1}
    assert [row[0] for row in found.by_kind()] == [f"({c})" for c in "ABCDEFGHIJKLMNOPQR"]
    assert [row[3] for row in found.by_kind()] == [1, 0, 0, 0, 1, *[0] * 12, 1]
    assert found.witnesses == ("roster", "spacy")
    shown = "".join([found.methods(), found.table(), str(found.to_row()), found._repr_html_(), repr(found)])
    for secret in ("Ann", "Bell", "34", "915", "Lake", "secret", "nurse"):
        assert secret not in shown
    assert found.methods().startswith("1 transcript (10 words) was de-identified with svp-nlp ")
    assert "3 mentions of 3 entities were replaced (1 PERSON, 1 INSTITUTION, 1 CONTACT)" in found.methods()
    assert "touching 50.0% of the words" in found.methods()


def test_combinations_tell_who_stands_alone() -> None:
    cases = [
        {"role": "nurse", "site": "B", "year": "2014"},
        {"role": "nurse", "site": "B", "year": "2014"},
        {"role": "nurse", "site": "C", "year": "2014"},
        {"role": "surgeon", "site": "C", "year": "2014"},
    ]
    found = {c.columns: (c.groups, c.k, c.alone) for c in quasi_identifiers(cases)}
    assert found[("role",)] == (2, 1, 1)
    assert found[("site",)] == (2, 2, 0)
    assert found[("year",)] == (1, 4, 0)
    assert found[("role", "site")] == (3, 1, 2)
    assert len(found) == 7
    assert quasi_identifiers(cases)[0].columns == ("role", "site")
    assert quasi_identifiers([]) == ()


@pytest.mark.parametrize(
    ("text", "words", "label", "paragraph"),
    [
        ("call 915-555-0172", "915-555-0172", Label.CONTACT, "(D)"),
        ("the fax is 915-555-0172", "915-555-0172", Label.CONTACT, "(E)"),
        ("write to a.b@lake.org", "a.b@lake.org", Label.CONTACT, "(F)"),
        ("it is ann dot bell at lake dot org", "ann dot bell at lake dot org", Label.CONTACT, "(F)"),
        ("see www.lake.org", "www.lake.org", Label.CONTACT, "(N)"),
        ("ann@lake.org or 555-0142", "555-0142", Label.CONTACT, "(D)"),
        ("my e-mail is ann at lake dot org", "ann at lake dot org", Label.CONTACT, "(F)"),
        ("from 10.0.0.1", "10.0.0.1", Label.CONTACT, "(O)"),
        ("zip 79901", "79901", Label.CONTACT, "(B)"),
        ("MRN 48213", "48213", Label.ID, "(H)"),
        ("it was 123-45-6789", "123-45-6789", Label.ID, "(G)"),
        ("account number 48213", "48213", Label.ID, "(J)"),
        ("license 48213", "48213", Label.ID, "(K)"),
        ("badge 48213", "48213", Label.ID, "(R)"),
        ("in El Paso", "El Paso", Label.LOCATION, "(B)"),
        ("in March", "March", Label.DATE, "(C)"),
    ],
)
def test_paragraphs(text: str, words: str, label: Label, paragraph: str) -> None:
    at = text.index(words)
    assert paragraph_of(Transcript("t", text), Finding(Span(at, at + len(words)), label)) == paragraph


def test_attributes_are_read() -> None:
    assert load_cases("\ufefffile,role\nD01,nurse\n\nD02,chief\n").rows == (
        {"role": "nurse"},
        {"role": "chief"},
    )
    assert "nurse" not in repr(load_cases("file,role\nD01,nurse\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the attributes have no header with a case and at least one attribute"),
        ("file\nD01\n", "the attributes have no header with a case and at least one attribute"),
        ("file,a,a\n", "two columns of the attributes have the same name"),
        ("file,a\nD01\n", "line 2 of the attributes has 1 cells, the header has 2"),
    ],
)
def test_attributes_that_are_none(text: str, message: str) -> None:
    with pytest.raises(StudyError) as error:
        load_cases(text)
    assert error.value.message == message
