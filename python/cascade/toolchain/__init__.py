"""The tools that are no Python packages: where they are, and how they are set up."""
