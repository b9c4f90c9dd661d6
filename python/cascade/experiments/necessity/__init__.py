"""Which links of a chain does a claim depend on? Many seeds, each link left out, and each remedy applied."""
