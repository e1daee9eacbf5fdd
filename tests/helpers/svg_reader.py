"""Read a finished SVG with all that its elements inherit written out, as a viewer resolves it.

A wire holds a group for each of its arrows. Here they are dissolved: every line, head and label gets the class of its
arrow, ``forward``, ``head forward``, ``forward value``, and every element its paint; the title of a link is that of its
part. Nothing of bpviz is used.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

__all__ = ["SVG", "read_svg"]

SVG = "{http://www.w3.org/2000/svg}"
PAINTS = ("fill", "stroke", "stroke-width", "font-style", "font-size", "text-anchor")
ARROWS = {"forward", "backward", "constant"}
TEXTS = {"operation": "symbol", "input": "name", "output": "name", "continues": "name", "continued": "name"}
SHORT = re.compile("^#(.)(.)(.)$")
NIGHT = re.compile(r"\bc\d+\b")
DRAWN = {f"{SVG}{name}" for name in ("path", "text", "circle", "rect")}


def read_svg(svg: str | bytes) -> ElementTree.Element:
    """Return the root of a figure in which nothing is inherited."""
    root = ElementTree.fromstring(svg)
    _spell(root, {})
    for part in root:
        if part.tag == f"{SVG}g":
            _name(part)
    return root


def _spell(element: ElementTree.Element, inherited: dict[str, str]) -> None:
    own = inherited | {key: element.attrib[key] for key in PAINTS if key in element.attrib}
    if element.tag in DRAWN:
        # Classes of colours by night say nothing of what an element is.
        own_class = NIGHT.sub("", element.attrib.pop("class", "")).strip()
        element.attrib |= {"class": own_class} if own_class else {}
        # White may be written as three digits.
        element.attrib |= {key: SHORT.sub(r"#\1\1\2\2\3\3", own[key]) for key in ("fill", "stroke") if key in own}
    for child in element:
        _spell(child, own)


def _name(part: ElementTree.Element) -> None:
    """Give every element of a part its class, and dissolve the groups of arrows."""
    classes = part.get("class", "").split()
    for link in part.findall(f"{SVG}a"):
        for title in link.findall(f"{SVG}title"):
            link.remove(title)
            part.insert(0, title)
    for parent in list(part.iter()):
        for group in [child for child in parent.findall(f"{SVG}g") if set(child.get("class", "").split()) & ARROWS]:
            arrow = next(name for name in group.get("class", "").split() if name in ARROWS)
            for element in group.iter():
                if element.tag in DRAWN:
                    element.set("class", _of_arrow(element, arrow))
            at = list(parent).index(group)
            parent.remove(group)
            for shift, child in enumerate(list(group)):
                parent.insert(at + shift, child)
    for element in part.iter():
        if element.tag in DRAWN and "class" not in element.attrib:
            texts = next((TEXTS[name] for name in classes if name in TEXTS), classes[-1] if classes else "")
            element.set("class", texts if element.tag == f"{SVG}text" else "shape")


def _of_arrow(element: ElementTree.Element, arrow: str) -> str:
    own = element.get("class", "")
    if element.tag == f"{SVG}text":
        return f"{own or arrow} value"
    if element.tag == f"{SVG}path" and not own:
        # Only a head has no line.
        return f"head {arrow}" if "stroke" not in element.attrib else arrow
    return own
