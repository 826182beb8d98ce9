"""The pages: the shell that the local server hands out, and the one file for people without Python."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files

from svp_nlp.review.decisions import check_coder
from svp_nlp.review.session import CodingMaterial, Row, codebook_row, view_row

_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Review</title>
{head}
</head>
<body class="svp-page">
<main id="svp-review"{door}><p>This page needs JavaScript; it loads nothing from outside.</p></main>
{foot}
</body>
</html>
"""


@cache
def static(name: str) -> str:
    """Return one of the files the browser runs: review.js or review.css."""
    return (files("svp_nlp.review") / "static" / name).read_text(encoding="utf-8")


def shell() -> str:
    """Return the page the server hands out; it holds no data and no token."""
    head = '<link rel="stylesheet" href="review.css">'
    foot = '<script type="module" src="review.js"></script>'
    return _SHELL.format(head=head, door=' data-door="server"', foot=foot)


def coding_file(material: CodingMaterial, coder: str, *, assisted: bool = True) -> str:
    """Return one HTML file in which *coder* codes without Python; decisions come back as JSONL.

    It holds all passages (clean side), the codebook and the very module the server uses, and may load
    nothing (Content-Security-Policy with the hashes of its parts). Without *assisted* it holds no
    suggestion, so that nobody can look them up in it; with it they open after the blind commit, as ever.
    Raises ReviewError when *coder* cannot be a coder's name.
    """
    check_coder(coder)
    script, style = static("review.js"), static("review.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n<style>{style}</style>'
    )
    data = json.dumps(_file_data(material, coder, assisted), ensure_ascii=True).replace("<", "\\u003c")
    foot = (
        f'<script type="application/json" id="svp-data">{data}</script>\n'
        f'<script type="module">{script}</script>'
    )
    return _SHELL.format(head=head, door=' data-door="file"', foot=foot)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _file_data(material: CodingMaterial, coder: str, assisted: bool) -> Row:
    return {
        "study": material.study,
        "title": material.title,
        "coder": coder,
        "blind": material.blind,
        "checks": assisted and material.checks > 0,
        "assisted": assisted,
        "model": material.model,
        "little": list(material.little) if assisted else [],
        "codebook": codebook_row(material.codebook),
        "texts": {id: t.sha256 for id, t in material.transcripts.items()},
        "passages": [_passage(material, p.id, coder, assisted) for p in material.passages],
    }


def _passage(material: CodingMaterial, id: str, coder: str, assisted: bool) -> Row:
    passage = material.by_id[id]
    row: Row = {
        "cite": passage.citation,
        "transcript": passage.transcript,
        "role": passage.role.value,
        "sampled": material.sampled(id),
        **view_row(material.transcripts[passage.transcript], passage),
    }
    if assisted:
        made = {s.theme: s for s in material.suggestions.get(id, ())}
        row["offered"] = list(material.offered(id))
        row["shown"] = [
            {
                "theme": theme,
                "exemplar": made[theme].because.exemplar,
                "source": made[theme].because.source,
                "sentence": [[s.start, s.end] for s in made[theme].because.sentence],
                "score": round(made[theme].score, 2),
            }
            if theme in made
            else {"theme": theme, "score": None}
            for theme in material.order(id, coder)
        ]
    return row
