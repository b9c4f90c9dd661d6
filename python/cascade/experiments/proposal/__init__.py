"""A proposal as a pair of configuration snapshots: what it changes, and what the change does in a run."""
