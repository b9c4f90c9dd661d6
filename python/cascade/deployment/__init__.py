"""From a checked scenario to deployed contracts."""
