"""Every table of a run, declared as one class of rows per table.

The schema, the files and `docs/TABLES.md` follow from the classes.
"""

from cascade.recording.tables.accounts import *
from cascade.recording.tables.chain import *
from cascade.recording.tables.derived import *
from cascade.recording.tables.exchange import *
from cascade.recording.tables.lending import *
from cascade.recording.tables.row import *
