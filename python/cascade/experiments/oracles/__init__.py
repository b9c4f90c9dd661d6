"""Every oracle design of a scenario, run on the same positions: outcomes, words, terminal and page."""
