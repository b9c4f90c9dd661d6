"""What does a change of a scenario bring about? Baseline and change, run on the same positions, side by side."""
