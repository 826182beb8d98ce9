"""The notebook's door: the same module as the page, over the notebook's own connection.

Everything travels in messages, which no notebook stores: the widget has no state that holds text, so a
saved notebook contains the program of the page and nothing of the study.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from svp_nlp.review.page import static
from svp_nlp.review.server import replied
from svp_nlp.review.session import Desk

if TYPE_CHECKING:
    from anywidget import AnyWidget


def review_widget(desk: Desk) -> AnyWidget:
    """Return a widget that shows *desk* in a notebook; needs ``anywidget``."""
    from anywidget import AnyWidget

    class ReviewWidget(AnyWidget):
        """The review in a notebook."""

        _esm = static("review.js")
        _css = static("review.css")

        def __repr__(self) -> str:
            return "ReviewWidget()"

    made = ReviewWidget()
    made.on_msg(lambda _, message, __: made.send(reply(desk, message)))
    return made


def reply(desk: Desk, message: Mapping[str, Any]) -> dict[str, object]:
    """Return the answer to a message of the page; ``row`` is JSON text, as a lone surrogate has no UTF-8."""
    body = json.dumps(message.get("body", {}))
    status, row = replied(desk, str(message.get("verb")), body)
    return {"call": message.get("call"), "status": status, "row": json.dumps(row)}
