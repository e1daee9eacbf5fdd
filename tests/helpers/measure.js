// Measures every figure of the page with the browser's own geometry and leaves the result in the document as JSON.
// All coordinates come back in the root's user units (the viewBox), whatever transforms lie between.
"use strict";

const STEP = 1.5; // a line is sampled this often, in user units
const STRAIGHT = 0.02; // samples off a straight run by less than this are dropped
const HIDDEN = "defs, clipPath, mask, symbol, marker, pattern";
const pen = document.createElement("canvas").getContext("2d");

function measureFigure(root) {
  const owners = [...root.querySelectorAll("g.node, g.wire, g.frame")];
  const figure = { texts: [], shapes: [], lines: [], heads: [], frames: [], cells: [] };
  const view = root.viewBox.baseVal;
  figure.view = [view.x, view.y, view.x + view.width, view.y + view.height];
  const toRoot = root.getScreenCTM().inverse();

  for (const element of root.querySelectorAll("text, circle, rect, ellipse, path, line, polyline, polygon")) {
    if (element.closest(HIDDEN) || element.classList.contains("background") || !visible(element)) continue;
    const group = element.closest("g.node, g.wire, g.frame");
    const style = getComputedStyle(element);
    const matrix = toRoot.multiply(element.getScreenCTM());
    const scale = Math.hypot(matrix.a, matrix.b);
    const half = style.stroke === "none" ? 0 : (parseFloat(style.strokeWidth) / 2) * scale;
    const common = { owner: owners.indexOf(group), kind: kindOf(element, style), half };

    if (element.localName === "text") {
      figure.texts.push({ ...common, content: element.textContent.trim(), boxes: inkBoxes(element, matrix) });
    } else if (element.classList.contains("cell")) {
      figure.cells.push({ ...common, box: boxOf(element.getBBox(), matrix) });
    } else if (element.classList.contains("mark")) {
      // Around a marked text (a border that no other text may cross), or a cross in a cell (part of that cell).
      if (element.localName !== "path") figure.frames.push({ ...common, box: boxOf(element.getBBox(), matrix) });
    } else if (group && group.classList.contains("frame")) {
      figure.frames.push({ ...common, box: boxOf(element.getBBox(), matrix) });
    } else if (common.kind === "shape") {
      figure.shapes.push({ ...common, box: boxOf(element.getBBox(), matrix), radius: cornerRadius(element) * scale });
    } else if (common.kind.startsWith("head")) {
      figure.heads.push(...runs(element, matrix, 0.5, true).map((points) => ({ ...common, points })));
    } else if (style.stroke !== "none" && element.localName !== "rect") {
      figure.lines.push(...runs(element, matrix, STEP, false).map((points) => ({ ...common, points })));
    }
  }
  figure.owners = owners.map((group) => {
    const title = group.querySelector("title");
    return [group.getAttribute("class"), title ? title.textContent.trim() : ""];
  });
  return figure;
}

// What an element is: by its class, or within an arrow or a node by what it looks like.
function kindOf(element, style) {
  const arrow = element.closest("g.forward, g.backward, g.constant:not(.wire, .node)");
  const own = element.getAttribute("class") ?? "";
  if (!arrow) {
    const outline = element.closest("g.node, g.frame") && element.localName !== "text";
    return own || (outline ? "shape" : element.localName);
  }
  const direction = ["forward", "backward", "constant"].find((name) => arrow.classList.contains(name));
  if (element.localName === "text") return `${own || direction} value`;
  if (element.localName !== "path" || own) return own || element.localName;
  return style.stroke === "none" ? `head ${direction}` : direction;
}

// A text under `display="none"` has no boxes, yet checkVisibility alone calls it visible.
function visible(element) {
  return element.getClientRects().length > 0 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

function cornerRadius(element) {
  if (element.localName === "circle") return element.r.baseVal.value;
  return element.localName === "rect" ? element.rx.baseVal.value : 0;
}

function boxOf(box, matrix) {
  const corners = [];
  for (const x of [box.x, box.x + box.width])
    for (const y of [box.y, box.y + box.height]) corners.push(new DOMPoint(x, y).matrixTransform(matrix));
  const xs = corners.map((point) => point.x);
  const ys = corners.map((point) => point.y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

// One box for each piece of the text that has its own baseline or font. Across it is the advance of its characters;
// upright it is the ink of its very glyphs (canvas metrics of the computed font), for the browser's own box reaches
// from ascent to descent: 3 to 4 units of blank above and below a digit, which no reader sees as part of it.
function inkBoxes(text, matrix) {
  const characters = collapsed(text);
  if (characters.length !== text.getNumberOfChars()) return [boxOf(text.getBBox(), matrix)];
  const pieces = [];
  characters.forEach(([character, parent], index) => {
    const start = text.getStartPositionOfChar(index);
    const end = text.getEndPositionOfChar(index);
    const last = pieces[pieces.length - 1];
    if (last && last.parent === parent && Math.abs(last.y - start.y) < 0.01 && Math.abs(last.right - start.x) < 0.5) {
      last.content += character;
      last.right = Math.max(end.x, start.x);
    } else {
      pieces.push({ parent, content: character, y: start.y, left: start.x, right: Math.max(end.x, start.x) });
    }
  });
  return pieces
    .filter((piece) => piece.content.trim())
    .map((piece) => {
      const [above, below] = ink(piece.content, getComputedStyle(piece.parent));
      const box = { x: piece.left, y: piece.y - above, width: piece.right - piece.left, height: above + below };
      return boxOf(box, matrix);
    });
}

function ink(content, style) {
  const enlarged = 16; // canvas metrics are rounded to whole pixels on some systems
  const size = parseFloat(style.fontSize) * enlarged;
  pen.font = `${style.fontStyle} ${style.fontWeight} ${size}px ${style.fontFamily}`;
  const metrics = pen.measureText(content);
  return [metrics.actualBoundingBoxAscent / enlarged, metrics.actualBoundingBoxDescent / enlarged];
}

// The characters that the browser lays out, each with its element: white space collapsed as XML text is by default.
function collapsed(text) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const preserve = text.getAttribute("xml:space") === "preserve";
  const characters = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("title, desc")) continue;
    for (const unit of walker.currentNode.data.split("")) {
      const blank = /[ \t\r\n]/.test(unit);
      const afterBlank = !characters.length || characters[characters.length - 1][0] === " ";
      if (preserve || !blank) characters.push([unit, parent]);
      else if (!afterBlank) characters.push([" ", parent]);
    }
  }
  while (!preserve && characters.length && characters[characters.length - 1][0] === " ") characters.pop();
  return characters;
}

// The outline as polylines (flat lists x, y, x, y …), one for each subpath, straight runs reduced to their ends.
function runs(element, matrix, step, closed) {
  const length = element.getTotalLength();
  const count = Math.max(1, Math.ceil(length / step));
  const pieces = [[]];
  let before = null;
  for (let index = 0; index <= count; index++) {
    const point = element.getPointAtLength((length * index) / count);
    // Samples lie at most one step apart along the line: farther apart means that the pen was lifted.
    if (before && Math.hypot(point.x - before.x, point.y - before.y) > (length / count) * 1.01 + 0.01) pieces.push([]);
    before = point;
    pieces[pieces.length - 1].push(point.matrixTransform(matrix));
  }
  return pieces.filter((points) => points.length > 1).map((points) => reduced(closed ? [...points, points[0]] : points));
}

function reduced(points) {
  const kept = [points[0]];
  let corner = points[0];
  let direction = null;
  for (let index = 1; index < points.length; index++) {
    const across = points[index].x - corner.x;
    const up = points[index].y - corner.y;
    const off = direction ? Math.abs(across * direction[1] - up * direction[0]) : 0;
    const backwards = direction ? across * direction[0] + up * direction[1] < 0 : false;
    if (direction && (off > STRAIGHT || backwards)) {
      corner = points[index - 1];
      kept.push(corner);
      direction = null;
    }
    if (!direction) {
      const distance = Math.hypot(points[index].x - corner.x, points[index].y - corner.y);
      if (distance > 1e-9) direction = [(points[index].x - corner.x) / distance, (points[index].y - corner.y) / distance];
    }
  }
  kept.push(points[points.length - 1]);
  return kept.flatMap((point) => [rounded(point.x), rounded(point.y)]);
}

function rounded(number) {
  return Math.round(number * 1000) / 1000;
}

// Every figure stands in a shadow root of its own, so that the styles and ids of one cannot reach another.
function main() {
  const sources = JSON.parse(document.getElementById("sources").textContent);
  const result = {};
  for (const [name, source] of Object.entries(sources)) {
    try {
      const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
      if (parsed.querySelector("parsererror")) throw new Error(parsed.querySelector("parsererror").textContent);
      const host = document.body.appendChild(document.createElement("div"));
      const root = host.attachShadow({ mode: "open" }).appendChild(document.importNode(parsed.documentElement, true));
      result[name] = measureFigure(root);
      host.remove();
    } catch (error) {
      result[name] = { error: String(error) };
    }
  }
  // Plain ASCII without markup survives every way a browser may print a document.
  const escape = (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0");
  const answer = JSON.stringify(result).replace(/[<>&\u007f-\uffff]/g, escape);
  document.documentElement.innerHTML = `<body><pre id="result">${answer}</pre></body>`;
}

main();
