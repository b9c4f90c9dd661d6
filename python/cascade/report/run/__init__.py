"""The report of one run: words, datasets, charts, page and terminal, from its tables, summary and manifest."""
