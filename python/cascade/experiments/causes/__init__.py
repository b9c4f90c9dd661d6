"""What causes a fall? Further runs of the same seed, with classes of actor switched off."""
