"""Fixtures every test file may use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test data that lies beside the checkout."""
    return Path(__file__).resolve().parents[2] / "shared"
