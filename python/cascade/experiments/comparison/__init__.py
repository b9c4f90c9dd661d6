"""A scenario and a change of it, run on the same positions: outcomes, words, Markdown, terminal and page."""
