"""What goes into a run: the scenario file, read and checked before anything is started."""
