"""Whole documents: the HTML page, Markdown, the console, and writing them."""
