"""Write a page into one file: it fetches nothing, and its policy lets no script run but its own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from cascade.report.shared.bundle import chart_library, plot_library
from cascade.report.shared.colours import dark_charts, style_properties
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.figures import count, counted, dollars
from cascade.report.shared.style import Chart

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["document", "write_page"]

_HERE = Path(__file__).parent
_VEGA = "window.vegaEmbed = vegaEmbed;"


def write_page(path: Path, text: str) -> Path:
    """Write a page, in folders that are made where they are missing, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # One kind of line end, so that the page has the same bytes on every platform.
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def document(
    template: Path,
    *,
    page: DataclassInstance,
    datasets: Mapping[str, Dataset],
    charts: Sequence[Chart],
    scripts: Sequence[str] = (),
    player: Mapping[str, object] | None = None,
    content: Mapping[str, object] | None = None,
) -> str:
    """Return the text of a page.

    Its content security policy lets only its own scripts run, named by their hashes, so that text which comes from
    a scenario stays text.

    Parameters
    ----------
    template : Path
        The template of the page, which extends `base.html.j2`.
    page : dataclass
        Whatever the template shows; each field is a name in it.
    datasets : mapping of str to Dataset
        Data of the charts, by the name that their specifications refer to.
    charts : sequence of Chart
        Charts of the page; the template has a place for each key.
    scripts : sequence of str
        Names of the page's own scripts among the assets, in the order in which they run.
    player : mapping, optional
        Content of the player, for a page that has one.
    content : mapping, optional
        What else the page's own scripts need.
    """
    own = ["charts.js", "tables.js", *scripts, *(["player.js"] if player is not None else [])]
    # Our own scripts come first: tables and buttons work before a browser has read the library.
    code = ["\n".join((_HERE / "assets" / name).read_text(encoding="utf-8") for name in own)]
    if charts:
        code.append(_vega())
    plot_style = ""
    if player is not None:
        plot_script, plot_style = plot_library()
        code.insert(0, _whole(plot_script))
    rules = [
        "default-src 'none'",
        "img-src data: blob:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "script-src " + " ".join(_source(text) for text in code),
    ]
    sheets = [(_HERE / "assets" / name).read_text(encoding="utf-8") for name in ("page.css", "transactions.css")]
    style = plot_style + style_properties() + "".join(sheets)
    held = {
        **(content or {}),
        "datasets": {name: {"columns": data.columns, "rows": data.rows} for name, data in datasets.items()},
        "charts": {chart.key: chart.variants for chart in charts},
        "dark": dark_charts(),
        "player": player,
    }
    return (
        _environment(template.parent)
        .get_template(template.name)
        .render(
            # Field by field and not by `asdict`, which would turn the dataclasses within the page into dictionaries.
            **{field.name: getattr(page, field.name) for field in fields(page)},
            policy="; ".join(rules),
            style=Markup(style),  # noqa: S704 (our own file)
            scripts=[Markup(text) for text in code],  # noqa: S704 (our own file, and the bundled library)
            content=Markup(_inert(held)),  # noqa: S704 (escaped by _inert)
        )
    )


def _inert(content: Mapping[str, object]) -> str:
    # JSON inside a script element: no character in it can end the element or begin a comment.
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _vega() -> str:
    return _whole(chart_library(_VEGA))


def _whole(bundle: str) -> str:
    # A later version of the library could hold text that ends the script element early. A carriage return would be
    # read by a browser as a line feed, and the hash in the policy would no longer fit.
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
        # A name that the page does not have is an error, never an empty place on it.
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(dollars=dollars, count=count, counted=counted)
    return environment
