"""Speak to ape, web3 and anvil; no other room does."""
