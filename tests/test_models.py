"""The pinned models: found by name, fetched through pip, checked to the last byte."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from svp_nlp.engines import models
from svp_nlp.engines.models import fetch, installed, manifest, model_path, store, verify
from svp_nlp.errors import ModelError

ROOT = Path(__file__).resolve().parents[1]
FILES = {"config.json": b"{}", "vocab/vectors": b"\x00\x01\x02"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(path: Path, files: dict[str, bytes] = FILES) -> str:
    """Write the wheel of an invented model; return its SHA-256."""
    package = "tiny_model"
    code = b"raise SystemExit('the code of a model package ran')\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{package}/__init__.py", code)
        for name, data in files.items():
            wheel.writestr(f"{package}/data/{name}", data)
        wheel.writestr(f"{package}/data/not_listed.py", code)
        information = f"{package}-0.1.0.dist-info"
        tags = "Root-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 0.1.0\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\n" + tags)
        wheel.writestr(f"{information}/RECORD", "")
    return sha256(path.read_bytes())


def manifest_text(archive_sha256: str, size: int, files: dict[str, bytes] = FILES) -> str:
    lines = "\n".join(f'"{name}" = "{sha256(data)}"' for name, data in files.items())
    return f"""
[[model]]
name = "tiny"
version = "2.0"
task = "is tiny"
licence = "MIT"
default = true
card = "tiny.md"
package = "tiny-model"
package_version = "0.1.0"
source = "invented for this test"
archive = "tiny_model-0.1.0-py3-none-any.whl"
archive_size = {size}
archive_sha256 = "{archive_sha256}"
folder = "tiny_model/data"
size = 5

[model.files]
{lines}
"""


class Index:
    """A folder that serves as a package index, a manifest that pins what is in it, and an empty store."""

    def __init__(self, folder: Path) -> None:
        self.wheel = folder / "index" / "tiny_model-0.1.0-py3-none-any.whl"
        self.manifest = folder / "manifest.toml"
        self.store = folder / "store"
        self.wheel.parent.mkdir()
        self.pin(write_wheel(self.wheel))

    def pin(self, archive_sha256: str, files: dict[str, bytes] = FILES) -> None:
        text = manifest_text(archive_sha256, self.wheel.stat().st_size, files)
        self.manifest.write_text(text, encoding="utf-8")
        manifest.cache_clear()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    folder = Index(tmp_path)
    monkeypatch.setattr(models, "_manifest_file", lambda: folder.manifest)
    monkeypatch.setenv("SVP_NLP_MODELS", str(folder.store))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder.wheel.parent))
    manifest.cache_clear()
    yield folder
    monkeypatch.undo()
    manifest.cache_clear()


def test_fetch_unpacks_the_listed_data_and_nothing_else(index: Index) -> None:
    [folder] = fetch()
    assert folder == index.store / "tiny-2.0"
    assert {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    } == FILES
    assert [entry.name for entry in index.store.iterdir()] == ["tiny-2.0"]
    assert model_path("tiny") == folder
    assert verify() == []


def test_fetch_counts_bytes(index: Index) -> None:
    said: list[tuple[str, int, int]] = []
    fetch(progress=lambda what, done, total: said.append((what, done, total)))
    size = index.wheel.stat().st_size
    assert said[-1] == ("tiny", size, size)
    assert {(what, total) for what, _, total in said} == {("tiny", size)}
    assert [done for _, done, _ in said] == sorted(done for _, done, _ in said)


def test_a_model_that_is_whole_is_not_fetched_again(index: Index) -> None:
    fetch()
    index.wheel.unlink()
    assert fetch(["tiny"]) == [index.store / "tiny-2.0"]


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_model_is_found_and_replaced(index: Index, damage: str) -> None:
    [folder] = fetch()
    file = folder / "config.json"
    if damage == "changed":
        file.write_bytes(b"[]")
    else:
        file.unlink()
    [problem] = verify()
    assert (problem.model, problem.file) == ("tiny", "config.json")
    expected = {
        "changed": f"config.json has SHA-256 {sha256(b'[]')}, expected {sha256(b'{}')}",
        "missing": "config.json is missing",
    }
    assert str(problem) == "tiny: " + expected[damage]
    fetch()
    assert verify() == []
    assert file.read_bytes() == b"{}"


def test_an_archive_left_by_an_interrupted_run_is_used_again(index: Index) -> None:
    index.store.mkdir()
    shutil.move(index.wheel, index.store / index.wheel.name)
    fetch()
    assert verify() == []


def test_a_damaged_archive_left_behind_is_downloaded_again(index: Index) -> None:
    index.store.mkdir()
    (index.store / index.wheel.name).write_bytes(b"half of it")
    fetch()
    assert verify() == []


def test_an_archive_that_is_not_the_pinned_one_is_refused(index: Index) -> None:
    got = sha256(index.wheel.read_bytes())
    index.pin("0" * 64)
    with pytest.raises(ModelError) as error:
        fetch()
    assert str(error.value) == (
        f"tiny_model-0.1.0-py3-none-any.whl is not the pinned file: SHA-256 {got}, expected {'0' * 64}\n\n"
        "hint: the package index serves another file under this name; ask who runs it"
    )
    assert list(index.store.iterdir()) == []


def test_a_file_that_is_not_the_pinned_one_leaves_no_half_model(index: Index) -> None:
    index.pin(sha256(index.wheel.read_bytes()), {"config.json": b"{}", "vocab/vectors": b"other"})
    with pytest.raises(ModelError) as error:
        fetch()
    assert error.value.message == (
        "vocab/vectors in tiny_model-0.1.0-py3-none-any.whl has SHA-256 "
        f"{sha256(FILES['vocab/vectors'])}, expected {sha256(b'other')}"
    )
    assert not (index.store / "tiny-2.0").exists()
    assert [status.installed for status in installed()] == [False]


def test_a_package_that_is_not_in_the_index(index: Index) -> None:
    index.wheel.unlink()
    with pytest.raises(ModelError) as error:
        fetch()
    assert str(error.value) == (
        'model "tiny" cannot be downloaded: pip found no tiny-model==0.1.0\n\n'
        "hint: ask who runs your package index for it, or put tiny_model-0.1.0-py3-none-any.whl into "
        f"{index.store}"
    )
    assert list(index.store.iterdir()) == []


def test_no_network(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ModelError) as error:
        fetch()
    assert str(error.value) == (
        'model "tiny" cannot be downloaded: pip reached no package index\n\n'
        "hint: check the network and pip's settings (`pip config list`), then fetch again"
    )


def test_an_interrupted_download_leaves_nothing(index: Index) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(progress=interrupt)
    assert list(index.store.iterdir()) == []
    fetch()
    assert verify() == []


def test_a_store_that_cannot_be_written(index: Index) -> None:
    index.store.write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError) as error:
        fetch()
    assert error.value.message.startswith(f"the models cannot be written to {index.store}: ")
    assert error.value.hint == ("make room or give yourself access, or name another folder in SVP_NLP_MODELS")


@pytest.mark.parametrize("name", ["../outside", "/outside", "a//b", "a\\b", "c:d"])
def test_a_name_that_leaves_the_store_is_refused(index: Index, name: str) -> None:
    index.pin("0" * 64, {name.replace("\\", "\\\\"): b"x"})
    with pytest.raises(ModelError) as error:
        manifest()
    assert error.value.message == "the manifest of models cannot be read: ValueError"


def test_a_missing_model_names_the_command(index: Index) -> None:
    with pytest.raises(ModelError) as error:
        model_path("tiny")
    folder = index.store / "tiny-2.0"
    assert str(error.value) == (
        f'model "tiny" is not here; expected in {folder}\n\nhint: run `svp-nlp models fetch`'
    )
    assert [str(problem) for problem in verify()] == [f"tiny: is not here; expected in {folder}"]


def test_an_incomplete_model_is_not_used(index: Index) -> None:
    [folder] = fetch()
    (folder / "config.json").unlink()
    with pytest.raises(ModelError) as error:
        model_path("tiny")
    assert error.value.message == f'model "tiny" is incomplete: config.json is missing in {folder}'


def test_an_unknown_name_lists_the_known_ones(index: Index) -> None:
    for ask in (lambda: model_path("huge"), lambda: fetch(["huge"]), lambda: verify(["huge"])):
        with pytest.raises(ModelError) as error:
            ask()
        assert error.value.message == 'unknown model "huge"; models: tiny'


def test_a_folder_is_taken_as_it_is(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "my own model"
    with pytest.raises(ModelError) as error:
        model_path(folder)
    assert error.value.message == f"model folder {folder} does not exist"
    folder.mkdir()
    assert model_path(folder) == folder
    assert model_path(str(folder)) == folder


def test_the_store_is_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SVP_NLP_MODELS", raising=False)
    assert store().name == "models"
    assert store().parent.name == "svp-nlp"


def test_the_default_models_are_here_and_are_the_pinned_ones() -> None:
    defaults = [model.name for model in manifest().values() if model.default]
    assert defaults == ["en_core_web_md", "all-MiniLM-L6-v2"]
    assert verify() == []


def test_every_model_has_a_card_that_names_its_version_and_licence() -> None:
    for model in manifest().values():
        card = (ROOT / "models" / model.card).read_text(encoding="utf-8")
        assert card.startswith(f"# {model.name} {model.version}\n")
        assert model.licence in card
        assert model.archive_sha256 in card
        assert all(len(value) == 64 for value in (model.archive_sha256, *model.files.values()))
