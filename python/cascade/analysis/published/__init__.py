"""Published figures of two events, and the figures of a run that are compared with them."""
