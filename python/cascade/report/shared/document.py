"""A page in one file: everything inside, nothing fetched, nothing run that is not ours."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from cascade.report.shared.figures import count, dollars

__all__ = ["document"]

_HERE = Path(__file__).parent
_VEGA = "window.vegaEmbed = vegaEmbed;"


def document(template: Path, *, content: Any, script: str | None = None, **context: Any) -> str:
    """A page from its template.

    Its content security policy lets only its own two scripts run, named by their hashes, so text from a scenario
    stays text.

    Parameters
    ----------
    template : Path
        The template; it places `policy`, `style`, `scripts` and `content`.
    content : Any
        What the scripts read, as JSON.
    script : str, optional
        Name of the page's own script among the assets, run after the charts are drawn.
    **context : Any
        What else the template names.
    """
    own = ["charts.js"] if script is None else ["charts.js", script]
    scripts = [_vega(), "\n".join((_HERE / "assets" / name).read_text(encoding="utf-8") for name in own)]
    rules = [
        "default-src 'none'",
        "img-src data: blob:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "script-src " + " ".join(_source(text) for text in scripts),
    ]
    return (
        _environment(template.parent)
        .get_template(template.name)
        .render(
            policy="; ".join(rules),
            style=Markup((_HERE / "assets" / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (our own file)
            scripts=[Markup(text) for text in scripts],  # noqa: S704 (our own file, and the bundled library)
            content=Markup(_inert(content)),  # noqa: S704 (escaped by _inert)
            **context,
        )
    )


def _inert(content: Any) -> str:
    # JSON inside a script element: no character in it can end the element or begin a comment.
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _vega() -> str:
    bundle: str = vl_convert.javascript_bundle(_VEGA)
    for sign in ("</script", "<script", "<!--", "\r"):
        if sign in bundle:
            raise ValueError(f"the chart library holds {sign!r} and cannot stand inside a page")
    return bundle


def _source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(dollars=dollars, count=count)
    return environment
