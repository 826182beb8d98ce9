from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from review_help import SAID, coding_desk
from svp_nlp.errors import ReviewError
from svp_nlp.review.server import LARGEST, ReviewServer, replied
from svp_nlp.review.session import CodingDesk


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    with ReviewServer(coding_desk(tmp_path / "d.sqlite")) as made:
        yield made


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def row(self) -> Any:
        return json.loads(self.text)


def ask(
    server: ReviewServer, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return Answer(connection.getresponse())
    finally:
        connection.close()


def call(server: ReviewServer, verb: str, body: object, **headers: str) -> Answer:
    given = {"X-Svp-Token": server.token, "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server, "POST", f"/api/{verb}", json.dumps(body).encode(), given)


def test_it_answers_its_own_page(server: ReviewServer) -> None:
    assert call(server, "hello", {}).row["title"] == "A small study"
    answer = call(server, "open", {"coder": "AB"}, Origin=f"http://127.0.0.1:{server.port}")
    assert answer.status == 200
    assert len(answer.row["passages"]) == 2 * len(SAID)


def test_it_listens_on_this_machine_only(server: ReviewServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.url.startswith("http://127.0.0.1:")
    assert len(server.token) >= 32
    assert server.token not in repr(server)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Svp_Token": ""},
        {"X_Svp_Token": "ä"},
        {"X_Svp_Token": "0" * 32},
        {"Host": "study.example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "localhost.example.org:80"},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_nobody_else_gets_anything(server: ReviewServer, headers: dict[str, str]) -> None:
    answer = call(server, "open", {"coder": "AB"}, **headers)
    assert answer.status == 403
    assert answer.row == {"error": "open the address that svp-nlp review printed", "hint": ""}


def test_a_strange_name_for_this_machine_does_not_get_the_page(server: ReviewServer) -> None:
    assert ask(server, "GET", "/", headers={"Host": "evil.example.org"}).status == 403
    assert ask(server, "GET", "/", headers={"Host": f"localhost:{server.port}"}).status == 200


def test_the_far_end_of_a_tunnel_may_have_another_port(server: ReviewServer) -> None:
    there = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    assert call(server, "open", {"coder": "AB"}, **there).status == 200


@pytest.mark.parametrize("path", ["/", "/review.js", "/review.css", "/api/open", "/nothing"])
def test_every_answer_is_guarded(server: ReviewServer, path: str) -> None:
    answer = ask(server, "GET", path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] is None
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_the_page_holds_neither_data_nor_script_nor_token(server: ReviewServer) -> None:
    page = ask(server, "GET", "/").text
    assert server.token not in page
    assert "A small study" not in page
    assert not re.search(r"<script[^>]*>[^<]|<style|\son\w+=|style=|https?:", page)


def test_a_form_of_another_site_cannot_decide(server: ReviewServer) -> None:
    form = {"X-Svp-Token": server.token, "Content-Type": "text/plain"}
    assert ask(server, "POST", "/api/open", b'{"coder": "AB"}', form).status == 415


def test_what_is_too_large_or_no_json_is_refused(server: ReviewServer) -> None:
    given = {"X-Svp-Token": server.token, "Content-Type": "application/json"}
    assert ask(server, "POST", "/api/open", b" " * (LARGEST + 1), given).status == 413
    for body in (b"", b"{", b"\xff", b"[" * 10**5):
        assert ask(server, "POST", "/api/open", body, given).status == 400
    assert ask(server, "POST", "/api/open", b"[]", given).row["error"] == "a request is a JSON object"


def test_a_problem_is_a_sentence(server: ReviewServer) -> None:
    answer = call(server, "open", {"coder": ""})
    assert answer.status == 400
    assert answer.row["error"] == "a coder needs a name without spaces around it"
    unknown = call(server, "dance", {}).row
    assert unknown == {"error": "the page asked for something unknown", "hint": "load the page again"}


def test_a_bug_tells_its_kind_and_no_text(tmp_path: Path) -> None:
    class Broken(CodingDesk):
        def answer(self, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
            raise KeyError("I lay awake for weeks")

    desk = coding_desk(tmp_path / "d.sqlite")
    status, row = replied(Broken(desk.material, desk.journal.log), "open", "{}")
    assert status == 500
    assert row["error"] == "a fault in the program (KeyError); nothing was stored"


def test_a_lone_surrogate_comes_through(tmp_path: Path) -> None:
    with ReviewServer(coding_desk(tmp_path / "d.sqlite", ["cut \ud83d here"])) as server:
        row = call(server, "view", {"passage": "B:2"}).row
    assert "".join(piece[0] for piece in row["pieces"]) == "cut \ud83d here"


def test_a_port_that_is_taken_is_a_sentence(server: ReviewServer, tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match=f"port {server.port} cannot be used"):
        ReviewServer(coding_desk(tmp_path / "e.sqlite"), port=server.port)


def test_it_is_gone_when_it_is_closed(tmp_path: Path) -> None:
    with ReviewServer(coding_desk(tmp_path / "d.sqlite")) as server:
        call(server, "hello", {})
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from review_help import coding_desk
from svp_nlp.review.server import ReviewServer
server = ReviewServer(coding_desk(Path(sys.argv[1])))
server.run(lambda address: (sys.stdout.write(address + chr(10)), sys.stdout.flush()))
sys.stdout.write("closed" + chr(10))
"""


def test_it_closes_with_its_command_and_logs_nothing(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "d.sqlite"), here]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        port, token = int(address.split(":")[2].split("/")[0]), address.partition("#")[2]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        given = {"X-Svp-Token": token, "Content-Type": "application/json"}
        connection.request("POST", "/api/open", b'{"coder": "AB"}', given)
        assert connection.getresponse().status == 200
        start = time.monotonic()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=10)
        connection.close()
    assert out == "closed\n"
    assert err == ""
    assert time.monotonic() - start < 5
    assert program.returncode == 0
