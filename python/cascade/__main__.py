"""Run the console command as `python -m cascade`, where its script is not on the path."""

from __future__ import annotations

from cascade.commands.console import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
