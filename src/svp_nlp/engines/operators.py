"""Replacement through presidio-anonymizer's operators, in one pass, with the new positions.

Presidio writes the text from the back and gives each item its place in the result. Every span goes in under a
kind of its own, because Presidio would join neighbours of one kind; an empty replacement is its operator
"redact", because its "replace" with nothing writes ``<KIND>`` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from svp_nlp.errors import SpanError
from svp_nlp.model import Span


@cache
def _engine() -> Any:
    import presidio_anonymizer

    engine: Any = presidio_anonymizer.AnonymizerEngine
    return engine()


def replace(text: str, changes: Sequence[tuple[Span, str]]) -> tuple[str, tuple[Span, ...]]:
    """Return *text* with each span replaced, and where each replacement stands in the new text.

    *changes* are disjoint, not empty and in order; raises SpanError if they are not.
    """
    from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

    at = 0
    for span, _ in changes:
        if not span or span.start < at or span.end > len(text):
            raise SpanError(
                f"a change at [{span.start}, {span.end}) is empty, out of order or out of the text"
            )
        at = span.end
    if not changes:
        return text, ()
    results = [RecognizerResult(str(i), s.start, s.end, 1.0) for i, (s, _) in enumerate(changes)]
    operators = {
        str(i): OperatorConfig("replace", {"new_value": new}) if new else OperatorConfig("redact")
        for i, (_, new) in enumerate(changes)
    }
    done = _engine().anonymize(text, results, operators, merge_entities_with_spaces=False)
    places = {int(item.entity_type): Span(item.start, item.end) for item in done.items}
    return str(done.text), tuple(places[i] for i in range(len(changes)))
