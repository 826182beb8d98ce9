"""How long work says how far it is: one function type, a silent one, and one that draws bars.

The library is silent. Work that takes long has a parameter ``progress`` of type `Progress`, `silent` by
default; the command line passes ``with bars() as progress``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

Progress = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``; *what* names the work and never holds transcript text."""


def silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


@contextmanager
def bars(unit: str = "") -> Iterator[Progress]:
    """Draw one bar for each *what* on stderr; unit "B" counts bytes."""
    from tqdm import tqdm

    drawn: dict[str, tqdm[Any]] = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in drawn:
            drawn[what] = tqdm(
                desc=what, total=total, unit=unit, unit_scale=unit == "B", file=sys.stderr, leave=True
            )
        bar = drawn[what]
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    try:
        yield progress
    finally:
        for bar in drawn.values():
            bar.close()
