"""The commands behind the scripts: each runs something, prints the result, and ends with an exit code.

A script imports its command inside its function: `ape run` imports every script, whichever of them is called, and the
harness is slow to load.
"""
