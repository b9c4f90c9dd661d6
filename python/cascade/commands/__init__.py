"""The commands behind the scripts: each runs something, prints the result, and ends with an exit code."""
