"""One run on disk: written, opened, verified, and held against what its scenario expects."""
