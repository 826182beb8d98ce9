"""The codebook: domains and themes with what they mean, read from YAML with line numbers in every error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from svp_nlp.errors import CodebookError
from svp_nlp.files import write_whole
from svp_nlp.model import Codebook, Domain, Exemplar, Theme

_BOOK_KEYS = ("title", "version", "attribution", "domains")
_DOMAIN_KEYS = ("id", "label", "themes")
_THEME_KEYS = ("id", "label", "definition", "include", "exclude", "exemplars")
_EXEMPLAR_KEYS = ("text", "source")
_STRING = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


def load_codebook(path: Path) -> Codebook:
    """Read a codebook from a YAML file.

    ``version`` is the one given in the file, else the first twelve digits of a hash of the content. Raises
    CodebookError, with file name and line, for anything that is not a usable codebook.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CodebookError(
            f"{path.name}: cannot be read ({error.strerror})", hint="name a codebook in YAML"
        ) from None
    except UnicodeDecodeError as error:
        raise CodebookError(
            f"{path.name}: not UTF-8 at byte {error.start}", hint="save it as UTF-8"
        ) from None
    return parse_codebook(text, path.name)


def founding_codebook() -> Codebook:
    """Return the codebook of the founding study: four domains, fifteen themes.

    Labels and quotes are Table 2 of Marr et al. 2021 (CC BY 4.0, doi:10.1186/s12913-021-07315-1);
    definitions and cues are this project's own.
    """
    name = "founding_study.yaml"
    text = resources.files("svp_nlp.coding").joinpath(name).read_text(encoding="utf-8")
    return parse_codebook(text, name)


def save_codebook(codebook: Codebook, path: Path) -> None:
    """Write *codebook* as YAML that ``load_codebook`` reads back equal; replaces *path* in one step."""
    write_whole(path, codebook_text(codebook))


def codebook_text(codebook: Codebook) -> str:
    """Return *codebook* as YAML that ``parse_codebook`` reads back equal."""
    content: dict[str, object] = {"title": codebook.title, "version": codebook.version}
    if codebook.attribution:
        content["attribution"] = codebook.attribution
    content["domains"] = _plain_domains(codebook)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def _plain_domains(codebook: Codebook) -> list[dict[str, object]]:
    """Return domains with their themes as YAML-ready mappings, empty fields left out."""
    return [
        {
            "id": domain.id,
            "label": domain.label,
            "themes": [_plain_theme(t) for t in codebook.themes if t.domain == domain.id],
        }
        for domain in codebook.domains
    ]


def _plain_theme(theme: Theme) -> dict[str, object]:
    full: dict[str, object] = {
        "id": theme.id,
        "label": theme.label,
        "definition": theme.definition,
        "include": list(theme.include),
        "exclude": list(theme.exclude),
        "exemplars": [{"text": e.text, "source": e.source} if e.source else e.text for e in theme.exemplars],
    }
    return {key: value for key, value in full.items() if value}


def parse_codebook(text: str, name: str) -> Codebook:
    """Read a codebook from YAML *text*; *name* stands in the CodebookError for one that is not usable."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or "unreadable character"
        raise CodebookError(f"{where}: not YAML ({problem})", hint="look at the indentation there") from None
    if root is None:
        raise CodebookError(f"{name}: empty", hint="a codebook has a title and a list of domains")
    return _Reader(name).codebook(root)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns YAML nodes, which know their lines, into the codebook."""

    name: str

    def codebook(self, root: Node) -> Codebook:
        fields = self.fields(root, _BOOK_KEYS, "codebook")
        if "domains" not in fields:
            self.refuse(root, "codebook has no domains", "list them under domains:, each with its themes")
        domains: list[Domain] = []
        themes: list[tuple[Node, Theme]] = []
        for node in self.items(fields["domains"], "domains"):
            domain, inside = self.domain(node)
            if domain.id in {d.id for d in domains}:
                self.refuse(
                    node, f'two domains are called "{domain.id}"', "give each domain an id of its own"
                )
            domains.append(domain)
            themes += inside
        self.check(themes, [d.id for d in domains])
        if not themes:
            self.refuse(root, "codebook has no themes", "list at least one theme under a domain")
        title = self.text(fields["title"], "title") if "title" in fields else ""
        attribution = self.text(fields["attribution"], "attribution") if "attribution" in fields else ""
        book = Codebook(title, "", tuple(domains), tuple(t for _, t in themes), attribution)
        version = self.number_or_text(fields["version"], "version") if "version" in fields else ""
        return Codebook(title, version or content_hash(book), book.domains, book.themes, attribution)

    def domain(self, node: Node) -> tuple[Domain, list[tuple[Node, Theme]]]:
        fields = self.fields(node, _DOMAIN_KEYS, "domain")
        id = self.required(node, fields, "id", "domain")
        label = self.required(node, fields, "label", f'domain "{id}"')
        if "themes" not in fields:
            self.refuse(node, f'domain "{id}" has no themes', "list them under themes:")
        return Domain(id, label), [(n, self.theme(n, id)) for n in self.items(fields["themes"], "themes")]

    def theme(self, node: Node, domain: str) -> Theme:
        fields = self.fields(node, _THEME_KEYS, "theme")
        id = self.required(node, fields, "id", "theme")
        label = self.required(node, fields, "label", f'theme "{id}"')
        definition = self.text(fields["definition"], "definition") if "definition" in fields else ""
        exemplars = self.exemplars(fields.get("exemplars"))
        if not definition and not exemplars:
            self.refuse(
                node,
                f'theme "{id}" has neither a definition nor an exemplar',
                "say in a sentence what it means",
            )
        include, exclude = (self.texts(fields.get(key), key) for key in ("include", "exclude"))
        return Theme(id, label, domain, definition, include, exclude, exemplars)

    def exemplars(self, node: Node | None) -> tuple[Exemplar, ...]:
        if node is None:
            return ()
        return tuple(self.exemplar(item) for item in self.items(node, "exemplars"))

    def exemplar(self, node: Node) -> Exemplar:
        if not isinstance(node, MappingNode):
            return Exemplar(self.text(node, "exemplar"))
        fields = self.fields(node, _EXEMPLAR_KEYS, "exemplar")
        text = self.required(node, fields, "text", "exemplar")
        return Exemplar(text, self.number_or_text(fields["source"], "source") if "source" in fields else "")

    def check(self, themes: Sequence[tuple[Node, Theme]], domains: Sequence[str]) -> None:
        """Refuse themes that share an id or a label, or whose id names another domain."""
        ids: dict[str, int] = {}
        labels: dict[str, int] = {}
        for node, theme in themes:
            for seen, key, what in ((ids, theme.id, "id"), (labels, theme.label.casefold(), "label")):
                if key in seen:
                    self.refuse(
                        node,
                        f'theme "{theme.id}" has the same {what} as the theme in line {seen[key]}',
                        f"give each theme a {what} of its own",
                    )
                seen[key] = node.start_mark.line + 1
            prefix = theme.id.partition(".")[0] if "." in theme.id else theme.domain
            if prefix != theme.domain and prefix in domains:
                self.refuse(
                    node,
                    f'theme "{theme.id}" stands under domain "{theme.domain}"',
                    f'move it under "{prefix}", or rename it',
                )

    def fields(self, node: Node, known: Sequence[str], what: str) -> Mapping[str, Node]:
        """Return the filled-in keys of a mapping; refuses unknown keys and keys given twice."""
        if not isinstance(node, MappingNode):
            self.refuse(node, f"{what} must be a list of keys and values, not {_kind(node)}", _known(known))
        fields: dict[str, Node] = {}
        for key, value in node.value:
            word = key.value if isinstance(key, ScalarNode) else _kind(key)
            if word == "themes" and what == "codebook":
                self.refuse(key, "themes stand outside any domain", "list them under a domain's themes:")
            if word not in known:
                self.refuse(key, f'{what} has an unknown key "{word}"', _known(known))
            if word in fields:
                self.refuse(key, f'{what} has the key "{word}" twice', "keep one of the two")
            if value.tag != _NULL:
                fields[word] = value
        return fields

    def required(self, node: Node, fields: Mapping[str, Node], key: str, what: str) -> str:
        if key not in fields:
            self.refuse(node, f"{what} has no {key}", f"add {key}: to it")
        found = self.text(fields[key], key)
        if not found:
            self.refuse(fields[key], f"{what} has an empty {key}", f"fill in {key}:")
        return found

    def items(self, node: Node, what: str) -> Iterator[Node]:
        if not isinstance(node, SequenceNode):
            self.refuse(node, f"{what} must be a list, not {_kind(node)}", 'start each entry with "- "')
        yield from node.value

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        return () if node is None else tuple(self.text(n, what) for n in self.items(node, what))

    def text(self, node: Node, what: str) -> str:
        if not isinstance(node, ScalarNode) or node.tag != _STRING:
            self.refuse(node, f"{what} must be text, not {_kind(node)}", "put it into quotes")
        return str(node.value).strip()

    def number_or_text(self, node: Node, what: str) -> str:
        if not isinstance(node, ScalarNode):
            self.refuse(node, f"{what} must be text or a number, not {_kind(node)}", "put it into quotes")
        return str(node.value).strip()

    def refuse(self, node: Node, problem: str, hint: str) -> NoReturn:
        raise CodebookError(f"{self.name}, line {node.start_mark.line + 1}: {problem}", hint=hint)


def _known(keys: Sequence[str]) -> str:
    return f"the keys are {', '.join(keys)}"


def _kind(node: Node) -> str:
    """Name a node's type in everyday words."""
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, MappingNode):
        return "keys and values"
    number = "a number"
    kinds = {"bool": "yes/no", "int": number, "float": number, "null": "nothing", "timestamp": "a date"}
    return kinds.get(node.tag.rpartition(":")[2], "text")


def content_hash(codebook: Codebook) -> str:
    """Return the first twelve digits of a hash of domains and themes; title and version do not count."""
    content = json.dumps(_plain_domains(codebook), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
