"""Estimate the probability of a rare outcome by subset simulation."""
