"""Read and check the scenario file, before anything is started."""
