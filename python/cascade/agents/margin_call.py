"""The state of a whale between its blocks: a margin call that it works on, and its own decision to leave."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

import numpy as np

from cascade.agents.interface import Proposal
from cascade.agents.unwinding import Sale, unwind_tranche
from cascade.observation import BlockView, PositionState
from cascade.scenario.model import DeskWhaleSpec, WhaleSpec
from cascade.scenario.streams import draw
from cascade.units import WAD
from cascade.vocabulary import Motive

__all__ = ["CallResponse", "Course"]


class Course(Enum):
    """What a whale sells its loop for in a block."""

    WAIT = auto()
    """It sells nothing: no call stands, or the reaction time is not over."""
    RAISE = auto()
    """It raises the cash that the call asks for and that it lacks."""
    LEAVE = auto()
    """It sells everything, by its own decision."""
    GIVE_UP = auto()
    """It sells everything, because a call has failed."""


class CallResponse:
    """Decide between waiting, raising cash for a call, and selling everything; remember the call between blocks.

    Both reaction times are drawn at the start, in blocks, so that the random stream does not depend on the run.

    Attributes
    ----------
    is_called, has_given_up : bool
        Whether a call stands that the whale works on, and whether a call has failed.
    """

    def __init__(self, spec: WhaleSpec | DeskWhaleSpec, rng: np.random.Generator) -> None:
        self._spec = spec
        self._call_delay, self._leave_delay = (int(x) for x in rng.integers(0, spec.reaction_blocks + 1, size=2))
        self._leave_below_wad = round(draw(spec.leave_below, 1, rng)[0] * WAD) if spec.leave_below else 0
        self._start_raw = 0
        self._called_at: int | None = None
        self._leaves_at: int | None = None
        self.has_given_up = False

    @property
    def is_called(self) -> bool:
        """Return whether a call stands."""
        return self._called_at is not None

    def call(self, step: int) -> None:
        """Remember the step at which the call was seen."""
        self._called_at = step

    def cure(self) -> None:
        """End the call."""
        self._called_at = None

    def give_up(self) -> None:
        """Sell everything from now on."""
        self.has_given_up = True

    def answers(self, step: int) -> bool:
        """Return whether it works on a call at a step: the reaction time is over, and the call has not failed."""
        return not self.has_given_up and self._called_at is not None and step >= self._called_at + self._call_delay

    def course(self, step: int, price_wad: int) -> Course:
        """Return what to sell for at a step, by the pool's price."""
        # The decision to leave is final: a price that recovers during the reaction time does not undo it.
        if self._leaves_at is None and price_wad < self._leave_below_wad:
            self._leaves_at = step + self._leave_delay
        if self.has_given_up:
            return Course.GIVE_UP
        if self._leaves_at is not None and step >= self._leaves_at:
            return Course.LEAVE
        return Course.RAISE if self.answers(step) else Course.WAIT

    def tranche(
        self,
        view: BlockView,
        loop: PositionState,
        sale: Sale | None,
        *,
        course: Course,
        lacks_raw: int,
        price_wad: int,
        called: str,
    ) -> Sequence[Proposal]:
        """Return the next tranche to unwind, if any.

        Parameters
        ----------
        lacks_raw : int
            Cash that the call asks for beyond what is at hand, in smallest units. A whale that leaves or gives up
            sells whole tranches regardless.
        called : str
            Reason to record for a sale that answers a call.
        """
        # Tranches are shares of the first collateral that was seen, so that they do not shrink with the loop.
        self._start_raw = self._start_raw or loop.collateral_raw
        if sale is None or course is Course.WAIT or (course is Course.RAISE and lacks_raw <= 0):
            return []
        why = {Course.RAISE: called, Course.LEAVE: "leaves", Course.GIVE_UP: "gives up"}[course]
        return unwind_tranche(
            view,
            self._spec,
            sale,
            start_raw=self._start_raw,
            wanted_raw=lacks_raw if course is Course.RAISE else None,
            price_wad=price_wad,
            why=why,
            # A whale gives up because a call failed: only leaving is its own decision.
            motive=Motive.LEAVING if course is Course.LEAVE else Motive.MARGIN_CALL,
        )
