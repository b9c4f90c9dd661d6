"""Documents that set published figures beside those of runs: the calibration, and a walk through October."""
