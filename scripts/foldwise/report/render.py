"""Render a template to a self-contained HTML page, with its style, scripts and pictures inside."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent
_STYLE = "page.css"


def render(template: str, scripts: Sequence[str], **values: Any) -> str:
    """Return a page as HTML: a pure function of the values, with nothing loaded from elsewhere.

    Every value is escaped, and the content security policy of the page allows only its own style
    and script, by their hashes, and pictures inside the page.

    Args:
        template: name of a template in this folder that extends ``base.html.j2``.
        scripts: names of JavaScript files in this folder, in the order in which they run.
        values: the variables of the template.
    """
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = _asset(_STYLE), "".join(_asset(name) for name in scripts)
    return environment.get_template(template).render(
        style=Markup(style),  # noqa: S704 (a file of this package, nothing from a table)
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        **values,
    )


def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """Return the hash of an inline block, as a content security policy spells it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
