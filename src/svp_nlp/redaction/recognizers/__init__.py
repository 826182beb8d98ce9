"""The recognizers, one small file a kind. To add one: write `find`, name it as `Rules`, list it here.

Each docstring says *Finds · Why it identifies · Misses*. A recognizer sees running text only and returns
spans; what is done with them is decided in `svp_nlp.redaction.detect`.
"""

from __future__ import annotations

from svp_nlp.redaction.recognizers.ages import AGES
from svp_nlp.redaction.recognizers.base import Rules
from svp_nlp.redaction.recognizers.capitals import CAPITALS
from svp_nlp.redaction.recognizers.contacts import CONTACTS
from svp_nlp.redaction.recognizers.dates import DATES
from svp_nlp.redaction.recognizers.ids import IDS
from svp_nlp.redaction.recognizers.institutions import INSTITUTIONS
from svp_nlp.redaction.recognizers.people import PEOPLE
from svp_nlp.redaction.recognizers.places import PLACES
from svp_nlp.redaction.recognizers.spelled import SPELLED

RECOGNIZERS: tuple[Rules, ...] = (
    DATES,
    AGES,
    IDS,
    CONTACTS,
    SPELLED,
    PEOPLE,
    INSTITUTIONS,
    PLACES,
    CAPITALS,
)
"""All recognizers that read running text, as the engine registers them."""

__all__ = ["RECOGNIZERS", "Rules"]
