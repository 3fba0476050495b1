"""What can be said about a Markdown text without understanding it: words, headings, links, telling sentences. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

SHORT_WORD = 4
"""Words up to this length say little about a text's subject."""


def words(text: str) -> list[str]:
    """Its words and numbers, in order."""
    return _WORD.findall(text)


def headings(text: str) -> list[str]:
    return _HEADING.findall(text)


def anchor(heading: str) -> str:
    """A heading as the part of a link behind ``#``."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def links(text: str) -> list[str]:
    """Targets of its links, in order."""
    return _LINK.findall(text)


def dangling_links(texts: Mapping[str, str]) -> list[str]:
    """``file: target`` for every relative link that leads to no file, or no heading, of these texts (by file name)."""
    anchors = {name: {anchor(heading) for heading in headings(text)} for name, text in texts.items()}
    found = []
    for name, text in texts.items():
        for target in links(text):
            if "://" in target:
                continue
            file, _, part = target.partition("#")
            file = file or name
            if file not in anchors or (part and part not in anchors[file]):
                found.append(f"{name}: {target}")
    return found


def sentences(text: str) -> list[str]:
    """Its sentences, each on one line, without headings and link targets."""
    prose = _LINK.sub(lambda link: link[0].partition("](")[0].lstrip("["), _HEADING.sub("", text))
    paragraphs = [" ".join(paragraph.split()) for paragraph in prose.split("\n\n")]
    return [sentence for paragraph in paragraphs if paragraph for sentence in _SENTENCE_END.split(paragraph)]


def telling_sentences(text: str, count: int) -> list[str]:
    """The ``count`` sentences with the most of the text's frequent words, in the order of the text. One that ends in a
    colon only leads on to others."""
    frequent = Counter(word.lower() for word in words(text) if len(word) > SHORT_WORD)

    def weight(sentence: str) -> float:
        own = [word.lower() for word in words(sentence)]
        return sum(frequent[word] for word in own) / (len(own) + 4)

    all_of_it = [sentence for sentence in sentences(text) if not sentence.endswith(":")]
    chosen = sorted(range(len(all_of_it)), key=lambda at: (-weight(all_of_it[at]), at))[:count]
    return [all_of_it[at] for at in sorted(chosen)]
