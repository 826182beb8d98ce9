"""Entity resolution: which findings of a study are the same person, place or thing.

Full names first, then what is short for them. A short form joins a full name of its own transcript (or of the
roster) when only one fits; otherwise it stays an entity of its transcript: two people under one pseudonym
would be a false statement about the data, one person under two is only a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed

from svp_nlp.model import Finding, Label, Status, Transcript
from svp_nlp.redaction.ledger import Entity, Ledger
from svp_nlp.redaction.names import Name, likeness
from svp_nlp.redaction.redact import Group, mentions, settled
from svp_nlp.redaction.roster import Roster
from svp_nlp.redaction.words import fold

_RESOLVED = (Label.PERSON, Label.INSTITUTION)
_ROSTER = "\0roster"  # no transcript is called so


def link(
    transcripts: Sequence[Transcript],
    findings: Sequence[Sequence[Finding]],
    *,
    roster: Roster,
    ledger: Ledger,
) -> tuple[Ledger, tuple[tuple[Finding, ...], ...]]:
    """Give every finding its entity; return the grown ledger and the findings of each transcript.

    The findings come back disjoint and in order (overlaps are settled longest first), each with the id of its
    entity; KEPT ones come back as they are and leave no trace in the ledger. What the ledger knew keeps its
    pseudonym; counts of the transcripts given here are taken anew, those of others stay.
    """
    # Ids of an earlier round are taken off: pieces found in different rounds may be one mention.
    bare = [[changed(f, entity="") for f in row] for row in findings]
    groups = [mentions(t, settled(t, row)) for t, row in zip(transcripts, bare, strict=True)]
    book = _Book.opened(ledger, roster)
    places = [(t.id, g) for t, row in zip(transcripts, groups, strict=True) for g in row]
    for transcript, group in sorted(places, key=lambda p: _fullness(p[1])):
        book.enter(transcript, group)
    grown = book.closed(ledger, [t.id for t in transcripts], places)
    linked = (
        [changed(f, entity=book.cluster_of(t.id, g).id) for g in row for f in g.pieces]
        for t, row in zip(transcripts, groups, strict=True)
    )
    kept = ((f for f in row if f.status is Status.KEPT) for row in findings)
    return grown, tuple(
        tuple(sorted([*a, *b], key=lambda f: f.span)) for a, b in zip(linked, kept, strict=True)
    )


def _fullness(group: Group) -> tuple[int, int]:
    """Sort key: full names before their parts, words before initials."""
    name = Name(group.surface, group.pieces[0].label)
    return (-len(name.tokens), int(name.is_initials))


@dataclass(repr=False)
class _Cluster:
    """An entity in the making."""

    label: Label
    id: str = ""
    names: list[Name] = field(default_factory=list)
    transcripts: set[str] = field(default_factory=set)
    on_roster: bool = False

    def likeness(self, name: Name) -> int:
        return max((likeness(name, known) for known in self.names), default=0)


@dataclass(repr=False)
class _Book:
    """What is known while linking: clusters, and which surface of which transcript is in which."""

    clusters: list[_Cluster] = field(default_factory=list)
    seen: dict[tuple[str, Label, str], _Cluster] = field(default_factory=dict)
    shelves: dict[tuple[Label, str, str], list[_Cluster]] = field(default_factory=dict)

    @classmethod
    def opened(cls, ledger: Ledger, roster: Roster) -> _Book:
        """Start from what the ledger and the roster know."""
        book = cls()
        for entity in ledger:
            names = [Name(s, entity.label) for s in entity.variants]
            cluster = _Cluster(entity.label, entity.id, names, set(entity.transcripts))
            book.clusters.append(cluster)
            book._shelve(cluster, names, entity.transcripts)
            for surface, counts in entity.variants.items():
                book.seen.update({(t, entity.label, fold(surface)): cluster for t in counts})
        for entry in roster:
            book._register([Name(s, entry.label) for s in entry.surfaces])
        return book

    def _register(self, names: list[Name]) -> None:
        """Enter a roster entry: into the cluster that has its full name, else as a new one."""
        cluster = self._known_as(names)
        if cluster is None:
            cluster = _Cluster(names[0].label)
            self.clusters.append(cluster)
        cluster.names += names
        cluster.on_roster = True
        self._shelve(cluster, names, [_ROSTER])

    def _known_as(self, names: Sequence[Name]) -> _Cluster | None:
        """Return the cluster of a roster entry: one with its full name, else the only one called just so."""
        alike = [c for c in self.clusters if c.label is names[0].label]
        full = {n.tokens for n in names if n.is_full}
        for cluster in alike:
            if not full.isdisjoint(n.tokens for n in cluster.names):
                return cluster
        # "Duluth" says too little to be the same thing everywhere, but it is what an earlier run entered.
        plain = {n.tokens for n in names}
        same = [c for c in alike if max((n.tokens for n in c.names), key=len, default=()) in plain]
        return same[0] if len(same) == 1 else None

    def _shelve(self, cluster: _Cluster, names: Iterable[Name], transcripts: Iterable[str]) -> None:
        """Put a cluster where `_candidates` looks for it: by transcript, and by the words of its names."""
        words = {w for name in names for w in _words(name)}
        for kind, keys in (("in", transcripts), ("word", words)):
            for key in keys:
                shelf = self.shelves.setdefault((cluster.label, kind, key), [])
                if not any(c is cluster for c in shelf):
                    shelf.append(cluster)

    def _candidates(self, transcript: str, name: Name) -> list[_Cluster]:
        """Return the clusters that may fit a name: of its transcript, of the roster, or sharing a word."""
        keys = [("in", transcript), ("in", _ROSTER), *(("word", w) for w in sorted(_words(name)))]
        found = (c for kind, key in keys for c in self.shelves.get((name.label, kind, key), ()))
        return list({id(c): c for c in found}.values())

    def cluster_of(self, transcript: str, group: Group) -> _Cluster:
        return self.seen[(transcript, group.pieces[0].label, fold(group.surface))]

    def enter(self, transcript: str, group: Group) -> None:
        """Find the cluster of a mention, or open one."""
        name = Name(group.surface, group.pieces[0].label)
        key = (transcript, name.label, fold(name.surface))
        cluster = self.seen.get(key) or self._match(transcript, name)
        if cluster is None:
            cluster = _Cluster(name.label)
            self.clusters.append(cluster)
        if transcript not in cluster.transcripts or name.surface not in {n.surface for n in cluster.names}:
            self._shelve(cluster, [name], [transcript])
        if not any(n.surface == name.surface for n in cluster.names):
            cluster.names.append(name)
        cluster.transcripts.add(transcript)
        self.seen[key] = cluster

    def _match(self, transcript: str, name: Name) -> _Cluster | None:
        """Return the one cluster that fits best; None if none does or two do equally well."""
        ranked: dict[tuple[int, bool, bool], list[_Cluster]] = {}
        for cluster in self._candidates(transcript, name):
            here = transcript in cluster.transcripts
            strength = self._strength(name, cluster, here)
            if strength:
                ranked.setdefault((strength, here, cluster.on_roster), []).append(cluster)
        best = ranked[max(ranked)] if ranked else []
        return best[0] if len(best) == 1 else None

    @staticmethod
    def _strength(name: Name, cluster: _Cluster, here: bool) -> int:
        if name.label not in _RESOLVED:
            near = here or not name.is_local
            return cluster.likeness(name) if near else 0
        strength = cluster.likeness(name)
        if here or cluster.on_roster:
            return strength
        # From another transcript only the full name speaks; a bare "Mary" there may be another Mary.
        return strength if name.is_full and any(_same_full(name, n) for n in cluster.names) else 0

    def closed(
        self, ledger: Ledger, transcripts: Sequence[str], places: Sequence[tuple[str, Group]]
    ) -> Ledger:
        """Name the new clusters, count, and return the grown ledger."""
        order = list(dict.fromkeys(id(self.cluster_of(t, g)) for t, g in places))
        found = {id(c): c for c in self.clusters}
        fresh = [found[i] for i in order if not found[i].id]
        counts = self._counted(ledger, transcripts, places)
        letters = _Letters(ledger)
        homes = {t: c for t in transcripts if (c := self._home(t, places)) is not None}
        # Homes and transcripts draw first: they are cited most, so they get the single letters.
        for cluster in homes.values():
            cluster.id = cluster.id or f"{Label.INSTITUTION} {letters.draw()}"
        named = {t: letters.for_transcript(homes.get(t)) for t in transcripts if t not in ledger.transcripts}
        numbers = {label: ledger.number_after(label) for label in Label}
        for cluster in (c for c in fresh if not c.id):
            if cluster.label is Label.INSTITUTION:
                cluster.id = f"{Label.INSTITUTION} {letters.draw()}"
                continue
            cluster.id = f"{cluster.label} {numbers[cluster.label]}"
            numbers[cluster.label] += 1
        return ledger.grown(self._entities(ledger, counts), named)

    def _counted(
        self, ledger: Ledger, transcripts: Iterable[str], places: Sequence[tuple[str, Group]]
    ) -> dict[int, dict[str, dict[str, int]]]:
        """Return surface counts by cluster: old ones of other transcripts, new ones of these."""
        anew = set(transcripts)
        counts: dict[int, dict[str, dict[str, int]]] = {}
        for cluster in self.clusters:
            known: Mapping[str, Mapping[str, int]] = ledger[cluster.id].variants if cluster.id else {}
            counts[id(cluster)] = {
                # What a later round finds again must find its entity: a count falls to nothing, but stays.
                s: {t: 0 if t in anew else n for t, n in row.items()}
                for s, row in known.items()
            }
        for transcript, group in places:
            row = counts[id(self.cluster_of(transcript, group))].setdefault(group.surface, {})
            row[transcript] = row.get(transcript, 0) + 1
        return counts

    def _entities(
        self, ledger: Ledger, counts: Mapping[int, Mapping[str, Mapping[str, int]]]
    ) -> Iterator[Entity]:
        for cluster in self.clusters:
            if cluster.id in ledger:
                yield changed(ledger[cluster.id], variants=counts[id(cluster)])
            elif cluster.id:
                yield Entity(cluster.id, cluster.label, f"[{cluster.id}]", counts[id(cluster)])

    def _home(self, transcript: str, places: Sequence[tuple[str, Group]]) -> _Cluster | None:
        """Return the care site that a transcript is clearly about, if there is one.

        Clearly: the only one of the roster's institutions in it, or else named twice or more and half as
        often again as any other care site.
        """
        tally: dict[int, int] = {}
        found: dict[int, _Cluster] = {}
        for t, group in places:
            if t == transcript and group.pieces[0].label is Label.INSTITUTION:
                cluster = self.cluster_of(t, group)
                found[id(cluster)] = cluster
                tally[id(cluster)] = tally.get(id(cluster), 0) + 1
        listed = [c for c in found.values() if c.on_roster]
        if len(listed) == 1 and any(name.is_care for name in listed[0].names):
            return listed[0]
        care = {i: n for i, n in tally.items() if any(name.is_care for name in found[i].names)}
        ranked = sorted(care.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < 2 or (len(ranked) > 1 and ranked[0][1] < 1.5 * ranked[1][1]):
            return None
        return found[ranked[0][0]]


class _Letters:
    """Deals out the study's letters, so that one letter never means two places."""

    def __init__(self, ledger: Ledger) -> None:
        self._free = ledger.free_letters()
        self._given = set(ledger.transcripts.values())

    def draw(self) -> str:
        return next(self._free)

    def for_transcript(self, home: _Cluster | None) -> str:
        """Return the letter of the home institution ("B", the next time "B2"), or a fresh one."""
        base = letter = self.draw() if home is None else home.id.rpartition(" ")[2]
        number = 2
        while letter in self._given:
            letter, number = f"{base}{number}", number + 1
        self._given.add(letter)
        return letter


def _words(name: Name) -> set[str]:
    """Return the words under which a name is filed: its parts and initials, or the key of a number."""
    if name.label not in _RESOLVED:
        return {name.key}
    letters = {"".join(name.tokens).replace(".", "")} if name.is_initials else set()
    return set(name.parts) | name.initials | letters


def _same_full(name: Name, known: Name) -> bool:
    return known.is_full and likeness(name, known) >= 2
