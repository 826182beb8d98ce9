"""The key of a study under a passphrase: scrypt makes the key, AES-256-GCM seals.

A sealed blob is one line of text that says what it is, then salt, nonce and cipher text. The line is sealed
in with the rest, so that no part of it can be exchanged unnoticed; it may name the study, so that the key of
another study is told from a wrong passphrase.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from svp_nlp.errors import StudyError

_MAGIC = b"svp-nlp sealed 1 "
_SALT, _NONCE = 16, 12
# RFC 7914 names N = 2**14 for interactive use; 2**15 takes 32 MiB and about a tenth of a second.
_N, _R, _P = 2**15, 8, 1


def seal(data: bytes, passphrase: str, *, study: str = "") -> bytes:
    """Return *data* sealed under *passphrase*; ``study`` names the study it belongs to.

    Raises StudyError for an empty passphrase.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not passphrase:
        raise StudyError(
            "the passphrase is empty", hint="choose one of several words; without it nothing opens"
        )
    head = _MAGIC + json.dumps({"study": study}).encode() + b"\n"
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return head + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, data, head)


def open_sealed(blob: bytes, passphrase: str, *, study: str = "") -> bytes:
    """Return what `seal` sealed.

    Raises StudyError when *blob* was not sealed by `seal`, belongs to another study than ``study`` (where
    both are named), has been changed, or the passphrase is not the one it was sealed under.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, rest = _parted(blob)
    owner = str(_header(head).get("study", ""))
    if study and owner and owner != study:
        raise StudyError("the key belongs to another study", hint="put back the private folder of this one")
    salt, nonce, sealed = rest[:_SALT], rest[_SALT : _SALT + _NONCE], rest[_SALT + _NONCE :]
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, head)
    except InvalidTag:
        raise StudyError(
            "the key does not open: the passphrase is wrong, or the file has been changed",
            hint="try the passphrase again; if it is right, put the file back from a copy",
        ) from None


def is_sealed(blob: bytes) -> bool:
    """Tell whether *blob* was written by `seal`."""
    return re.match(rb"svp-nlp sealed \d+ ", blob) is not None


def _parted(blob: bytes) -> tuple[bytes, bytes]:
    end = blob.find(b"\n") + 1
    if not blob.startswith(_MAGIC):
        what = "was sealed by a newer version" if is_sealed(blob) else "is no sealed key"
        raise StudyError(f"the key file {what}", hint="put it back from a copy, or update svp-nlp")
    if not end or len(blob) < end + _SALT + _NONCE + 16:
        raise StudyError("the key file is cut short", hint="put it back from a copy")
    return blob[:end], blob[end:]


def _header(head: bytes) -> dict[str, Any]:
    try:
        header = json.loads(head[len(_MAGIC) :])
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise StudyError("the head of the key file is damaged", hint="put it back from a copy")
    return header


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode())
