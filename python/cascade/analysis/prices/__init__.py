"""Prices of a run by asset, source and block: the price book, troughs and falls."""
