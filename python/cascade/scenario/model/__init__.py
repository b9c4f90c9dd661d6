"""What a scenario may say: every key, its unit, its default.

Amounts are in whole tokens and dollars as a person writes them; they become exact integers of smallest units once,
in `scenario.checks`, and are integers from then on.
"""

from cascade.scenario.model.agents import *
from cascade.scenario.model.assets import *
from cascade.scenario.model.chain import *
from cascade.scenario.model.common import *
from cascade.scenario.model.ethena import *
from cascade.scenario.model.exchange import *
from cascade.scenario.model.exchange_agents import *
from cascade.scenario.model.expected_exchange import *
from cascade.scenario.model.kinds import *
from cascade.scenario.model.lending import *
from cascade.scenario.model.necessity import *
from cascade.scenario.model.oracle import *
from cascade.scenario.model.positions import *
from cascade.scenario.model.scenario import *
from cascade.scenario.model.venues import *
