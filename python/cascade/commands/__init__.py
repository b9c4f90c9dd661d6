"""What each script calls: run an experiment, print what it found, and return an exit code."""
