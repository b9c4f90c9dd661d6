"""Parts that every page, post and terminal shares: figures as text, colours, chart style, tables and documents."""
