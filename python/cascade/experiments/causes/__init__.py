"""Causes of a fall by further runs of the same seed, with classes of actor switched off."""
