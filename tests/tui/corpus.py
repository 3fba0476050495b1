"""Text that tries to move a cursor, change a title, fill a clipboard, trigger an action or hide itself."""

from __future__ import annotations

HOSTILE: tuple[str, ...] = (
    "",
    "   ",
    "plain",
    "nul\0inside",
    "lone \ud800 surrogate \udfff",
    "carriage\rreturn",
    "back\b\b\b\bspace",
    "bell\a\a",
    "erase\x1b[2J\x1b[H",
    "title\x1b]0;owned\x07",
    "link\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "clip\x1b]52;c;ZXZpbA==\x07",
    "dcs \x1bPq#0;2;0;0;0#0!10~",
    "apc \x1b_Gf=100;AAAA\x1b\\",
    "c1 csi \x9b2J and osc \x9d0;x\x9c",
    "nel\x85 and del\x7f",
    "rlo \u202egnp.exe\u202c",
    "isolate \u2067abc\u2069 alm \u061c",
    "zero\u200bwidth\u200c\u200d\u2060\ufeff",
    "soft\u00adhyphen",
    "tags \U000e0041\U000e0042\U000e007f",
    "selectors a\ufe0e\ufe0f\U000e0100\U000e01ef",
    "mongolian \u180b\u180e",
    "fillers \u115f\u1160\u3164\uffa0\u2800",
    "jamo pile \u1161\u1161\u1161\u1161\u1161\u1161",
    "zalgo e" + "\u0301\u0316\u0347" * 40,
    "\u0301leading mark",
    "line\n\u0301leading mark",
    "separators \u2028 \u2029 end",
    "spaces \u00a0\u2003\u3000 end",
    "private \ue000 \U000f0000 nonchar \ufffe \U0010ffff",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 heart \u2764\ufe0f keycap 1\ufe0f\u20e3",
    "flag \U0001f1e9\U0001f1ea tone \U0001f44d\U0001f3fd",
    "日本語テキストの長い行",
    "مرحبا بالعالم",
    "हिन्दी வணக்கம்",
    "[/]",
    "[@click=app.approve]press me[/]",
    "[/some/path]",
    "[bold red]not markup[/bold red]",
    "$accent {variable} %s \\[escaped]",
    "first\nsecond\tthird\r\nfourth",
    "many\n" * 50,
    "x" * 10_000,
    "run-" + "9" * 10_000,
    "../../etc/passwd%00'\"`;--",
)
"""Each is stored as data where a store takes it, and must then be harmless on every screen."""

STORABLE: tuple[str, ...] = tuple(
    text
    for text in HOSTILE
    if "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
)
"""Those that plain columns take; the others travel only inside payloads."""
