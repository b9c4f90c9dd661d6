"""Check that no token of a world has been created or lost."""

from __future__ import annotations

from eth_utils import to_checksum_address

from cascade.errors import AccountingViolation
from cascade.world.exchange_conservation import check_exchange_conservation
from cascade.world.world import World

__all__ = ["check_conservation"]


def check_conservation(world: World) -> None:
    """Check that each token's supply equals its holders' balances, and that pool and exchange hold what they owe.

    Raises
    ------
    AccountingViolation
        Naming the token and both figures.
    """
    chain = world.chain
    # Only actors and contracts ever receive tokens in a run. A recipient that the world does not know would make the
    # sum fall short, which is the point of the check.
    holders = sorted({*world.actors, *world.contract_names})
    if chain.keeps_own_time:
        # There anybody may receive some, whom the events name.
        known = {holder.lower() for holder in holders}
        holders += sorted(to_checksum_address(holder) for holder in world.balances.holders() - known)
    for symbol, token in world.tokens.items():
        held = sum(chain.call_in_chunks(world.lens, "balances", [token.address], each=holders))
        supply = chain.call(token, "totalSupply")
        if held != supply:
            raise AccountingViolation(f"{symbol}: total supply is {supply}, its holders have {held}")
    for symbol in world.a_tokens:
        token = world.tokens[symbol]
        holding = chain.call(token, "balanceOf", world.a_tokens[symbol].address)
        booked = chain.call(world.pool, "getVirtualUnderlyingBalance", token.address)
        # Tokens sent to the aToken by mistake are no deposit: Aave keeps a virtual balance, which the true one may
        # exceed.
        if holding < booked:
            raise AccountingViolation(f"a{symbol} holds {holding} {symbol}, the pool's books say {booked}")
    check_exchange_conservation(world)
