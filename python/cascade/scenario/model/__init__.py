"""The keys of a scenario, with their units and defaults.

Amounts are whole tokens and dollars, exactly as a person writes them. `scenario.checks` verifies that each is a whole
number of smallest units; whatever is computed from them uses those integers.
"""

from cascade.scenario.model.agents import *
from cascade.scenario.model.assets import *
from cascade.scenario.model.chain import *
from cascade.scenario.model.common import *
from cascade.scenario.model.drawn import *
from cascade.scenario.model.ethena import *
from cascade.scenario.model.events import *
from cascade.scenario.model.exchange import *
from cascade.scenario.model.exchange_agents import *
from cascade.scenario.model.exchange_traders import *
from cascade.scenario.model.expected_exchange import *
from cascade.scenario.model.kinds import *
from cascade.scenario.model.lending import *
from cascade.scenario.model.lending_agents import *
from cascade.scenario.model.market_agents import *
from cascade.scenario.model.necessity import *
from cascade.scenario.model.oracle import *
from cascade.scenario.model.own_contract import *
from cascade.scenario.model.positions import *
from cascade.scenario.model.scenario import *
from cascade.scenario.model.tail import *
from cascade.scenario.model.venues import *
from cascade.scenario.model.verdicts import *
