"""Deploy the contracts of a checked scenario."""
