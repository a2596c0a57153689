# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of HTML, taken apart strictly: its elements, their attributes, its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "input", "br", "link", "img"}  # HTML Living Standard 13.1.2, as far as we might use them


@dataclass
class Element:
    """One element. text: all that is written inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    @property
    def classes(self) -> list[str]:
        """Return the names of its classes."""
        return self.attributes.get("class", "").split()


@dataclass
class Page:
    """All elements in the order of their beginnings."""

    elements: list[Element] = field(default_factory=list)

    def of(self, tag: str, name: str = "") -> list[Element]:
        """Return the elements with a tag, and with a class if one is named."""
        return [each for each in self.elements if each.tag == tag and (not name or name in each.classes)]

    def by_id(self, name: str) -> Element:
        """Return the one element with an ID."""
        (found,) = [each for each in self.elements if each.attributes.get("id") == name]
        return found

    @property
    def skeleton(self) -> list[tuple[str, str]]:
        """Return what a browser would build, the words left out."""
        return [(each.tag, " ".join(sorted(each.attributes))) for each in self.elements]


def read_page(text: str) -> Page:
    """Return a page's elements; AssertionError where one is not closed by its own end tag, in its own place."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [], "elements left open"
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.page.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag, f"</{tag}> in the wrong place"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")
