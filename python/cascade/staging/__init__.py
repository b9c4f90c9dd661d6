"""Make a scenario ready to be played: check it, open its chain, deploy its world and build its positions."""
