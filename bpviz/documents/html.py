"""Documents as HTML: one page with its figures inside, without scripts, and with nothing to load."""

from __future__ import annotations

from bpviz.documents.document import Block, Document, Heading, Lines, Paragraph, Picture, Table
from bpviz.errors import BpvizError
from bpviz.fingerprint import remarked
from bpviz.text.escaping import escaped

__all__ = ["fragment", "write"]

_STYLE = """\
.bpviz-page{color-scheme:light dark;color:#1a1a1a;background:#fff;font:16px/1.5 system-ui,sans-serif;
max-width:70rem;margin:0 auto;padding:1rem}
.bpviz-page .wide{margin:1rem 0;overflow-x:auto}
.bpviz-page table{border-collapse:collapse;margin:0}
.bpviz-page caption{text-align:left;padding:0 0 .4rem;font-weight:600}
.bpviz-page th,.bpviz-page td{text-align:left;font-variant-numeric:tabular-nums;
padding:.3rem .8rem;border:0 solid #999;border-bottom-width:1px;
background:none}
.bpviz-page thead th{border-bottom-width:2px}
.bpviz-page tbody th{font-weight:600}
.bpviz-page pre{margin:.5rem 0;padding:.5rem 1rem;border-left:3px solid #b84a00;background:none;overflow-x:auto}
.bpviz-page figure{margin:1rem 0;overflow-x:auto}
.bpviz-page figure svg{max-width:none}
.bpviz-page h2{margin:2rem 0 .5rem;font-size:1.25rem}
.bpviz-page h3{margin:1.2rem 0 .3rem;font-size:1.05rem}
@media (prefers-color-scheme:dark){.bpviz-page{color:#e6e6e6;background:#1e1e1e}
.bpviz-page pre{border-left-color:#e69f00}}
"""


def write(document: Document, mark: str = "") -> str:
    """Return the document as a whole page; ``mark`` is the fingerprint of its content (`bpviz.fingerprint`).

    >>> page = write(Document("y < 6", (Table("All", ("variable", "value"), (("x", "3"),)),)))
    >>> page[:15], "<title>y &lt; 6</title>" in page, '<th scope="row">x</th><td>3</td>' in page
    ('<!DOCTYPE html>', True, True)
    """
    # Before the figures, which have their own marks.
    remark = f"<!-- {remarked(mark)} -->\n" if mark else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escaped(document.lang)}">\n<head>\n<meta charset="utf-8">\n{remark}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(document.title)}</title>\n"
        "<style>body{margin:0}@media (prefers-color-scheme:dark){body{background:#1e1e1e}}</style>\n"
        f"</head>\n<body>\n{fragment(document)}</body>\n</html>\n"
    )


def fragment(document: Document) -> str:
    """Return the document as a part of another page, such as a notebook's."""
    body = "\n".join(_block(block) for block in document.blocks)
    title = f"<h1>{escaped(document.title)}</h1>" if document.title else ""
    return f'<article class="bpviz-page">\n<style>{_STYLE}</style>\n{title}\n{body}\n</article>\n'


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escaped(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p>{escaped(block.text)}</p>"
        case Lines():
            return "<pre>" + "\n".join(map(escaped, block.lines)) + "</pre>"
        case Table():
            head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in block.header)
            return (
                f'<div class="wide">\n<table>\n<caption>{escaped(block.caption)}</caption>\n'
                f"<thead><tr>{head}</tr></thead>\n<tbody>\n"
                + "\n".join(map(_row, block.rows))
                + "\n</tbody>\n</table>\n</div>"
            )
        case Picture():
            return _figure(block)
        case _:
            raise TypeError(f"Not a block of a document: {type(block).__name__}")


def _row(row: tuple[str, ...]) -> str:
    first, *rest = map(escaped, row)
    return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"


def _figure(picture: Picture) -> str:
    try:
        return f"<figure>\n{picture.svg()}</figure>"
    except BpvizError as error:
        # Too large to draw, or no engine: the text is still shown.
        return f"<p>{escaped(f'{picture.title} is not drawn: {error}.')}</p>"
