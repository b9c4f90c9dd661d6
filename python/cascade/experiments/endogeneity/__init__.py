"""Is a crash endogenous? Many seeds, runs without leverage and without liquidations, and other parameter values."""
