"""Fixtures every test file may use."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from svp_nlp.engines.sentence_transformers import SentenceEmbedder

AF_UNIX = getattr(socket, "AF_UNIX", None)  # Windows has none


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test data that lies beside the checkout."""
    return Path(__file__).resolve().parents[2] / "shared"


class NetworkError(Exception):
    """A test reached for the network; not an OSError, so that nothing takes it for a bad connection."""


def _is_local(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) else address
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    return name in ("localhost", "::1", "0.0.0.0") or name.startswith("127.")


@pytest.fixture(autouse=True, scope="session")
def network_attempts() -> Iterator[list[str]]:
    """Close every socket but local ones (notebooks need those); return the list of attempts."""
    attempts: list[str] = []

    def guard(original: Callable[..., Any], position: int) -> Callable[..., Any]:
        @wraps(original)
        def guarded(*arguments: Any, **options: Any) -> Any:
            local_family = isinstance(arguments[0], socket.socket) and arguments[0].family == AF_UNIX
            if local_family or _is_local(arguments[position]):
                return original(*arguments, **options)
            attempts.append(original.__name__)
            raise NetworkError(f"{original.__name__} to {arguments[position]!r}")

        return guarded

    with pytest.MonkeyPatch.context() as patch:
        for name, position in (("connect", 1), ("connect_ex", 1), ("sendto", -1)):
            patch.setattr(socket.socket, name, guard(getattr(socket.socket, name), position))
        for name in ("getaddrinfo", "gethostbyname"):
            patch.setattr(socket, name, guard(getattr(socket, name), 0))
        yield attempts


@pytest.fixture(autouse=True)
def _no_network(network_attempts: list[str]) -> Iterator[None]:
    """Fail a test that reached for the network, even if a library swallowed the error."""
    network_attempts.clear()
    yield
    assert not network_attempts


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in example study, run once from sources to report by the command users run."""
    from svp_nlp.cli import main

    folder = tmp_path_factory.mktemp("demo") / "study"
    with pytest.raises(SystemExit) as stopped:
        main(["demo", str(folder), "--quiet"])
    assert stopped.value.code == 0
    return folder


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEmbedder:
    """The default embedding model, loaded once, with a cache for the whole run."""
    from svp_nlp.engines.models import model_path
    from svp_nlp.engines.sentence_transformers import SentenceEmbedder

    cache = tmp_path_factory.mktemp("embeddings") / "cache.sqlite"
    return SentenceEmbedder(model_path("all-MiniLM-L6-v2"), cache=cache)
