"""Find and set up the tools that are no Python packages."""
