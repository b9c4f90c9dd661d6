"""What is deployed where: handles of contracts, and the names of everyone who holds an address."""
