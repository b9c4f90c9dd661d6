"""Hold handles of what is deployed, and the names of everyone who has an address."""
