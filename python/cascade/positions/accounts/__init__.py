"""Accounts of a file: judged before anything is deployed, then built by their own transactions."""
