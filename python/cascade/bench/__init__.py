"""Speed, as ratios from one run: `make bench`; and where the time of one run goes: `make profile`."""
