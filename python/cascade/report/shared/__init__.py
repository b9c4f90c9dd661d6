"""What every page shares: figures as text, datasets, chart style, Markdown and the document around it."""
