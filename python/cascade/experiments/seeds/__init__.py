"""Compare a scenario with a change of it over many seeds, each seed drawn alike in both."""
