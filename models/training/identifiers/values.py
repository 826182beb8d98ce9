"""Make values for the slots of the snippets: people, institutions, programmes, places, dates, numbers.

Everything is drawn with the random generator given, from open lists (US census names, faker's names of many
countries, GeoNames) and from parts put together here. The values of the held-out split share no name and no
programme word with those of the training split.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import string
import tomllib
import unicodedata
import zlib
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from pathlib import Path

from svp_nlp.redaction import lexicon

WORDS: dict[str, list[str]] = {
    kind: [" ".join(entry.split()) for entry in text.split("|")]
    for kind, text in tomllib.loads(
        (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
    ).items()
}
"""Words that values are put together from, by kind."""


def plain(text: str) -> str:
    """Return *text* without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _latin(word: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ' -]+", word))


@cache
def foreign_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return faker's first names and surnames of every country that writes them in Latin letters."""
    from faker.providers import person

    first: set[str] = set()
    last: set[str] = set()
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for pool, names in ((first, "first_names"), (last, "last_names")):
            listed = getattr(provider, names, ())
            if not isinstance(listed, property):  # some countries compute theirs; the others are enough
                pool.update(str(name) for name in listed if _latin(str(name)))
    return tuple(sorted(first)), tuple(sorted(last))


@cache
def ordinary_words() -> tuple[str, ...]:
    """Return dictionary words that are said now and then and can be counted, most of them things."""
    ranks = lexicon.word_ranks()
    return tuple(
        sorted(w for w, r in ranks.items() if 800 < r < 14000 and 3 < len(w) < 11 and lexicon.counted(w))
    )


class Values:
    """Draws values of one split ("train" or "held"); an entity is a dict that its slots share."""

    def __init__(self, rng: random.Random, split: str = "train") -> None:
        self.rng = rng
        self.held = split == "held"
        share = lexicon.first_names()
        census = [n for n in share if n.isalpha() and len(n) > 1]
        self.first = self._part(census)
        self.first_weights = list(accumulate(share[n] + 0.003 for n in self.first))
        last = lexicon.surnames()
        self.last = self._part(last)
        self.last_weights = list(accumulate(last[n] ** 0.7 for n in self.last))
        first_abroad, last_abroad = foreign_names()
        self.first_abroad, self.last_abroad = self._part(first_abroad), self._part(last_abroad)
        self.word_first = [n for n in self.first if lexicon.ordinary(n) and share[n] >= 0.004]
        self.word_last = [n for n in self.last if lexicon.ordinary(n) and last[n] >= 0.004]
        self.nicks = self._part(
            sorted({n for names in lexicon.nicknames().values() for n in names if len(n) > 1})
        )
        self.us_places = self._part(lexicon.cities())
        self.world_places = self._part(lexicon.world_cities())
        self.regions = sorted(lexicon.regions())
        self.known = self._part(lexicon.institutions())
        self.nouns = self._part(sorted(set(WORDS["nouns"])))
        self.adjectives = self._part(sorted(set(WORDS["adjectives"])))
        self.verbs = self._part(sorted(set(WORDS["verbs"])))
        self.words = self._part(ordinary_words())
        self.guards = self._part(lexicon.read_list("guards.txt"))
        self.acronyms = self._part(w for line in lexicon.read_list("acronyms.txt") for w in line.split())
        self.jargon = self._part(w for line in lexicon.read_list("jargon.txt") for w in line.split())

    def _part(self, values: Iterable[str]) -> list[str]:
        return [v for v in values if (zlib.crc32(v.lower().encode()) % 8 == 0) is self.held]

    def pick(self, *options: str) -> str:
        """Return one of *options*."""
        return self.rng.choice(options)

    def one(self, options: str) -> str:
        """Return one of *options*, which stand between bars."""
        return self.rng.choice(options.split("|"))

    def of(self, kind: str) -> str:
        """Return a word of one kind in words.toml."""
        return self.rng.choice(WORDS[kind])

    def chance(self, share: float) -> bool:
        """Return True in *share* of the calls."""
        return self.rng.random() < share

    # people -------------------------------------------------------------------------------------------------

    def first_name(self) -> str:
        """Return a first name: common, rare, from abroad, or one that is a word."""
        at = self.rng.random()
        if at < 0.2:
            return self.rng.choice(self.word_first)
        if at < 0.42:
            return self._accents(self.rng.choice(self.first_abroad))
        if at < 0.55:
            return self.rng.choice(self.first)
        return self.rng.choices(self.first, cum_weights=self.first_weights)[0]

    def last_name(self) -> str:
        """Return a surname: common, rare, from abroad, double, or one that is a word."""
        at = self.rng.random()
        if at < 0.18:
            return self.rng.choice(self.word_last)
        if at < 0.40:
            return self._accents(self.rng.choice(self.last_abroad))
        if at < 0.55:
            return self.rng.choice(self.last)
        if at < 0.58:
            return f"{self.rng.choice(self.last)}-{self.rng.choice(self.last)}"
        return self.rng.choices(self.last, cum_weights=self.last_weights)[0]

    def _accents(self, name: str) -> str:
        return name if self.chance(0.25) else plain(name)

    def person(self, entity: dict[str, str]) -> dict[str, str]:
        """Fill in a person's parts."""
        if "first" not in entity:
            entity["first"], entity["last"] = self.first_name(), self.last_name()
        return entity

    def full_name(self, entity: dict[str, str]) -> str:
        """Return a person's full name, sometimes with a middle initial or name."""
        self.person(entity)
        at = self.rng.random()
        if at < 0.06:
            return f"{entity['first']} {self.rng.choice(string.ascii_lowercase)} {entity['last']}"
        if at < 0.09:
            return f"{entity['first']} {self.first_name()} {entity['last']}"
        return f"{entity['first']} {entity['last']}"

    def nick(self, entity: dict[str, str]) -> str:
        """Return what somebody is called for short."""
        self.person(entity)
        known = sorted(lexicon.nicknames().get(entity["first"].lower(), ()))
        if known and self.chance(0.7):
            return self.rng.choice(known)
        at = self.rng.random()
        if at < 0.4:
            return self.rng.choice(self.nicks)
        if at < 0.55:
            return self.one("big|little|old|miss|aunt|uncle|papa") + " " + entity["first"]
        if at < 0.7:
            return self.rng.choice(string.ascii_lowercase) + self.one("j|t|c|b|d| j| t| d| c")
        return entity["first"][: self.rng.randint(2, 4)] + self.one("|y|ie|o")

    def initials(self, entity: dict[str, str]) -> str:
        """Return a person's initials as they are said or written."""
        self.person(entity)
        one, two = plain(entity["first"])[0], plain(entity["last"])[0]
        return self.pick(f"{one}{two}", f"{one}.{two}.", f"{one} {two}", f"{one}. {two}.")

    def spelled(self, entity: dict[str, str]) -> str:
        """Return a surname or first name letter by letter."""
        self.person(entity)
        name = re.sub(r"[^a-zA-Z]", "", plain(entity[self.one("last|last|first")]))[:11].upper() or "ROE"
        return self.one("-| |-|. |, ").join(name)

    # institutions -------------------------------------------------------------------------------------------

    def place(self) -> str:
        """Return a town."""
        at = self.rng.random()
        if at < 0.75:
            return self.rng.choice(self.us_places)
        if at < 0.9:
            return self.rng.choice(self.world_places)
        return self.rng.choice(self.last) + self.one("ville|ton| falls| springs|burg| park| heights")

    def two_words(self) -> str:
        """Return two ordinary words as sites are named ("Cedar Ridge", "Bright Harbor")."""
        at = self.rng.random()
        noun, other = self.rng.choice(self.nouns), self.rng.choice(self.nouns)
        if at < 0.45:
            return f"{self.rng.choice(self.adjectives)} {noun}"
        if at < 0.8:
            return f"{noun} {other}"
        return f"{self.rng.choice(self.words)} {self.one('ridge|valley|bay|hill|creek|park|shores|point')}"

    def coined(self) -> str:
        """Return a word that is no word, as companies and health systems are called."""
        return "".join(self.of("syllables") for _ in range(self.rng.randint(1, 2))) + self.of("endings")

    def site(self) -> str:
        """Return the part of a hospital's name that tells it from others."""
        at = self.rng.random()
        if at < 0.2:
            return self.one("saint |st. |st ") + self.of("saints") + self.one("|'s|'s|s")
        if at < 0.32:
            return self.of("charity")
        if at < 0.47:
            return self.last_name()
        if at < 0.68:
            return self.place()
        if at < 0.9:
            return self.two_words()
        if at < 0.95:
            return self.rng.choice(self.words)
        return self.coined()

    def hospital(self, entity: dict[str, str]) -> str:
        """Return a hospital's name and remember its short one."""
        if "full" in entity:
            return entity["full"]
        if self.chance(0.15):
            return self._named(entity, self.rng.choice(self.known))
        site = self.site()
        at = self.rng.random()
        if at < 0.06:
            return self._named(entity, f"children's hospital of {self.place()}", site)
        if at < 0.12:
            return self._named(entity, f"university hospital {self.place()}", "the university")
        if at < 0.16:
            return self._named(entity, f"royal {self.place()} {self.one('infirmary|hospital')}", "the royal")
        if at < 0.2:
            return self._named(
                entity, f"{self.last_name()} and {self.last_name()} {self.one('clinic|hospital')}"
            )
        return self._named(entity, f"{site} {self.of('hospital_heads')}", site)

    def _named(self, entity: dict[str, str], full: str, site: str = "") -> str:
        entity["full"], entity["site"] = full, site or full.split()[0]
        return full

    def short(self, entity: dict[str, str]) -> str:
        """Return what an institution is called for short: by its site, head noun, letters or a nickname."""
        if "full" in entity:
            if self.chance(0.2):
                return self.letters(entity)
            return entity["site"]
        at = self.rng.random()
        if at < 0.14:
            return self.one("general|memorial|county|university|mercy|methodist|baptist|regional|children's|presbyterian|deaconess|royal|infirmary|med|state|va")  # fmt: skip
        if at < 0.24:
            return (
                self.one("st|st.|saint")
                + " "
                + self.of("saints")[: self.rng.choice((1, 2, 9))]
                + self.one("'s|s|")
            )
        if at < 0.38:
            return self.of("charity").split()[-1]
        if at < 0.48:
            return self.last_name()
        if at < 0.6:
            return self.rng.choice(self.known)
        if at < 0.78:
            return self.site()
        if at < 0.88:
            return self.place()
        return self.rng.choice(self.words + self.nouns)

    def letters(self, entity: dict[str, str]) -> str:
        """Return an acronym, joined or letter by letter."""
        words = [
            w
            for w in re.findall(r"[a-z]+", plain(entity.get("full", "")).lower())
            if w not in ("of", "and", "the", "s")
        ]
        made = "".join(w[0] for w in words)
        if len(made) < 2 or self.chance(0.15):
            made = "".join(self.rng.choice(string.ascii_lowercase) for _ in range(self.rng.randint(2, 5)))
        made = made[:6].upper()
        at = self.rng.random()
        return (
            made
            if at < 0.7
            else " ".join(made)
            if at < 0.85
            else "-".join(made)
            if at < 0.92
            else f"{made[0]} and {made[1]}"
            if len(made) == 2
            else made
        )

    def system(self, entity: dict[str, str]) -> str:
        """Return a health system."""
        if "full" in entity:
            return entity["full"]
        site = self.pick(
            self.coined(),
            self.two_words(),
            self.place(),
            self.rng.choice(self.nouns),
            self.rng.choice(self.words),
        )
        tail = self.one(
            " health| health system| healthcare| health partners|care| health network| medical group| health trust| care alliance"
        )
        return self._named(entity, site + tail, site)

    def university(self, entity: dict[str, str]) -> str:
        """Return a university or college."""
        if "full" in entity:
            return entity["full"]
        region, place, last = self.rng.choice(self.regions), self.place(), self.last_name()
        full = self.pick(
            f"university of {region}", f"{region} state", f"{region} state university", f"{last} university",
            f"{last} college", f"{place} college", f"university of {place}", f"{place} university",
            f"{place} community college", f"{region} tech", f"saint {self.of('saints')}'s college",
            f"{last} school of {self.one('nursing|medicine|public health|law|social work')}",
            f"u of {region[0]}", f"{self.one('northern|southern|western|eastern|central')} {region}",
            f"{place} {self.one('state|tech|poly')}", f"{self.two_words()} college", self.rng.choice(self.known),
        )  # fmt: skip
        return self._named(entity, full, self.pick(full.split()[0], "state", "tech", region, last))

    def agency(self, entity: dict[str, str]) -> str:
        """Return a local agency, court, union, charity or foundation."""
        if "full" in entity:
            return entity["full"]
        if self.chance(0.08):
            return self._named(
                entity,
                self.one("local |battalion |ladder |station |engine |post ") + self.number(),
                "the local",
            )
        stem = self.pick(
            self.place(),
            self.place(),
            self.last_name(),
            self.two_words(),
            self.rng.choice(self.nouns),
            self.rng.choice(self.regions),
        )
        return self._named(entity, f"{stem} {self.of('agencies')}", stem)

    def company(self, entity: dict[str, str]) -> str:
        """Return a company."""
        if "full" in entity:
            return entity["full"]
        at = self.rng.random()
        if at < 0.2:
            return self._named(entity, f"{self.last_name()} and {self.last_name()}")
        if at < 0.3:
            return self._named(entity, self.coined())
        stem = self.pick(
            self.last_name(),
            self.place(),
            self.coined(),
            self.two_words(),
            self.rng.choice(self.words),
            self.first_name() + "'s",
        )
        return self._named(entity, f"{stem} {self.of('company_tails')}", stem)

    def programme(self, entity: dict[str, str]) -> str:
        """Return a programme, team or project named by ordinary words; the same one for the same entity."""
        if "programme" not in entity:
            entity["programme"] = self._programme()
        return entity["programme"]

    def _programme(self) -> str:
        noun, other, word = (
            self.rng.choice(self.nouns),
            self.rng.choice(self.nouns),
            self.rng.choice(self.words),
        )
        adjective, verb = self.rng.choice(self.adjectives), self.rng.choice(self.verbs)
        made = (
            (22, f"{adjective} {noun}{self.one('|s')}"),
            (14, f"{noun} {other}{self.one('|s')}"),
            (16, noun),
            (12, word),
            (6, f"{word} {noun}"),
            (6, f"{adjective} {word}"),
            (3, f"{noun}s"),
            (4, f"{noun}{other}"),
            (3, f"{self.of('helpers')} {noun}"),
            (3, f"{verb} {self.one('to|for|with|up|together|again|back|on|out')} {noun}"),
            (2, f"{verb} {self.one('together|again|forward|well|strong|easy|up|on|by|with us')}"),
            (3, f"{noun} {self.one('and|to|for|in|on the|of the|at the|by the')} {other}"),
            (2, f"{noun} {self.one('keepers|builders|watch|walkers|house|works|makers|bearers|line|lane')}"),
            (2, f"{self.one('the|our|one|two|three|ten|every|another')} {noun}{self.one('|s')}".removeprefix("the ")),
            (3, self._acronym_word()),
            (3, f"{self.last_name()} {self.one('fund|fellowship|project|initiative|lectures|fellows|scholars')}"),
            (3, self.coined()),
            (2, self.first_name() + self.one("'s place|'s house|'s table|'s fund|'s circle|'s hope")),
            (2, self._accents(self.rng.choice(self.first_abroad + self.last_abroad))),
        )  # fmt: skip
        return self.rng.choices([m for _, m in made], [w for w, _ in made])[0]

    def _acronym_word(self) -> str:
        word = self.rng.choice(
            [w for w in self.nouns if len(w) < 7]
            + ["rise", "care", "halo", "star", "mitss", "forward", "share"]
        )
        return word if self.chance(0.5) else self.one(" |-").join(word)

    def unit(self, entity: dict[str, str]) -> str:
        """Return a ward, building or room named after somebody or something."""
        if "full" in entity:
            return entity["full"]
        stem = self.pick(
            self.last_name(),
            self.last_name(),
            self.full_name({}),
            self.rng.choice(self.nouns),
            self.two_words(),
            self.place(),
        )
        head = self.one(
            "pavilion|wing|building|ward|tower|hall|house|room|unit|center|annex|suite|lounge|auditorium|institute|garden|chapel|campus|floor"
        )
        return self._named(entity, f"{stem} {head}", stem)

    def school(self, entity: dict[str, str]) -> str:
        """Return a school."""
        if "full" in entity:
            return entity["full"]
        stem = self.pick(
            self.last_name(),
            self.place(),
            self.two_words(),
            self.full_name({}),
            "saint " + self.of("saints"),
            self.of("charity"),
            self.one("lincoln|washington|roosevelt|central|liberty"),
        )
        return self._named(entity, f"{stem} {self.of('school_heads')}", stem)

    def church(self, entity: dict[str, str]) -> str:
        """Return a congregation."""
        if "full" in entity:
            return entity["full"]
        saint, place, charity = self.of("saints"), self.place(), self.of("charity")
        full = self.pick(f"saint {saint}'s", f"st {saint}", f"{charity} {self.one('baptist|lutheran|church|ame|chapel|temple|parish|methodist')}",
            f"first {self.one('baptist|methodist|presbyterian|congregational')} {self.pick('', 'church', 'of ' + place)}".strip(),
            f"temple {self.one('beth el|emanuel|sinai|israel')}", f"our lady of {self.one('sorrows|mercy|the angels|guadalupe|the lake')}",
            f"{place} {self.one('mosque|islamic center|gurdwara|community church|tabernacle|meeting house')}", f"church of {self.one('the|saint')} {saint}")  # fmt: skip
        return self._named(entity, full, full.split()[0])

    # places -------------------------------------------------------------------------------------------------

    def city(self) -> str:
        """Return a town, sometimes with its state."""
        return (
            f"{self.place()}{self.one(', | ')}{self.rng.choice(self.regions)}"
            if self.chance(0.06)
            else self.place()
        )

    def neighbourhood(self) -> str:
        """Return a part of a town."""
        return self.pick(f"{self.last_name()} {self.one('heights|park|hill|town|gardens|square|flats')}", self.two_words(), self.place(),
                         self.one("the north end|the south side|east side|west end|the bottoms|old town|the flats|little italy|uptown|chinatown|the third ward|the heights").removeprefix("the "),
                         f"{self.rng.choice(self.nouns)}{self.one('town|side|ville|wood|brook')}")  # fmt: skip

    def street(self) -> str:
        """Return a street, mostly with a house number."""
        name = self.pick(
            self.last_name(),
            self.rng.choice(self.nouns),
            self.rng.choice(self.words),
            self.place(),
            self.of("ordinals"),
            self.one("main|church|mill|elm|oak|front|high|water|state|canal"),
        )
        number = self.pick("", "", f"{self.rng.randint(1, 9999)} ", self.number() + " ")
        return f"{number}{self.one('|||north |south |east |west ')}{name} {self.of('streets')}"

    def landmark(self) -> str:
        """Return a river, park, bridge or mountain."""
        stem = self.pick(
            self.last_name(),
            self.rng.choice(self.nouns),
            self.rng.choice(self.words),
            self.place(),
            self.two_words(),
        )
        if self.chance(0.2):
            return f"{self.one('lake|mount|fort|cape|point')} {stem}"
        return f"{stem} {self.of('nature')}"

    # dates, ages, numbers -----------------------------------------------------------------------------------

    def say(self, number: int) -> str:
        """Return a number below a hundred in words."""
        if number < 10:
            return WORDS["units"][number]
        if number < 20:
            return WORDS["teens"][number - 10]
        unit = number % 10
        return WORDS["tens"][number // 10 - 2] + (self.one("-| ") + WORDS["units"][unit] if unit else "")

    def number(self) -> str:
        """Return a two- to four-digit number as it may be said."""
        number = self.rng.randint(11, 9999)
        if self.chance(0.6):
            return str(number)
        return " ".join(self.say(int(p)) for p in (str(number)[:-2], str(number)[-2:]) if p)

    def year(self) -> str:
        """Return a year in one of its forms."""
        year = self.rng.randint(1935, 2026)
        century, rest = divmod(year, 100)
        said = (
            f"{self.say(century)} {'oh ' if rest < 10 else ''}{self.say(rest)}"
            if rest
            else f"{self.say(century)} hundred"
        )
        if year >= 2000 and rest < 20 and self.chance(0.6):
            said = f"two thousand {self.one('|and ')}{self.say(rest)}" if rest else "two thousand"
        return self.rng.choices(
            (
                str(year),
                said,
                f"'{rest:02d}",
                f"oh-{WORDS['units'][rest]}" if year >= 2000 and rest < 10 else said,
            ),
            (5, 4, 1, 1),
        )[0]

    def month(self) -> str:
        """Return a month."""
        return self.of("months") if self.chance(0.93) else self.of("short_months")

    def date(self) -> str:
        """Return a calendar date, whole or part, written or said."""
        day, month, year = self.rng.randint(1, 31), self.of("months"), self.year()
        ordinal = self.pick(
            WORDS["ordinals"][day - 1],
            f"{day}{'th' if 3 < day < 21 or day % 10 not in (1, 2, 3) else ('st', 'nd', 'rd')[day % 10 - 1]}",
        )
        number = self.rng.randint(1, 12)
        return self.pick(
            f"{month} {ordinal}", f"{month} {day}", f"{month} {self.say(day)}", f"the {ordinal} of {month}", f"{ordinal} of {month}",
            f"{month} {ordinal}, {year}", f"{month} the {ordinal}", f"{month} of {year}", f"{month} {year}", f"{day} {month} {self.rng.randint(1950, 2026)}",
            f"{number}/{day}/{self.rng.randint(1990, 2026)}", f"{number}/{day}", f"{self.one('early|late|mid')} {month}",
            f"the {self.one('summer|spring|fall|winter|autumn')} of {year}", f"{self.one('summer|spring|fall|winter')} {self.rng.randint(1990, 2026)}",
            f"{self.one('q|the ')}{self.one('first|second|third|fourth')} quarter of {year}" if self.chance(0.3) else f"{month} {ordinal}",
            self.holiday() + self.pick("", "", f" {year}", f" of {year}"),
        ).removeprefix("the ").removeprefix("q")  # fmt: skip

    def weekday_date(self) -> str:
        """Return a weekday with its date."""
        return f"{self.of('days')}{self.one(', | | the ')}{self.pick(self.month() + ' ' + self.of('ordinals'), self.of('ordinals'))}"

    def holiday(self) -> str:
        """Return a holiday."""
        return self.of("holidays")

    def age(self) -> str:
        """Return an age as a bare number, for any context that says it is one."""
        age = self.rng.randint(1, 99)
        return self.pick(str(age), self.say(age))

    def digits(self, count: int) -> str:
        """Return *count* digits, written or said."""
        made = [self.rng.choice(string.digits) for _ in range(count)]
        if self.chance(0.6):
            return "".join(made)
        return " ".join(self.one("oh|zero") if d == "0" else WORDS["units"][int(d)] for d in made)

    def phone(self) -> str:
        """Return a telephone number."""
        a, b, c = self.digits(3), self.digits(3), self.digits(4)
        return self.pick(
            f"{a}-{b}-{c}",
            f"({a}) {b}-{c}",
            f"{a} {b} {c}",
            f"{b}-{c}",
            f"{b} {c}",
            f"{a}.{b}.{c}",
            f"1-800-{b}-{c}",
        )

    def handle(self) -> str:
        """Return a user name."""
        word = re.sub(
            r"\W",
            "",
            plain(
                self.pick(
                    self.first_name(),
                    self.last_name(),
                    self.rng.choice(self.nouns),
                    self.rng.choice(self.words),
                )
            ),
        )
        return (
            self.one("@||@")
            + word
            + self.one("|_|.")
            + self.pick(self.rng.choice(self.nouns), str(self.rng.randint(1, 999)), "rn", "md")
        )

    def domain(self) -> str:
        """Return the name of a mail or web server, without its last part."""
        return self.pick(
            re.sub(r"\W", "", plain(self.pick(self.last_name(), self.place(), self.two_words()))).lower(),
            "gmail",
            "yahoo",
            "outlook",
            "hotmail",
        )

    def email(self) -> str:
        """Return an e-mail address as it is written."""
        first, last = (re.sub(r"\W", "", plain(n)).lower() for n in (self.first_name(), self.last_name()))
        return (
            self.pick(
                f"{first}.{last}", f"{first[0]}{last}", f"{first}{self.rng.randint(1, 99)}", f"{last}_{first}"
            )
            + f"@{self.domain()}.{self.one('org|com|edu|net|org')}"
        )

    def email_spoken(self) -> str:
        """Return an e-mail address as it is said."""
        first, last = self.first_name(), self.last_name()
        return (
            self.pick(
                f"{first} dot {last}",
                f"{first[0]} {last}",
                f"{first[0]} dot {last}",
                f"{first} underscore {last}",
                f"{first} {self.say(self.rng.randint(10, 99))}",
            )
            + f" at {self.domain()} dot {self.one('org|com|e d u|edu|net')}"
        )

    def url(self) -> str:
        """Return a web address, written or said."""
        return self.pick(
            f"www.{self.domain()}.org",
            f"{self.domain()}.{self.one('org|com')}/{self.rng.choice(self.nouns)}",
            f"https://{self.domain()}.edu",
            f"{self.domain()} dot org",
            f"{self.domain()} dot {self.one('com|org')} slash {self.rng.choice(self.nouns)}",
        )

    def identifier(self) -> str:
        """Return a record, badge, licence or employee number."""
        letter = self.rng.choice(string.ascii_uppercase)
        return self.pick(
            self.digits(self.rng.randint(4, 9)),
            f"{letter}{self.digits(5)}",
            f"{letter}-{self.rng.randint(100, 99999)}",
            f"{self.rng.randint(10, 99)}-{self.rng.randint(1000, 9999)}",
            self.number(),
        )

    def case_number(self) -> str:
        """Return the number of a case or incident."""
        return self.pick(
            f"{self.rng.randint(10, 26)}-{self.rng.choice(('CV', 'CR', 'PC', 'RL', ''))}-{self.rng.randint(100, 99999)}".replace(
                "--", "-"
            ),
            f"{self.rng.randint(1990, 2026)}-{self.rng.randint(1, 9999):04d}",
            self.identifier(),
        )

    def room(self) -> str:
        """Return a room or bed number without the word before it."""
        return self.pick(
            str(self.rng.randint(1, 999)),
            self.say(self.rng.randint(1, 40)),
            f"{self.rng.randint(1, 12)}{self.rng.choice('ABCD')}",
            f"{self.say(self.rng.randint(1, 9))} {self.say(self.rng.randint(10, 40))}",
        )

    # what is no identifier ----------------------------------------------------------------------------------

    def known_letters(self) -> str:
        """Return an abbreviation that names nobody, joined or letter by letter."""
        made = self.rng.choice(self.acronyms)
        return (
            self.pick(made, made, " ".join(made), f"{made[0]} and {made[1]}")
            if made.isalpha() and 1 < len(made) < 5
            else made
        )

    def amount(self) -> str:
        """Return a count."""
        return self.pick(self.say(self.rng.randint(11, 99)), str(self.rng.randint(11, 999)))
