"""Market makers: where their orders stand, when they replace them, and when they take them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.agents.market_maker import MarketMaker
from cascade.chain.local import address_of
from cascade.observation import Balance, BookState
from cascade.scenario.model import MarketMakerSpec

from .exchange_views import ALT, USDC, WAD, SetUp, View, asked, at_margin, book_at, exchange, price

LADDER = {"levels": 2, "spread_bps": 100, "step_bps": 200, "bid_size": 100, "ask_size": 80}
PULLED_AT = "1.3"

Rungs = list[tuple[str, int]]


def maker(**keys: Any) -> tuple[MarketMaker, View]:
    """A maker of 1,000 ALT and 1,000 USDC after its set-up, and the view in which its first ladder stands."""
    inventory = keys.pop("inventory", {"ALT": 1_000, "USDC": 1_000})
    spec = MarketMakerSpec.model_validate(
        {
            "kind": "market-maker",
            "inventory": inventory,
            "ladders": {"alt": LADDER},
            "requote_bps": 100,
            "refill_blocks": 3,
            "return_blocks": 4,
            **keys,
        }
    )
    world = SetUp(exchange())
    world.enrol("makers-0", cohort="makers")
    agent = MarketMaker("makers-0", spec)
    agent.prepare(world.as_world)
    balances = {asset: Balance(world.minted[agent.address, asset], 0) for _, asset in world.minted}
    return agent, View(world, balances=balances, books={"alt": book_at("0.99", "1.01")})


def rungs(side: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(int(at), int(lots)) for at, lots in side]


def expected(side: Rungs) -> list[tuple[int, int]]:
    return [(price(at), lots) for at, lots in side]


def ladder_of(proposals: list[Proposal]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    (proposal,) = proposals
    assert (proposal.function, proposal.intent) == ("requote", "requote")
    assert proposal.sender == address_of("makers-0")
    bids, asks = proposal.arguments
    return rungs(bids), rungs(asks)


def test_set_up__pays_the_inventory_in__and_places_the_ladder_around_the_initial_price() -> None:
    agent, view = maker()
    world = view.world

    assert world.minted == {(agent.address, "ALT"): 1_000 * ALT, (agent.address, "USDC"): 1_000 * USDC}
    assert world.exchange.accounts == {agent.address: "makers"}
    ((bids, asks),) = world.sent_as("requote")
    assert rungs(bids) == expected([("0.99", 5_000), ("0.97", 5_000)])
    assert rungs(asks) == expected([("1.01", 4_000), ("1.03", 4_000)])


def test_set_up__borrows_and_pays_it_out__sells_the_contracts_within_a_per_cent_of_the_mark() -> None:
    agent, view = maker(borrowed=500, short_contracts={"alt-perp": 7})
    world = view.world
    world.enlist = lambda name, role: address_of(name)
    world.sent.clear()

    agent.open(world)

    assert [function for _, function, _ in world.sent] == ["borrow", "withdraw", "transfer", "tradePerp"]
    assert world.sent_as("borrow") == [(500 * USDC,)]
    assert world.sent_as("withdraw") == [(world.tokens["USDC"].address, 500 * USDC)]
    assert world.sent_as("transfer") == [(address_of("exchange-outside"), 500 * USDC)]
    assert world.sent_as("tradePerp")[0][:3] == (0, -7, 9_900_000)


@pytest.mark.parametrize("moved", ["0.9901", "1.0099", "1"])
def test_reference__moves_by_less_than_the_line__ladder_stays(moved: str) -> None:
    agent, view = maker()

    assert asked(agent, replace(view, step=50, references={"alt": price(moved) * 10**12})) == []


def test_reference__moves_by_the_line__ladder_follows_on_the_grid() -> None:
    agent, view = maker()

    # 0.98765: 0.99 and 0.97 of it are 0.9777735 and 0.9580205, rounded down; 1.01 and 1.03 of it 0.9975265 and
    # 1.0172795, rounded up.
    bids, asks = ladder_of(asked(agent, replace(view, references={"alt": 98_765 * 10**13})))

    assert bids == expected([("0.9777", 5_000), ("0.9580", 5_000)])
    assert asks == expected([("0.9976", 4_000), ("1.0173", 4_000)])
    assert asked(agent, replace(view, step=1, references={"alt": 98_765 * 10**13})) == []


@pytest.mark.parametrize(
    ("held", "best_bid"),
    # Half of the inventory too much: half of 400 of 10,000 off the middle, 0.98; its best bid is one per cent under it.
    [(1_500, "0.9702"), (2_000, "0.9504"), (9_000, "0.9504"), (0, "1.0296"), (500, "1.0098")],
)
def test_inventory__too_much_or_too_little__leans_against_it_up_to_the_skew(held: int, best_bid: str) -> None:
    agent, view = maker(skew_bps=400)
    balances = {"ALT": Balance(held * ALT, 0), "USDC": Balance(1_000 * USDC, 0)}

    bids, _ = ladder_of(asked(agent, replace(view, balances=balances)))

    assert bids[0] == (price(best_bid), 5_000)


def test_filled__ladder_replaced_after_refill_blocks() -> None:
    agent, view = maker()
    balances = {"ALT": Balance(1_001 * ALT, 0), "USDC": Balance(999 * USDC, 0)}
    hit = replace(view, balances=balances, step=2)

    assert asked(agent, hit) == []
    (proposal,) = asked(agent, replace(hit, step=3))
    assert proposal.reason == "traded against"
    assert ladder_of([proposal])[0] == expected([("0.99", 5_000), ("0.97", 5_000)])
    assert asked(agent, replace(hit, step=9)) == []


@pytest.mark.parametrize(
    "book", [book_at("0.9899", "1.01"), book_at("0.99", "1.0101"), book_at("0.99"), book_at(ask="1.01")]
)
def test_top_of_the_book__worse_than_the_maker_s_best__ladder_is_placed_again(book: BookState) -> None:
    agent, view = maker()
    lacking = replace(view, books={"alt": book})

    assert asked(agent, replace(lacking, step=2)) == []
    assert [proposal.reason for proposal in asked(agent, replace(lacking, step=3))] == ["incomplete"]


@pytest.mark.parametrize(("book", "again"), [(book_at("1.02", "1.04"), True), (book_at("0.96", "1.04"), False)])
def test_orders_of_others__in_the_way_of_a_new_ladder__it_is_placed_once_more(book: BookState, again: bool) -> None:
    agent, view = maker()
    moved = replace(view, references={"alt": 98 * WAD // 100}, books={"alt": book})
    assert len(asked(agent, moved)) == 1

    settled = replace(moved, step=3, books={"alt": book_at("0.9702", "0.9898")})

    assert len(asked(agent, settled)) == int(again)
    assert asked(agent, replace(settled, step=9)) == []


def test_cash__less_than_twice_the_need_of_bids__bids_cut_to_half_of_it() -> None:
    # Bids of 98 USDC, of which 50 may be locked: 5,000 lots x 50 / 98 = 2,551.02.
    _, view = maker(inventory={"ALT": 1_000, "USDC": 100})

    ((bids, asks),) = view.world.sent_as("requote")

    assert rungs(bids) == expected([("0.99", 2_551), ("0.97", 2_551)])
    assert rungs(asks) == expected([("1.01", 4_000), ("1.03", 4_000)])


def test_base__less_than_twice_the_need_of_asks__asks_cut_to_half_of_it() -> None:
    _, view = maker(inventory={"ALT": 40, "USDC": 1_000})

    ((_, asks),) = view.world.sent_as("requote")

    assert rungs(asks) == expected([("1.01", 1_000), ("1.03", 1_000)])


def test_cash__locked_for_the_most_part__new_bids_need_no_more_than_is_free() -> None:
    # The old bids could be filled before the new ones come, so 20 USDC are all there is.
    agent, view = maker()
    short = replace(view, balances={"ALT": Balance(1_000 * ALT, 0), "USDC": Balance(20 * USDC, 980 * USDC)})
    moved = {"alt": WAD - WAD // 100}

    bids, _ = ladder_of(asked(agent, replace(short, references=moved)))

    # At 0.99: 0.9801 and 0.9603, 97.02 USDC; 5,000 x 20 / 97.02 = 1,030.7.
    assert bids == expected([("0.9801", 1_030), ("0.9603", 1_030)])
    (again,) = asked(agent, replace(view, step=3, references=moved, books={"alt": book_at("0.9801", "0.9999")}))
    assert again.reason == "incomplete"
    assert ladder_of([again])[0] == expected([("0.9801", 5_000), ("0.9603", 5_000)])


def test_two_books__share_the_cash_in_proportion_to_their_needs() -> None:
    # Ladders of 100 and 300 tokens at 1 want 400 of 200 USDC, of which 100 may be locked: 25 and 75. The first bids
    # 5,000 x 25 / 98 = 1,275.5 lots a level, the second 15,000 x 75 / 294 = 3,826.5.
    _, view = maker(
        inventory={"ALT": 1_000, "BETH": 1_000, "USDC": 200},
        ladders={"alt": LADDER, "beth": {**LADDER, "bid_size": 300}},
    )

    (alt, _), (beth, _) = view.world.sent_as("requote")

    assert rungs(alt) == expected([("0.99", 1_275), ("0.97", 1_275)])
    assert rungs(beth) == expected([("0.99", 3_826), ("0.97", 3_826)])


def test_two_books_replaced_at_once__together_need_no_more_than_is_free() -> None:
    agent, view = maker(inventory={"ALT": 1_000, "BETH": 1_000, "USDC": 1_000}, ladders={"alt": LADDER, "beth": LADDER})
    short = {**view.balances, "USDC": Balance(120 * USDC, 880 * USDC)}
    moved = {"alt": WAD // 2, "beth": WAD // 2}

    proposals = asked(agent, replace(view, balances=short, references=moved, books={}))

    # At 0.5 a ladder's bids need 49 USDC: two are free. At 1 they need 98, and 22 are left for the second.
    assert [sum(lots for _, lots in p.arguments[0]) for p in proposals] == [10_000, 10_000]
    proposals = asked(agent, replace(view, step=1, balances=short, books={}))
    assert [sum(lots for _, lots in p.arguments[0]) for p in proposals] == [10_000, 2 * (5_000 * 22 // 98)]
    # The first was placed whole, the second was not.
    standing = {"alt": book_at("0.99", "1.01"), "beth": book_at("0.99", "1.01")}
    (again,) = asked(agent, replace(view, step=4, balances=short, books=standing))
    assert again.contract.address == view.world.exchange.books["beth"].contract.address


def test_two_books__the_first_short_of_base__the_second_is_whole() -> None:
    agent, view = maker(inventory={"ALT": 1_000, "BETH": 1_000, "USDC": 1_000}, ladders={"alt": LADDER, "beth": LADDER})
    short = {**view.balances, "ALT": Balance(10 * ALT, 990 * ALT)}
    moved = {"alt": 2 * WAD, "beth": 2 * WAD}

    alt, beth = asked(agent, replace(view, balances=short, references=moved, books={}))

    assert [sum(lots for _, lots in p.arguments[1]) for p in (alt, beth)] == [1_000, 8_000]
    standing = {"alt": book_at("1.98", "2.02"), "beth": book_at("1.98", "2.02")}
    (again,) = asked(agent, replace(view, step=3, balances=short, references=moved, books=standing))
    assert again.contract.address == alt.contract.address


def test_nothing_left__empty_ladder_is_sent_only_to_remove_one() -> None:
    agent, view = maker()
    nothing = replace(view, balances={"ALT": Balance(0, 0), "USDC": Balance(0, 0)})

    assert ladder_of(asked(agent, replace(nothing, references={"alt": WAD // 2}))) == ([], [])
    assert asked(agent, replace(nothing, step=1, references={"alt": WAD // 4})) == []


def test_no_spread__asks_stand_a_tick_over_bids() -> None:
    _, view = maker(ladders={"alt": {**LADDER, "levels": 1, "spread_bps": 0}})

    ((bids, asks),) = view.world.sent_as("requote")

    assert rungs(bids) == expected([("1", 10_000)])
    assert rungs(asks) == expected([("1.0001", 8_000)])


def test_margin__at_the_line__quotes_stay() -> None:
    agent, view = maker(pull_margin=1.3)

    assert asked(agent, replace(view, state=at_margin("1.3"))) == []


def test_margin__under_the_line__all_books_cancelled_once_and_quoted_again_after_the_delay() -> None:
    agent, view = maker(
        pull_margin=1.3, inventory={"ALT": 1_000, "BETH": 1_000, "USDC": 1_000}, ladders={"alt": LADDER, "beth": LADDER}
    )
    view.books["beth"] = view.books["alt"]
    low = replace(view, state=at_margin("1.2999"))

    first = asked(agent, replace(low, step=10))
    assert [(p.function, p.intent) for p in first] == [("cancelAll", "pull")] * 2
    assert {p.contract.address for p in first} == {b.contract.address for b in view.world.exchange.books.values()}
    assert asked(agent, replace(low, step=11)) == []
    # Gone since step 12: back once it was gone at four sights, the fourth being step 15.
    for step in (12, 13, 14):
        assert asked(agent, replace(view, step=step)) == []
    assert [p.function for p in asked(agent, replace(view, step=15))] == ["requote"] * 2


@pytest.mark.parametrize(
    ("book", "pulls"),
    [
        (book_at("0.85", "1.01", last="0.8999"), True),
        (book_at("0.85", "1.01", last="0.9"), False),
        # A bid over the last price says what the price is now; so does an ask under it.
        (book_at("0.95", "1.01", last="0.5"), False),
        (book_at("0.85", "0.8999", last="1"), True),
        (book_at(), False),
    ],
)
def test_price__far_enough_under_the_reference__cancels_quotes_of_that_book(book: BookState, pulls: bool) -> None:
    agent, view = maker(pull_fall_bps=1_000, ladders={"alt": LADDER, "beth": LADDER})
    books = {"alt": book, "beth": book_at("0.99", "1.01", last="1")}

    proposals = asked(agent, replace(view, books=books, step=1))

    assert [p.function for p in proposals] == ["cancelAll"] * int(pulls)
    assert all(p.contract.address == view.world.exchange.books["alt"].contract.address for p in proposals)


def test_obligated_maker__quotes_its_share_while_others_pull_until_liquidated() -> None:
    agent, view = maker(pull_margin=1.3, obligation={"share_bps": 3_000})
    low = replace(view, state=at_margin("1.1", level=2))

    bids, asks = ladder_of(asked(agent, low))
    assert bids == expected([("0.99", 1_500), ("0.97", 1_500)])
    assert asks == expected([("1.01", 1_200), ("1.03", 1_200)])
    assert asked(agent, replace(low, step=1)) == []
    assert asked(agent, replace(low, step=2, state=at_margin("0.99", level=3))) == []


def test_liquidated__proposes_nothing_while_frozen_and_returns_after_the_usual_delay() -> None:
    agent, view = maker()
    assert asked(agent, replace(view, step=5, state=at_margin("0.99", level=3))) == []
    # The engine has sold some: over the line, but not yet let go.
    moved = replace(view, references={"alt": WAD // 2})
    assert asked(agent, replace(moved, step=6, state=at_margin("1.15", level=1), frozen=True)) == []
    assert asked(agent, replace(moved, step=7)) == []
    assert asked(agent, replace(moved, step=9)) == []

    assert [p.reason for p in asked(agent, replace(moved, step=10))] == ["no ladder"]


def test_frozen_watch__asks_the_vault_only_after_a_liquidation_began() -> None:
    agent, view = maker()

    # Never liquidatable: what the vault would say is not looked at.
    assert len(asked(agent, replace(view, references={"alt": WAD // 2}, frozen=True))) == 1


def test_set_up__scale__is_a_factor_of_inventory_debt_contracts_and_ladders() -> None:
    agent, view = maker(scale=2.5, borrowed=500, short_contracts={"alt-perp": 7})
    world = view.world
    world.enlist = lambda name, role: address_of(name)
    agent.open(world)

    assert world.minted == {(agent.address, "ALT"): 2_500 * ALT, (agent.address, "USDC"): 2_500 * USDC}
    ((bids, asks),) = world.sent_as("requote")
    assert rungs(bids) == expected([("0.99", 12_500), ("0.97", 12_500)])
    assert rungs(asks) == expected([("1.01", 10_000), ("1.03", 10_000)])
    assert world.sent_as("borrow") == [(1_250 * USDC,)]
    # 17.5 contracts: a part of one cannot be sold.
    assert world.sent_as("tradePerp")[0][:2] == (0, -17)
