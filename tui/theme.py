"""The console's colours: one for dark terminals, one for light ones, one that uses the terminal's own sixteen.

Colour only underlines what a glyph or a word says already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.theme import Theme

from tui.format import Role


@dataclass(frozen=True, slots=True)
class Palette:
    """A theme. ``roles`` and the rest are Rich style definitions; ``theme`` is what Textual's own widgets use."""

    theme: Theme
    roles: Mapping[Role, str]
    title: str
    heading: str
    cursor: str
    cursor_blurred: str
    key: str


_BADGES = (
    Role.ON_RED,
    Role.ON_YELLOW,
    Role.ON_GREEN,
    Role.ON_BLUE,
    Role.ON_MAGENTA,
    Role.ON_CYAN,
    Role.ON_GREY,
)
_NATIVE_BADGES = {
    role: f"bold reverse {'bright_black' if role is Role.ON_GREY else role.removeprefix('on ')}"
    for role in _BADGES
}
"""Reversed, so that a context's name stands out where colours are left away too."""

_PAINTS = ("#a4262c", "#f2c744", "#2f7d32", "#1f5fbf", "#8e3fa8", "#0b7a8c", "#5b6675")
_BADGE_STYLES = {
    role: f"bold {'#1a1a1a' if role is Role.ON_YELLOW else '#ffffff'} on {paint}"
    for role, paint in zip(_BADGES, _PAINTS, strict=True)
}


def _theme(name: str, *, dark: bool, colours: Mapping[str, str]) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        primary=colours["accent"],
        secondary=colours["accent"],
        accent=colours["accent"],
        warning=colours["waiting"],
        error=colours["failed"],
        success=colours["done"],
        foreground=colours["text"],
        background=colours["ground"],
        surface=colours["ground"],
        panel=colours["bar"],
        variables={
            "bar": colours["bar"],
            "rule": colours["rule"],
            "ground": colours["ground"],
            "prompt": colours["prompt"],
            "input-cursor-background": colours["text"],
            "input-cursor-foreground": colours["ground"],
            "input-selection-background": colours["cursor"],
        },
    )


def _palette(name: str, *, dark: bool, colours: Mapping[str, str]) -> Palette:
    return Palette(
        theme=_theme(name, dark=dark, colours=colours),
        roles={
            Role.PLAIN: "",
            Role.DIM: colours["dim"],
            Role.STRONG: f"bold {colours['strong']}",
            Role.ACCENT: colours["accent"],
            Role.PENDING: colours["pending"],
            Role.RUNNING: colours["running"],
            Role.WAITING: colours["waiting"],
            Role.PAUSED: colours["paused"],
            Role.DONE: colours["done"],
            Role.FAILED: colours["failed"],
            Role.ENDED: colours["ended"],
            **_BADGE_STYLES,
        },
        title=f"bold {colours['accent']}",
        heading=f"bold {colours['dim']}",
        cursor=f"on {colours['cursor']}",
        cursor_blurred=f"on {colours['blurred']}",
        key=f"bold {colours['accent']}",
    )


_DARK = _palette(
    "dark",
    dark=True,
    colours={
        "ground": "#0f1318",
        "bar": "#1a212b",
        "prompt": "#161c25",
        "rule": "#2a3442",
        "cursor": "#26384f",
        "blurred": "#1b2430",
        "text": "#cfd7e3",
        "strong": "#f2f5fa",
        "dim": "#74829a",
        "accent": "#7db1ff",
        "pending": "#a7b4c8",
        "running": "#58c4dd",
        "waiting": "#efb94f",
        "paused": "#b59df0",
        "done": "#79c98b",
        "failed": "#f47b72",
        "ended": "#8a96a8",
    },
)
_LIGHT = _palette(
    "light",
    dark=False,
    colours={
        "ground": "#fbfbf9",
        "bar": "#e9ecef",
        "prompt": "#f1f3f4",
        "rule": "#ccd3da",
        "cursor": "#cfe0f7",
        "blurred": "#e6ebf1",
        "text": "#2a323d",
        "strong": "#0c1118",
        "dim": "#6a7686",
        "accent": "#1d5fbf",
        "pending": "#56657a",
        "running": "#0b7285",
        "waiting": "#9a6200",
        "paused": "#6b46c1",
        "done": "#2b7a3e",
        "failed": "#c0271d",
        "ended": "#6a7686",
    },
)


def _native(name: str) -> Theme:
    """The terminal's own sixteen colours."""
    return Theme(
        name=name,
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_cyan",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            "bar": "ansi_default",
            "rule": "ansi_bright_black",
            "ground": "ansi_default",
            "prompt": "ansi_default",
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "border-blurred": "ansi_black",
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-cursor-text-style": "none",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": "ansi_black",
        },
    )


_ANSI = Palette(
    theme=_native("ansi"),
    roles={
        Role.PLAIN: "",
        Role.DIM: "bright_black",
        Role.STRONG: "bold",
        Role.ACCENT: "cyan",
        Role.PENDING: "",
        Role.RUNNING: "cyan",
        Role.WAITING: "yellow",
        Role.PAUSED: "magenta",
        Role.DONE: "green",
        Role.FAILED: "bold red",
        Role.ENDED: "bright_black",
        **_NATIVE_BADGES,
    },
    title="bold cyan",
    heading="bold",
    cursor="reverse",
    cursor_blurred="bold",
    key="bold cyan",
)
_PLAIN = replace(
    _ANSI,
    theme=_native("plain"),
    roles={**_ANSI.roles, Role.DIM: "", Role.STRONG: "", Role.ACCENT: "", Role.ENDED: ""},
    title="",
    heading="",
    key="bold",
)
"""For bad lines: few bytes, and no colours but a state's."""

PALETTES: Mapping[str, Palette] = {palette.theme.name: palette for palette in (_DARK, _LIGHT, _ANSI, _PLAIN)}


def choose(environ: Mapping[str, str]) -> str:
    """The palette that suits the terminal: its own sixteen colours unless it has more; those too with NO_COLOR."""
    term = environ.get("TERM", "")
    rich = environ.get("COLORTERM", "") in {"truecolor", "24bit"} or "256color" in term or "direct" in term
    if "NO_COLOR" in environ or not rich:
        return "ansi"
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if ground in {"7", "15"} else "dark"
