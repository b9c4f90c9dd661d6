"""The only room that speaks to ape, web3 and anvil."""
