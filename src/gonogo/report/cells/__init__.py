"""One table and its formats: text, Markdown, CSV, LaTeX; how numbers are written."""
