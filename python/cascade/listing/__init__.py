"""Configuration snapshots of an Aave market, as the tooling of its governance writes them before and after a proposal.

This room reads the files and finds what differs; `scenario.listing` turns a snapshot into the lending lines of a run.
"""
