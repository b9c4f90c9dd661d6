"""The page that lists the runs of a folder."""
