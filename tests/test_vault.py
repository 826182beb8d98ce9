from __future__ import annotations

import pytest

from svp_nlp.errors import StudyError
from svp_nlp.redaction.vault import is_sealed, open_sealed, seal


@pytest.fixture(scope="module")
def blob() -> bytes:
    return seal(b"Ann Bell", "four old words here", study="a1")


def test_there_and_back(blob: bytes) -> None:
    assert open_sealed(blob, "four old words here", study="a1") == b"Ann Bell"
    assert open_sealed(blob, "four old words here") == b"Ann Bell"
    assert is_sealed(blob)
    assert b"Ann" not in blob
    assert not is_sealed(b"{}")


def test_the_same_twice_looks_different(blob: bytes) -> None:
    assert seal(b"Ann Bell", "four old words here", study="a1") != blob


def test_a_wrong_passphrase(blob: bytes) -> None:
    with pytest.raises(StudyError, match="the passphrase is wrong, or the file has been changed"):
        open_sealed(blob, "four new words here", study="a1")


def test_another_study(blob: bytes) -> None:
    with pytest.raises(StudyError, match="the key belongs to another study"):
        open_sealed(blob, "four old words here", study="b2")


@pytest.mark.parametrize("at", [-1, -20, -30, -45])
def test_any_changed_byte_is_noticed(blob: bytes, at: int) -> None:
    changed = bytearray(blob)
    changed[at] ^= 1
    with pytest.raises(StudyError, match="the file has been changed"):
        open_sealed(bytes(changed), "four old words here")


def test_the_head_is_sealed_in(blob: bytes) -> None:
    with pytest.raises(StudyError, match="the file has been changed"):
        open_sealed(blob.replace(b'"a1"', b'"b2"'), "four old words here", study="b2")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no sealed key"),
        (b"svp-nlp sealed 9 {}\n", "was sealed by a newer version"),
        (b"svp-nlp sealed 1 {}", "is cut short"),
        (b"svp-nlp sealed 1 {}\n" + b"x" * 43, "is cut short"),
        (b"svp-nlp sealed 1 {\n" + b"x" * 60, "head of the key file is damaged"),
        (b"svp-nlp sealed 1 []\n" + b"x" * 60, "head of the key file is damaged"),
    ],
)
def test_what_is_no_key(data: bytes, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        open_sealed(data, "x")


def test_no_empty_passphrase() -> None:
    with pytest.raises(StudyError, match="the passphrase is empty"):
        seal(b"x", "")
