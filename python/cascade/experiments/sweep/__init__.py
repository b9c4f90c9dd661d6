"""Run a scenario over a grid or a sample of parameters and seeds; one row per run, in a dataset that resumes."""
