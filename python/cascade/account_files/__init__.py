"""Files of real accounts: read into typed holdings, whichever layout they were exported in.

`read_accounts` is the one function that other rooms need; docs/POSITIONS.md describes the layouts.
"""

from cascade.account_files.accounts import Account, AccountFile, Holding, canonical_text
from cascade.account_files.layouts import LAYOUTS, FileLayout
from cascade.account_files.read import ReadOptions, parse_canonical, read_accounts

__all__ = [
    "LAYOUTS",
    "Account",
    "AccountFile",
    "FileLayout",
    "Holding",
    "ReadOptions",
    "canonical_text",
    "parse_canonical",
    "read_accounts",
]
