// Python and bpviz on the reader's page: everything lies beside this file.
import { loadPyodide } from "./pyodide.mjs";

const here = new URL(".", import.meta.url).href;
const DRAW = `
import inspect
import bpviz

def drawn(code):
    space = {"__name__": "model"}
    try:
        exec(compile(code, "model.py", "exec"), space)
        models = [value for value in space.values() if inspect.isfunction(value) and value.__module__ == "model"]
        if not models:
            return "", "write a function whose parameters have values"
        drawing = bpviz.draw(space.get("main") if inspect.isfunction(space.get("main")) else models[-1], theme="auto")
        return drawing.to_svg(), "; ".join(drawing.notes) or repr(drawing)[1:-1]
    except ModuleNotFoundError as error:
        return "", f"this page has no module {error.name!r}; it draws functions of numbers, with Python's own math"
    except Exception as error:
        return "", f"{type(error).__name__}: {error}"
drawn
`;

async function start() {
  const pyodide = await loadPyodide({ indexURL: here });
  const archive = await (await fetch(here + "bpviz.zip")).arrayBuffer();
  pyodide.unpackArchive(archive, "zip");
  const numpy = await fetch(here + "pyodide-lock.json").then((reply) => reply.json()).then((lock) => lock.packages?.numpy?.file_name);
  if (numpy && (await fetch(here + numpy, { method: "HEAD" })).ok) await pyodide.loadPackage("numpy");
  return pyodide.runPython(DRAW);
}

for (const place of document.querySelectorAll(".playground")) {
  const [code, button, said, image] = ["textarea", "button", "output", "img"].map((name) => place.querySelector(name));
  const draw = (drawn) => {
    const result = drawn(code.value);
    const [svg, words] = result.toJs();
    result.destroy();
    said.textContent = words;
    image.hidden = !svg;
    if (!svg) return;
    URL.revokeObjectURL(image.src);
    // As an image it runs no script, whatever is in it.
    image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    image.alt = words;
  };
  start().then(
    (drawn) => {
      button.disabled = false;
      button.onclick = () => draw(drawn);
      code.onkeydown = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && draw(drawn);
      draw(drawn);
    },
    (error) => (said.textContent = `Python could not be loaded: ${error.message}`),
  );
}
