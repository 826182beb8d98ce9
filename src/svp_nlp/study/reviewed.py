"""What people decided in the redaction review, as decisions about the ledger that the next run obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from svp_nlp.errors import StudyError
from svp_nlp.model import Label
from svp_nlp.review.decisions import Action, Decision
from svp_nlp.review.fold import State, fold
from svp_nlp.review.identifiers import VERDICTS, Clearance, clearance
from svp_nlp.study import folder as f
from svp_nlp.study import reviewing
from svp_nlp.study.locking import require_key
from svp_nlp.study.steward_log import load_decisions

if TYPE_CHECKING:
    from svp_nlp.redaction.decisions import Decision as Ruling
    from svp_nlp.redaction.ledger import Ledger
    from svp_nlp.redaction.roster import Roster


def review_state(layout: f.Layout) -> State:
    """Return what holds in the redaction review; nothing where there was none."""
    if not (layout.private / "review.sqlite").exists():
        return State()
    log = reviewing.redaction_log(layout)
    try:
        return fold(log.read())
    finally:
        log.close()


def reviewed_rulings(layout: f.Layout) -> tuple[Ruling, ...]:
    """Return what the redaction review decided, as decisions about the ledger, in the order made."""
    return rulings(review_state(layout).redaction)


def all_rulings(layout: f.Layout) -> tuple[Ruling, ...]:
    """Return every decision about the ledger: those of its steward, then those of the redaction review."""
    return (*load_decisions(layout), *reviewed_rulings(layout))


def rulings(decisions: Sequence[Decision]) -> tuple[Ruling, ...]:
    """Turn standing review decisions into decisions about the ledger; of several on one entity the last.

    Another label is on the roster, too, so that it holds for files that arrive later. Other words
    are: on the roster as they are, and the old words, where they were too many, trimmed to what is left of
    them. Each mention of an entity may get other words, so of these the last on one mention stands.
    """
    last = {d.target: d for d in decisions if d.action in VERDICTS}
    words = {_mention(d): d.id for d in decisions if d.action is Action.EXTENT}
    standing = [
        d
        for d in decisions
        if d.action not in VERDICTS
        or last[d.target].id == d.id
        or (d.action is last[d.target].action is Action.EXTENT and words[_mention(d)] == d.id)
    ]
    return tuple(ruling for decision in standing for ruling in _rulings(decision))


def _mention(decision: Decision) -> tuple[str, str, str]:
    value = decision.value
    return decision.target, str(value.get("transcript")), str(value.get("of"))


def _rulings(decision: Decision) -> list[Ruling]:
    from svp_nlp.redaction.decisions import Decision as Ruling
    from svp_nlp.redaction.decisions import Kind

    def rule(kind: Kind, **told: Any) -> Ruling:
        when = decision.time.isoformat(timespec="seconds")
        return Ruling(kind, **told, by=decision.coder, at=when)

    value, entity = decision.value, decision.target
    if decision.action is Action.CONFIRM:
        return [rule(Kind.CONFIRM, entity=entity)]
    if decision.action is Action.NOT_AN_IDENTIFIER:
        return [rule(Kind.KEEP, entity=entity)]
    if decision.action is Action.MERGE:
        return [rule(Kind.MERGE, entity=entity, into=value["into"])]
    if decision.action in (Action.RELABEL, Action.ADD_MISSED, Action.EXTENT):
        new = rule(Kind.ADD, surfaces=tuple(value["surfaces"]), label=Label(value["label"]))
        if decision.action is Action.RELABEL:
            return [rule(Kind.RELABEL, entity=entity, label=Label(value["label"])), new]
        if value.get("instead"):
            wide = (*value["instead"], *value.get("left", value["surfaces"]))
            return [rule(Kind.TRIM, entity=entity, surfaces=wide), new]
        return [new]
    return []


def checker(
    before: Sequence[Ruling], ledger: Ledger, roster: Roster
) -> Callable[[Sequence[Decision], Decision], None]:
    """Return a check that raises StudyError where a review decision cannot be, naming what is in its way.

    *before* are the decisions made outside of the review; *ledger* is the ledger as linked.
    """

    def check(decisions: Sequence[Decision], new: Decision) -> None:
        from svp_nlp.redaction.decisions import decide

        if new.action is Action.CONFIRM:
            return
        others = [d for d in decisions if d.action not in VERDICTS or d.target != new.target]
        made = (*before, *rulings(others))
        for ruling in rulings([new]):
            made = decide(ledger, made, ruling, roster)

    return check


def cleared(layout: f.Layout) -> Clearance:
    """Return whether people are done with what redaction asked them to look at.

    Raises StudyError when the key is locked or nothing was redacted yet.
    """
    require_key(layout)
    if not (layout.private / "findings.jsonl").exists():
        raise StudyError("this study was not redacted yet", hint="svp-nlp redact SOURCES... --study DIR")
    rows: Sequence[Mapping[str, Any]] = list(f.read_lines(layout.private / "findings.jsonl"))
    asked = dict.fromkeys(str(row["entity"]) for row in rows if row["status"] == "review")
    return clearance(tuple(asked), review_state(layout))
