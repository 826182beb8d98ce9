"""The key apart: everything of the private side that holds a name, sealed into ``private/key``.

Whatever needs the key opens it for as long as it runs and seals it again, also when it fails. The plain
ledger is the last file to appear and the first to go: where it lies beside the key, a run was cut off, the
plain files are the newer ones and the next `lock` takes them up.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

from svp_nlp.errors import StudyError
from svp_nlp.files import write_whole
from svp_nlp.study import folder as f

SEALED = (
    "decisions.jsonl",
    "edits.jsonl",
    "findings.jsonl",
    "roster.csv",
    "lists.jsonl",
    "cases.csv",
    "review.sqlite",
    "surrogates.json",
    "study.json",
    "ledger.json",
)
"""The files that go into the key; the ledger comes last (see above)."""

_HINT = "svp-nlp key unlock DIR; or set SVP_NLP_PASSPHRASE, or give --passphrase-file"


def is_locked(layout: f.Layout) -> bool:
    """Tell whether the key is sealed."""
    return (layout.private / "key").exists() and not (layout.private / "ledger.json").exists()


def lies_open(layout: f.Layout) -> bool:
    """Tell whether a run that had the key open was cut off, so that it was not sealed again."""
    return (layout.private / "key").exists() and (layout.private / "ledger.json").exists()


def require_key(layout: f.Layout) -> None:
    """Raise StudyError when the key is sealed."""
    if is_locked(layout):
        raise StudyError("the key of this study is locked", hint=_HINT)


def lock(layout: f.Layout, passphrase: str) -> None:
    """Seal the key under *passphrase* and remove the plain files.

    Raises StudyError when it is sealed already, when there is nothing to seal, and when a key that was left
    open has another passphrase.
    """
    key = layout.private / "key"
    if is_locked(layout):
        raise StudyError("the key is locked already")
    if not (layout.private / "ledger.json").exists():
        raise StudyError("this study has no key yet", hint="svp-nlp redact SOURCES... --study DIR")
    if key.exists():
        _bundle(layout, passphrase)  # it must be the passphrase the key has
    _seal(layout, passphrase)


def unlock(layout: f.Layout, passphrase: str) -> None:
    """Open the key for good: write the plain files and remove the sealed one.

    Raises StudyError for a wrong passphrase, a changed file, or the key of another study; then nothing
    changes.
    """
    if not (layout.private / "key").exists():
        raise StudyError("the key of this study is not locked")
    _open(layout, passphrase)
    (layout.private / "key").unlink()


@contextmanager
def unlocked(layout: f.Layout, passphrase: str) -> Iterator[None]:
    """Open the key for the time of a block; where it is not sealed, do nothing."""
    if not is_locked(layout):
        yield
        return
    _open(layout, passphrase)
    try:
        yield
    finally:
        _seal(layout, passphrase)


def _open(layout: f.Layout, passphrase: str) -> None:
    """Write the plain files; those that lie there after a run that was cut off are newer and stay."""
    bundle = _bundle(layout, passphrase)
    if lies_open(layout):
        return
    for name in SEALED:
        if name in bundle:
            write_whole(layout.private / name, bundle[name])
        else:
            (layout.private / name).unlink(missing_ok=True)


def _seal(layout: f.Layout, passphrase: str) -> None:
    from svp_nlp.redaction.vault import seal
    from svp_nlp.study.reviewing import study_id

    here = [layout.private / name for name in SEALED if (layout.private / name).exists()]
    bundle = {path.name: base64.b64encode(path.read_bytes()).decode("ascii") for path in here}
    blob = seal(json.dumps(bundle).encode(), passphrase, study=study_id(layout))
    write_whole(layout.private / "key", blob)
    for path in reversed(here):
        path.unlink()


def _bundle(layout: f.Layout, passphrase: str) -> dict[str, bytes]:
    from svp_nlp.redaction.vault import open_sealed

    known = layout.coding / "study.json"
    study = str(f.read_json(known)["id"]) if known.exists() else ""
    opened = open_sealed((layout.private / "key").read_bytes(), passphrase, study=study)
    try:
        found = {str(k): base64.b64decode(v, validate=True) for k, v in json.loads(opened).items()}
    except (ValueError, AttributeError, TypeError):
        found = {}
    if "ledger.json" not in found or not found.keys() <= set(SEALED):
        raise StudyError("what the key holds is no key of a study", hint="put it back from a copy")
    return found
