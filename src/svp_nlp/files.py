"""Write files whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def write_whole(path: Path, data: bytes | str, *, shared: bool = False) -> None:
    """Write *data* to a temporary name beside *path* and rename it: a reader sees the old file or the new.

    Text is written as UTF-8 with the line ends it has. Only its owner may read the file; a *shared* one
    may be read by whoever may read what else the user writes. Raises OSError when the disk is full or the
    folder cannot be written; *path* is then as it was.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _written(path, raw, 0o666 & ~_umask() if shared else 0o600)
    except OSError as problem:  # the temporary name means nothing to a user
        raise OSError(problem.errno, problem.strerror, str(path)) from problem


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _written(path: Path, raw: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Write *value* as readable JSON, whole or not at all."""
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
