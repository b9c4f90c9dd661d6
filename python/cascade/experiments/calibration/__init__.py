"""Published figures of two events beside what runs give: what is an input, what is a target, and how far off it is."""
