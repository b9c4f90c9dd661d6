"""Is a crash endogenous? Many seeds, and the same scenario without leverage or liquidations."""
