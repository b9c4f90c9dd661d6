"""Find the smallest value of a key at which a run meets a condition, and the smallest world that still meets it."""
