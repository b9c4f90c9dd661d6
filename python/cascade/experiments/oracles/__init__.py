"""How do oracle designs compare? Every design of a scenario, run on the same positions."""
