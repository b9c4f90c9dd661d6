"""The colours of pages and charts: every colour has one name, and only this module knows its value."""

from __future__ import annotations

__all__ = [
    "AMBER",
    "BAR_AMBER",
    "BAR_GREEN",
    "BAR_RED",
    "BLUE",
    "DARK_BLUE",
    "DARK_RED",
    "EDGE",
    "FILL_PURPLE",
    "FILL_RED",
    "GREEN",
    "GREY",
    "INK",
    "LIGHT_BLUE",
    "LIGHT_RED",
    "LINE",
    "LINK",
    "MUTED",
    "OCHRE",
    "ORANGE",
    "PALE_BLUE",
    "PAPER",
    "PURPLE",
    "RED",
    "TEAL",
    "dark_charts",
    "style_properties",
]

INK, SOFT_INK, MUTED = "#1d2733", "#36424f", "#5b6875"
"""Text, from the darkest; each is legible on PAPER and on GROUND (contrast of 4.5 and more)."""

PAPER, GROUND, LINE, EDGE = "#ffffff", "#f5f7f9", "#e1e6eb", "#c9d1d8"
"""Cards and charts, the page behind them, rules between rows and grid lines, and borders of controls."""

BLUE, TEAL, ORANGE, PURPLE, GREY, RED, GREEN, OCHRE = (
    "#2358a4",
    "#45997b",
    "#db6c45",
    "#8786f9",
    "#988cae",
    "#d83358",
    "#1f4615",
    "#c68800",
)
"""Lines and dots that must be told apart, with any kind of colour blindness too: no two are closer than 20 in CIELAB
as they are and as simulated for protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009).
Each has a contrast of 3 and more to PAPER."""

DARK_BLUE, PALE_BLUE, LIGHT_BLUE = "#1c4f88", "#a9c4e0", "#cfe0f1"
DARK_RED, LIGHT_RED = "#8f1d18", "#f2b8a8"
BAR_RED, BAR_GREEN, BAR_AMBER = "#e2918b", "#9ccdb2", "#f0cf8a"
FILL_RED, FILL_PURPLE = "#f3c6bd", "#d6cbe8"
LINK = "#7c8894"
"""Thin lines between dots, drawn nearly transparent."""

AMBER, AMBER_INK, AMBER_GROUND, AMBER_LINE = "#d39a1e", "#6b4700", "#fff6e0", "#ecd49a"
RED_INK, RED_GROUND, RED_LINE = "#6d1511", "#fdf0ef", "#eebab5"
GREEN_INK, GREEN_GROUND = "#1c6a41", "#e2f3ea"
BLUE_GROUND = "#e8f0f9"

BLUE_INK, LOSS_INK = "#1f5fa8", "#b3261e"
"""Text that is chosen, and figures that are losses."""

_DARK_PAPER, _DARK_INK = "#171d25", "#e6ebf1"

_DARK_CHARTS = {
    INK: _DARK_INK,
    MUTED: "#a3afbc",
    PAPER: _DARK_PAPER,
    LINE: "#2a333e",
    EDGE: "#566372",
    BLUE: "#436b9e",
    TEAL: "#66ffe3",
    ORANGE: "#e8a558",
    PURPLE: "#815bda",
    GREY: "#9eb2dd",
    RED: "#b34a3b",
    GREEN: "#08b384",
    OCHRE: "#ffe132",
    PALE_BLUE: "#5f7fa3",
    BAR_RED: "#b5625c",
    BAR_GREEN: "#5f9c7d",
    BAR_AMBER: "#b8934a",
    FILL_RED: "#6b3a34",
    FILL_PURPLE: "#4a3f66",
    LINK: "#98a4b0",
}
"""Colours of charts where the reader's system is dark, by the colour that each replaces."""

_STYLE_PROPERTIES = {
    "ink": (INK, _DARK_INK),
    "soft-ink": (SOFT_INK, "#c5ced8"),
    "muted": (MUTED, "#a3afbc"),
    "paper": (PAPER, _DARK_PAPER),
    "ground": (GROUND, "#0f141a"),
    "line": (LINE, "#2a333e"),
    "edge": (EDGE, "#566372"),
    "blue": (BLUE_INK, "#9cc4ef"),
    "dark-blue": (DARK_BLUE, "#9cc4ef"),
    "pale-blue": (PALE_BLUE, "#5f7fa3"),
    "blue-ground": (BLUE_GROUND, "#1c2c40"),
    "red": (LOSS_INK, "#ff8a80"),
    "red-ink": (RED_INK, "#ffb4ab"),
    "red-ground": (RED_GROUND, "#3a1a18"),
    "red-line": (RED_LINE, "#74332e"),
    "amber": (AMBER, "#d39a1e"),
    "amber-ink": (AMBER_INK, "#ffdf9e"),
    "amber-ground": (AMBER_GROUND, "#33270d"),
    "amber-line": (AMBER_LINE, "#6b5420"),
    "green-ink": (GREEN_INK, "#8fd9b0"),
    "green-ground": (GREEN_GROUND, "#14301f"),
    "line-blue": (BLUE, _DARK_CHARTS[BLUE]),
    "line-teal": (TEAL, _DARK_CHARTS[TEAL]),
    "line-orange": (ORANGE, _DARK_CHARTS[ORANGE]),
    "line-purple": (PURPLE, _DARK_CHARTS[PURPLE]),
    "line-grey": (GREY, _DARK_CHARTS[GREY]),
    "line-red": (RED, _DARK_CHARTS[RED]),
    "line-green": (GREEN, _DARK_CHARTS[GREEN]),
    "line-ochre": (OCHRE, _DARK_CHARTS[OCHRE]),
}
"""Colours of the style sheet by name: on light paper, and where the reader's system is dark."""


def style_properties() -> str:
    """Return the rules that give a style sheet its colours, each as a custom property such as `--ink`.

    Paper is light, also where the screen is dark.
    """
    light = " ".join(f"--{name}: {pair[0]};" for name, pair in _STYLE_PROPERTIES.items())
    dark = " ".join(f"--{name}: {pair[1]};" for name, pair in _STYLE_PROPERTIES.items())
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}\n"
    )


def dark_charts() -> dict[str, str]:
    """Return the colours of charts where the reader's system is dark, by the colour that each replaces."""
    return dict(_DARK_CHARTS)
