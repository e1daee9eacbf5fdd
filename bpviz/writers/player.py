"""A picture in steps, as a piece of HTML in which the reader moves with arrow keys and buttons.

The steps are radio buttons, so they work without a script. A small script adds buttons for the keyboard, and arrow keys
anywhere in the figure. On paper every step is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bpviz.figure import Step
from bpviz.picture.elements import Element, Path, Picture, Shape
from bpviz.picture.theme import Theme
from bpviz.text.escaping import escaped
from bpviz.text.language import Language
from bpviz.writers.following import PREFIX, DaysAndNights, followed, scoped
from bpviz.writers.motion import PALE, STRONG, moving
from bpviz.writers.svg import inherited, page

__all__ = ["half", "rules", "written"]


def written(picture: Picture, theme: Theme, steps: Sequence[Step], say: Language) -> str:
    """Return the player of a picture; ``say`` writes its words."""
    count = len(steps)
    size = (
        f'viewBox="0 0 {picture.width:g} {picture.height:g}" width="{picture.width:g}pt" height="{picture.height:g}pt"'
    )
    stages, across = [], _across(picture)
    for at, step in enumerate(steps):
        start, end = _reach(step, across)
        number = "" if step.numbered else say("Step {number} of {count}", number=at + 1, count=count)
        checked = " checked" if at == 0 else ""
        back, on = (
            f'<label for="{PREFIX}-at-{other}">{sign}</label>' if 0 <= other < count else f"<span>{sign}</span>"
            for other, sign in ((at - 1, "◀"), (at + 1, "▶"))
        )
        stages.append(
            f'<li style="--k:{at}"><input type="radio" name="{PREFIX}" id="{PREFIX}-at-{at}"{checked} '
            f'aria-label="{escaped(f"{number}: {step.sentence}" if number else step.sentence)}" '
            f'title="{escaped(number or step.sentence)}">\n'
            f'<div class="bpviz-stage"><div class="bpviz-walk" aria-hidden="true">{back}{on}</div>\n'
            f'<div class="bpviz-picture" style="{half(picture)}" data-from="{start:.4g}" data-to="{end:.4g}">'
            f'<svg {size} role="img" aria-label="{escaped(picture.description)}">'
            f'<use href="#{PREFIX}-drawing"/></svg></div>\n'
            f"<p>{f'<small>{escaped(number)}</small> ' if number else ''}{escaped(step.sentence)}</p></div></li>"
        )
    buttons = "".join(
        f'<button type="button" value="{by}" aria-label="{escaped(word)}">{sign}</button>'
        for by, word, sign in ((-1, say("Back"), "◀"), (1, say("Next"), "▶"))
    )
    return "\n".join(
        [
            '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>',
            *_drawing(picture, theme, steps),
            "</g></defs></svg>",
            '<p class="bpviz-said" role="status" aria-live="polite"></p>',
            # The form keeps the radio buttons of two equal figures on one page apart; it sends nothing.
            f'<form method="dialog"><ol>\n<li class="bpviz-buttons" hidden>{buttons}</li>',
            *stages,
            f"</ol></form>\n<script>{_SCRIPT}</script>\n",
        ]
    )


def half(picture: Picture) -> str:
    """Return a style with half the picture's width: a smaller picture could not be read."""
    return f"--half:{picture.width / 2:g}pt"


def _across(picture: Picture) -> dict[str, tuple[float, float]]:
    """Return the left and the right end of every box and wire, as shares of the picture's width."""
    places: dict[str, list[float]] = {}
    for part in picture.parts:
        across = [x / picture.width for element in part.elements for x in _edges(element)]
        if across:
            # It may have several parts, in several rows.
            places.setdefault(part.shows, []).extend(across)
    return {id: (min(across), max(across)) for id, across in places.items()}


def _edges(element: Element) -> Iterator[float]:
    if isinstance(element, Path):
        yield from (x for x, _ in element.points)
    elif isinstance(element, Shape):
        yield from (element.x - element.width / 2, element.x + element.width / 2)


def _reach(step: Step, across: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Return the left and the right end of what a step shows; of the whole picture if the step shows nothing new."""
    shown = [across[id] for id in (*step.boxes, *step.forward, *step.backward) if id in across]
    return min((start for start, _ in shown), default=0.0), max((end for _, end in shown), default=1.0)


def _drawing(picture: Picture, theme: Theme, steps: Sequence[Step]) -> list[str]:
    """Return the drawing that all steps share; each step shows it with its own step number."""

    looks = DaysAndNights(theme)
    # What is not drawn itself cannot be the end of a link.
    opening = f'<g class="bpviz" id="{PREFIX}-drawing" {inherited(looks.plain)}>'
    parts = moving(picture, steps, looks, _mark, linked=False)
    opening, *rest = followed([opening, page(picture, looks.plain), *parts], inline=True)
    return [scoped(opening), *rest]


def _mark(kind: str, at: tuple[int, ...], width: float) -> str:
    if kind == "turn":
        return f'class="turn" style="--s:{at[0]};--t:{at[1]}"'
    # A part that never appears stays hidden.
    first, last = (at[0], at[-1]) if at else (9999, 9999)
    again = f";--t:{last}" if last != first else ""
    return f'class="shown shown-{kind}" style="--s:{first}{again};--w:{width:g}"'


def rules(theme: Theme) -> str:
    """Return the style sheet; ``.P`` in it stands for the figure."""
    day, night = (look.strokes["backward"].colour for look in (theme, theme.dark or theme))
    accents = f".P{{--accent:{day}}}@media screen{{.P{{--accent:light-dark({day},{night})}}}}"
    return accents + _RULES.replace("PALE", f"{PALE}").replace("STRONG", f"{STRONG}")


# --k is the step, --s and --t the steps in which a part appears: --r grows from 0 to 1 when it appears, --e is 1
# while it appears.
_RULES = """
.P .shown{--r:clamp(0,var(--k) - var(--s) + 1,1);
--e:max(0,1 - max(var(--k) - var(--s),var(--s) - var(--k)),1 - max(var(--k) - var(--t,-9),var(--t,-9) - var(--k)));
stroke-width:calc(1px*var(--w)*(1 + (STRONG - 1)*var(--e)));transition:opacity .2s,stroke-width .2s}
.P .shown-words,.P .shown-backward{opacity:var(--r)}
.P .shown-forward,.P .shown-constant{opacity:calc(PALE + (1 - PALE)*var(--r))}
.P .turn{opacity:calc(clamp(0,var(--k) - var(--s) + 1,1)*clamp(0,var(--t) - var(--k) + 1,1))}
.P{width:auto;text-align:start}
.P ol{display:flex;flex-wrap:wrap;gap:.15em;margin:0;padding:0;list-style:none;align-items:center}
.P li{display:contents}
.P input{margin:.2em .1em;width:1em;height:1em;accent-color:var(--accent)}
.P .bpviz-stage{order:1;flex:1 0 100%;min-width:0}
.P input:not(:checked)+.bpviz-stage{display:none}
.P .bpviz-stage p{min-height:3em;margin:.5em 0 0;font-variant-numeric:tabular-nums}
.P .bpviz-stage small{opacity:.75;margin-right:.6em}
.P .bpviz-walk,.P .bpviz-buttons{display:flex;gap:.4em;margin:.3em .6em .3em 0}
.P .bpviz-buttons[hidden],.P .bpviz-buttons:not([hidden])~li .bpviz-walk{display:none}
.P label,.P .bpviz-walk span,.P button{font:inherit;line-height:1;padding:.4em .9em;border:1px solid;border-radius:.4em;
background:none;color:inherit;cursor:pointer;user-select:none}
.P .bpviz-walk span,.P button[aria-disabled=true]{opacity:.35;cursor:default}
.P :focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.P .bpviz-said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);margin:0}
@media (prefers-reduced-motion:reduce){.P .shown{transition:none}}
@media print{.P ol{display:block}.P li{display:block;break-inside:avoid}
.P input,.P .bpviz-walk,.P .bpviz-buttons{display:none}.P input:not(:checked)+.bpviz-stage{display:block}
.P .bpviz-stage p{min-height:0;margin-bottom:1em}.P .shown{transition:none}}
"""

# It contains no text of the model.
_SCRIPT = """
(() => {
  const figure = document.currentScript.closest("figure");
  const steps = [...figure.querySelectorAll("input")];
  const buttons = figure.querySelector(".bpviz-buttons"), said = figure.querySelector(".bpviz-said");
  const at = () => steps.findIndex(step => step.checked);
  const show = () => {
    // Not disabled: that would take the focus away, and with it the keys.
    for (const button of buttons.children) {
      button.setAttribute("aria-disabled", !steps[at() + Number(button.value)]);
    }
  };
  // A picture wider than its window moves from where it was to what the step shows.
  const picture = () => steps[at()].nextElementSibling.querySelector(".bpviz-picture");
  let left = 0;
  const look = () => {
    const now = picture(), from = now.dataset.from * now.scrollWidth, to = now.dataset.to * now.scrollWidth;
    now.scrollLeft = left;
    left = Math.max(0, Math.min((from + to - now.clientWidth) / 2, from - 24));
    now.scrollTo({left, behavior: matchMedia("(prefers-reduced-motion:reduce)").matches ? "instant" : "smooth"});
    show();
  };
  const go = to => {
    const step = steps[Math.max(0, Math.min(steps.length - 1, to))];
    left = picture().scrollLeft;
    step.checked = true;
    look();
    if (steps.includes(document.activeElement)) step.focus();
    else said.textContent = step.getAttribute("aria-label");
  };
  buttons.hidden = false;
  buttons.addEventListener("click", event => {
    const by = Number(event.target.value);
    if (by) go(at() + by);
  });
  figure.addEventListener("change", look);
  figure.addEventListener("keydown", event => {
    const to = {ArrowRight: at() + 1, ArrowLeft: at() - 1, Home: 0, End: steps.length - 1}[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(to);
  });
  show();
})();
"""
