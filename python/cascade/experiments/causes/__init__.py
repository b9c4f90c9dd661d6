"""Causes of a fall: further runs of the same seed, with classes of actor switched off."""
