"""The local door: a page on 127.0.0.1 for the person at this machine, and for nobody else.

The address carries a random token behind "#", where no server and no log sees it; every request must bring
it in a header, which no other site's page can send. Host and Origin are checked, so that a name that is
pointed at 127.0.0.1 gets nothing. Text travels in bodies only, never in an address, and is not cached.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import ReviewError, SvpError
from svp_nlp.review.page import shell, static
from svp_nlp.review.session import Desk

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names under which a browser on this machine, or at the far end of an ssh tunnel, may ask."""

LARGEST = 1_000_000
"""Bytes a request may have."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer carries."""


class ReviewServer:
    """Serves one desk on 127.0.0.1, at a random port unless *port* is given.

    `run` serves until it is interrupted; as a context manager it serves in the background. Raises ReviewError
    when the port is taken.
    """

    def __init__(self, desk: Desk, *, port: int = 0) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        self.socket = _listening(port)
        self._ready = Event()

    def __repr__(self) -> str:
        return f"ReviewServer(port {self.port})"

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The address to open; the token in it opens the study, so it is shown to the person only."""
        return f"http://127.0.0.1:{self.port}/#{self.token}"

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until interrupted; *ready* is called with the address once the page can be opened."""
        self.server.ready = lambda: ready(self.url)
        try:
            self.server.run(sockets=[self.socket])
        except KeyboardInterrupt:  # Ctrl-C is how it is closed
            return
        finally:
            self.close()

    def __enter__(self) -> ReviewServer:
        self.server.ready = self._ready.set
        self._thread = Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(10)
        self.close()

    def close(self) -> None:
        """Stop listening and give the record back."""
        self.socket.close()
        self.desk.close()

    @cached_property
    def server(self) -> Any:
        """The server behind; silent, for a log might hold what a person typed."""
        import uvicorn

        config = uvicorn.Config(
            self.app, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none",
            http="h11", loop="asyncio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        return _told_when_ready(uvicorn.Server)(config)

    @cached_property
    def app(self) -> Starlette:
        """The application: the page, its two files, and one address a verb."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/", self._static(shell, "text/html")),
                Route("/review.js", self._static(lambda: static("review.js"), "text/javascript")),
                Route("/review.css", self._static(lambda: static("review.css"), "text/css")),
                Route("/api/{verb}", self._answer, methods=["POST"]),
            ],
            exception_handlers={404: self._lost, 405: self._lost},
        )

    def _static(self, content: Callable[[], str], kind: str) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            from starlette.responses import Response

            if not _named_local(request.headers):
                return _refusal(403, "this page is for 127.0.0.1 only")
            return Response(content(), media_type=kind, headers=HEADERS)

        return endpoint

    async def _answer(self, request: Request) -> Response:
        """Answer a verb; whoever asks must be here and hold the token."""
        token = request.headers.get("x-svp-token", "")
        if not _from_here(request.headers) or not hmac.compare_digest(token.encode(), self.token.encode()):
            return _refusal(403, "open the address that svp-nlp review printed")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refusal(415, "requests are JSON")
        raw = await _whole(request)
        if raw is None:
            return _refusal(413, f"a request has at most {LARGEST} bytes")
        return await asyncio.to_thread(self._reply, request.path_params["verb"], raw)

    def _reply(self, verb: str, raw: bytes) -> Response:
        status, row = replied(self.desk, verb, raw)
        return _json(status, row)

    def _lost(self, *_: object) -> Response:
        return _refusal(404, "there is nothing here")


def replied(desk: Desk, verb: str, raw: bytes | str) -> tuple[int, Mapping[str, Any]]:
    """Have *desk* answer a request; a problem becomes an answer with its sentence, never a traceback."""
    try:
        body = json.loads(raw)
        if not isinstance(body, Mapping):
            raise ReviewError("a request is a JSON object")
        return 200, desk.answer(verb, body)
    except SvpError as problem:
        return 400, {"error": problem.message, "hint": problem.hint or ""}
    except (ValueError, RecursionError):
        return 400, {"error": "the request is not JSON", "hint": "load the page again"}
    except Exception as fault:  # the name of a bug may be told, its message could hold text
        return 500, {
            "error": f"a fault in the program ({type(fault).__name__}); nothing was stored",
            "hint": "",
        }


def _listening(port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on: half of an answer would then wait 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        made.close()
        raise ReviewError(
            f"port {port} cannot be used", hint="leave --port out: a free one is taken"
        ) from None
    return made


def _told_when_ready(base: type[uvicorn.Server]) -> type[uvicorn.Server]:
    """Return *base* with a call when it has begun to serve."""

    class Told(base):  # type: ignore[valid-type, misc]
        ready: Callable[[], None]

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            self.ready()

    return Told


def _named_local(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser asked for this machine by its own name."""
    return re.sub(r":\d+$", "", headers.get("host", "")) in LOCAL


def _from_here(headers: Mapping[str, str]) -> bool:
    """Tell whether a request was made to this machine by its own page."""
    origin = headers.get("origin", f"http://{headers.get('host', '')}")
    site = headers.get("sec-fetch-site", "same-origin")
    return _named_local(headers) and origin == f"http://{headers['host']}" and site == "same-origin"


async def _whole(request: Request) -> bytes | None:
    """Return the body of a request, None when it is too large."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            return None
    return bytes(raw)


def _json(status: int, row: Mapping[str, Any]) -> Response:
    from starlette.responses import Response

    # Escaped throughout: a lone surrogate in a text has no UTF-8.
    return Response(json.dumps(row).encode(), status, HEADERS, "application/json")


def _refusal(status: int, why: str) -> Response:
    return _json(status, {"error": why, "hint": ""})
