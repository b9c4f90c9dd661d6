"""One run on disk: its inputs, its folder, opening it again, and judging it against the claims of its scenario."""
