"""Is each link of the chain necessary? Many seeds, then without one link, then with one remedy."""
