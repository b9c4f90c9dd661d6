"""What a run leaves behind: rows collected from the chain, written as tables by a declared schema."""
