"""What people decide: one frozen value a decision, never updated, never deleted.

A decision holds positions and ids, not text; a memo is the one thing a person writes, and stands in
``value``, which no repr shows. What holds now is a fold over all decisions (`svp_nlp.review.fold`).

What ``value`` holds, by action (``pieces`` are [start, end] pairs into the clean text):

========================  ==================================================================================
code                      ``themes`` (all of the coder's themes for the passage), ``pieces`` {theme: pairs},
                          ``certainty`` in [0, 1]; the last two may be missing
accept, reject            ``theme``: the suggested theme
change                    ``theme``: the suggested theme, ``to``: the list of themes put in its place
none                      nothing: no theme applies
quote                     ``theme``, ``pieces``
memo                      ``text``
flag                      ``on``: true or false; ``text`` may say why
undo                      nothing; ``Decision.parent`` names what is undone
commit                    nothing: the blind pass of the passage is closed
seen                      ``themes``: the suggestions that were opened, best first; what ``order_shown`` has
                          beside them was planted
adjudicate                ``themes``, ``text`` (the reason), ``certainty``; ``pieces`` {theme: pairs}
confirm                   nothing
not-an-identifier         nothing
relabel                   ``label``, ``surfaces``: the words it was found under
extent                    ``transcript``, ``span``: the pair as it should be, in the source text, ``of``: the
                          pair as it was; ``surfaces``, ``instead``: the words of both, ``left``: those they
                          share; the latter two are empty where the new words hold all the old ones
merge                     ``into``: the entity it belongs to
add-missed                ``transcript``, ``span``, ``label``, ``surfaces``: its words
accept-rest               ``open``: the targets left open; ``name`` of who accepts them
migrate                   see `svp_nlp.review.migration`: which codebook became which, with what map of themes
========================  ==================================================================================
"""

from __future__ import annotations

import json
import time as clock
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from typing import Any, Literal, get_args

from svp_nlp.errors import ReviewError

Kind = Literal["coding", "redaction", "codebook"]


class Action(StrEnum):
    """What a person did."""

    CODE = "code"
    ACCEPT = "accept"
    REJECT = "reject"
    CHANGE = "change"
    NONE = "none"
    QUOTE = "quote"
    MEMO = "memo"
    FLAG = "flag"
    UNDO = "undo"
    COMMIT = "commit"
    SEEN = "seen"
    ADJUDICATE = "adjudicate"
    CONFIRM = "confirm"
    NOT_AN_IDENTIFIER = "not-an-identifier"
    RELABEL = "relabel"
    EXTENT = "extent"
    MERGE = "merge"
    ADD_MISSED = "add-missed"
    ACCEPT_REST = "accept-rest"
    MIGRATE = "migrate"


BOTH = frozenset({Action.UNDO, Action.MEMO, Action.FLAG})
"""Actions of coding and of redaction review alike."""

CODING = BOTH | {
    *(Action.CODE, Action.ACCEPT, Action.REJECT, Action.CHANGE, Action.NONE, Action.QUOTE),
    *(Action.COMMIT, Action.SEEN, Action.ADJUDICATE),
}
"""Actions of coding."""

CODEBOOK = frozenset({Action.MIGRATE, Action.UNDO})
"""Actions on the codebook itself."""

REDACTION = BOTH | (set(Action) - CODING - CODEBOOK)
"""Actions of redaction review."""

_ACTIONS: Mapping[str, frozenset[Action]] = {
    "coding": frozenset(CODING),
    "redaction": frozenset(REDACTION),
    "codebook": CODEBOOK,
}

LONGEST_CODER = 40
"""Characters a coder's id may have."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing one coder decided about one target, when, how long it took, and what had been seen.

    ``target`` is a passage id, or an entity or finding id in redaction review. ``seconds`` were spent on it.
    ``saw_suggestion`` tells whether the passage's suggestions had been opened; ``order_shown`` is the order
    they were shown in and ``rank`` the model's rank (from 1) of the one decided on. ``model`` names what made
    the suggestions. ``text_sha256`` pins the text that positions point into. An undo undoes its ``parent``.

    Raises ReviewError for a decision that cannot be: a coder without a name, an action of the other kind, an
    undo of nothing.
    """

    study: str
    coder: str
    kind: Kind
    target: str
    action: Action
    value: Mapping[str, Any] = field(default_factory=dict, repr=False)
    id: str = field(default_factory=lambda: new_id())
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    saw_suggestion: bool = False
    order_shown: tuple[str, ...] = ()
    rank: int | None = None
    model: str = ""
    codebook_version: str = ""
    text_sha256: str = ""
    parent: str | None = None

    def __post_init__(self) -> None:
        check_coder(self.coder)
        if self.kind not in get_args(Kind):
            raise ReviewError(f"decision {self.id} is of no known kind; kinds: {', '.join(get_args(Kind))}")
        if self.action not in _ACTIONS[self.kind]:
            raise ReviewError(f'decision {self.id}: "{self.action}" is no action of {self.kind} review')
        if (self.action is Action.UNDO) != (self.parent is not None):
            raise ReviewError(f"decision {self.id}: an undo, and only an undo, names what it undoes")
        if self.time.tzinfo is None:
            raise ReviewError(f"decision {self.id}: the time has no time zone")
        if not self.target or not self.study:
            raise ReviewError(f"decision {self.id} names no {'study' if self.target else 'target'}")

    @property
    def order(self) -> tuple[datetime, str]:
        """The key that puts decisions in the order they were made, whatever file they came from."""
        return self.time, self.id

    def as_row(self) -> dict[str, Any]:
        """Return the decision as a JSON object; `as_decision` reads it back."""
        return {
            "id": self.id,
            "study": self.study,
            "coder": self.coder,
            "kind": self.kind,
            "target": self.target,
            "action": self.action.value,
            "value": dict(self.value),
            "time": self.time.astimezone(UTC).isoformat(timespec="microseconds"),
            "seconds": self.seconds,
            "saw_suggestion": self.saw_suggestion,
            "order_shown": list(self.order_shown),
            "rank": self.rank,
            "model": self.model,
            "codebook_version": self.codebook_version,
            "text_sha256": self.text_sha256,
            "parent": self.parent,
        }


def check_coder(name: str) -> None:
    """Raise ReviewError when *name* cannot be a coder's id: 1 to 40 printable characters."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise ReviewError("a coder needs a name without spaces around it", hint="initials do: AB")
    if len(name) > LONGEST_CODER or not name.isprintable():
        raise ReviewError(
            f"a coder's name has {len(name)} characters; 1 to {LONGEST_CODER} printable ones were expected"
        )


def as_decision(row: Mapping[str, Any]) -> Decision:
    """Read a decision from a JSON object; raises ReviewError that names the field, never its contents."""
    if not isinstance(row, Mapping):
        raise ReviewError("a decision is a JSON object")
    missing = sorted({"id", "study", "coder", "kind", "target", "action", "time"} - set(row))
    if missing:
        raise ReviewError(f"a decision without {', '.join(missing)}")
    for name, kinds in _FIELDS.items():
        if name in row and not (isinstance(row[name], kinds) and _plain(row[name], kinds)):
            raise ReviewError(f'a decision\'s "{name}" is not what it should be')
    return Decision(
        **{name: row[name] for name in _FIELDS if name in row and name not in _CONVERTED},
        id=_uuid(row["id"]),
        action=_action(row["action"]),
        time=_time(row["time"]),
        seconds=float(row.get("seconds", 0.0)),
        order_shown=tuple(str(theme) for theme in row.get("order_shown", ())),
    )


_FIELDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("id", "study", "coder", "kind", "target", "action", "time"), str),
    **dict.fromkeys(("model", "codebook_version", "text_sha256"), str),
    "value": Mapping,
    "seconds": (int, float),
    "saw_suggestion": bool,
    "order_shown": list,
    "rank": (int, type(None)),
    "parent": (str, type(None)),
}
_CONVERTED = {"id", "action", "time", "seconds", "order_shown"}


def _plain(value: object, kinds: object) -> bool:
    """Tell whether *value* is no truth value where a number is meant, and no endless number."""
    if isinstance(value, bool):
        return kinds is bool
    return not isinstance(value, float) or value - value == 0


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ReviewError("a decision's id is not a UUID") from None


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError:
        raise ReviewError(f"a decision's action is unknown; actions: {', '.join(Action)}") from None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ReviewError("a decision's time is not an ISO 8601 time") from None
    if found.tzinfo is None:
        raise ReviewError("a decision's time has no time zone")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ReviewError("a decision's time is out of range") from None


_LAST = [0]
_LOCK = Lock()


def new_id() -> str:
    """Return a UUID that sorts after every one this process made before (version 7, RFC 9562).

    Two decisions within one tick of the clock keep their order.
    """
    with _LOCK:
        # 48 bits of milliseconds, then 12 bits that count on within one millisecond.
        _LAST[0] = max(_LAST[0] + 1, int(clock.time() * 1000) << 12)
        stamp = _LAST[0]
    tail = uuid.uuid4().int & ((1 << 62) - 1)
    high = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    return str(uuid.UUID(int=high | 0b10 << 62 | tail))


def dump(value: object) -> str:
    """Return *value* as JSON on one line, the same text for the same value.

    Lone surrogates are escaped: neither a database nor a UTF-8 file can hold them.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text
