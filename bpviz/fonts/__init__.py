"""The bundled font and its measures."""
