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
    "style_properties",
]

INK, SOFT_INK, MUTED = "#1d2733", "#36424f", "#5b6875"
"""Text, from the darkest; each is legible on PAPER and on GROUND (contrast of 4.5 and more)."""

PAPER, GROUND, LINE, EDGE = "#ffffff", "#f5f7f9", "#e1e6eb", "#c9d1d8"
"""Cards and charts, the page behind them, rules between rows and grid lines, and borders of controls."""

BLUE, TEAL, ORANGE, PURPLE, GREY, RED, GREEN, OCHRE = (
    "#1f5fa8",
    "#12877b",
    "#d9730d",
    "#7a5fb0",
    "#8c98a4",
    "#c0322b",
    "#2f8f5b",
    "#b08d00",
)
"""Lines and dots that must be told apart."""

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

_STYLE_PROPERTIES = {
    "ink": INK,
    "soft-ink": SOFT_INK,
    "muted": MUTED,
    "paper": PAPER,
    "ground": GROUND,
    "line": LINE,
    "edge": EDGE,
    "blue": BLUE,
    "dark-blue": DARK_BLUE,
    "pale-blue": PALE_BLUE,
    "blue-ground": BLUE_GROUND,
    "red": RED,
    "red-ink": RED_INK,
    "red-ground": RED_GROUND,
    "red-line": RED_LINE,
    "amber": AMBER,
    "amber-ink": AMBER_INK,
    "amber-ground": AMBER_GROUND,
    "amber-line": AMBER_LINE,
    "green-ink": GREEN_INK,
    "green-ground": GREEN_GROUND,
}


def style_properties() -> str:
    """Return the rule that gives a style sheet its colours, each as a custom property such as `--ink`."""
    declarations = " ".join(f"--{name}: {value};" for name, value in _STYLE_PROPERTIES.items())
    return f":root {{ {declarations} }}\n"
