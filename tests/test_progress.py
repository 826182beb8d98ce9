"""Progress: silent in the library, one bar for each piece of work on the command line."""

from __future__ import annotations

import pytest

from svp_nlp.progress import bars, silent


def test_silent_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    silent("embed", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_each_work_has_a_bar_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with bars("passages") as progress:
        for done in (0, 10, 30):
            progress("embed", done, 30)
        progress("suggest", 1, 4)
    out, err = capsys.readouterr()
    assert out == ""
    assert "embed: 100%" in err
    assert "30/30" in err
    assert "suggest:  25%" in err


def test_a_total_may_grow_and_a_finished_bar_stays_finished(capsys: pytest.CaptureFixture[str]) -> None:
    with bars("B") as progress:
        progress("fetch", 500, 1000)
        progress("fetch", 2000, 2000)
        progress("fetch", 2000, 2000)
    lines = capsys.readouterr().err.replace("\r", "\n").split("\n")
    assert [line for line in lines if line.strip()][-1].startswith("fetch: 100%")
    assert "2.00k/2.00k" in lines[-2]
