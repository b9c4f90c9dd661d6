"""Which tests have to find a fault in which contract: those that are about it, the quickest first."""

from __future__ import annotations

_BOOK = [
    "contracts/test_spot_book_boundaries.py",
    "contracts/test_spot_book.py",
    "contracts/test_market_orders.py",
    "properties/test_spot_book_reference.py",
]
_MARGIN = [
    "contracts/test_margin_boundaries.py",
    "contracts/test_margin_small_amounts.py",
    "contracts/test_unified_margin.py",
    "contracts/test_margin_liquidation.py",
]
_ETHENA = ["contracts/test_ethena_minting.py"]
_ORACLE = ["contracts/test_oracle_boundaries.py", "contracts/test_oracle_sources.py"]
_LENS = ["contracts/test_lens_boundaries.py", "contracts/test_lens.py"]

TARGETS: dict[str, list[str]] = {
    "exchange/BookPrices.sol": ["contracts/test_book_prices_boundaries.py", *_BOOK],
    "exchange/DebtIndex.sol": ["contracts/test_loan_desk_boundaries.py", "contracts/test_loan_desk.py", *_MARGIN],
    "exchange/ExchangeVault.sol": ["contracts/test_exchange_vault.py", "contracts/test_spot_book.py"],
    "exchange/LoanDesk.sol": ["contracts/test_loan_desk_boundaries.py", "contracts/test_loan_desk.py"],
    "exchange/MarginAccounts.sol": _MARGIN,
    "exchange/MarginState.sol": _MARGIN,
    "exchange/OrderQueues.sol": _BOOK,
    "exchange/PerpMarkets.sol": _MARGIN,
    "exchange/SpotBook.sol": [*_BOOK, "contracts/test_loan_desk_boundaries.py"],
    "exchange/TickTree.sol": _BOOK,
    "exchange/Tiers.sol": _MARGIN,
    "exchange/UnifiedMargin.sol": _MARGIN,
    "oracle/AmmSpotFeed.sol": _ORACLE,
    "oracle/CappedFeed.sol": _ORACLE,
    "oracle/DelayedFeed.sol": _ORACLE,
    "oracle/DerivedFeed.sol": _ORACLE,
    "oracle/ExchangeIndexFeed.sol": ["contracts/test_oracle_boundaries.py", "contracts/test_loan_desk.py"],
    "oracle/FreshnessGuard.sol": _ORACLE,
    "oracle/MedianFeed.sol": _ORACLE,
    "oracle/PeggedFeed.sol": _ORACLE,
    "oracle/PostedPriceFeed.sol": ["contracts/test_price_oracle.py", *_ORACLE],
    "oracle/PriceOracle.sol": ["contracts/test_price_oracle.py"],
    "oracle/RatioFeed.sol": _ORACLE,
    "oracle/TimeWeightedFeed.sol": _ORACLE,
    "oracle/VaultRateFeed.sol": _ORACLE,
    "ethena/EthenaMinting.sol": _ETHENA,
    "ethena/HedgedReserve.sol": ["contracts/test_hedged_reserve.py"],
    "ethena/MintingAdministration.sol": _ETHENA,
    "ethena/StakedUSDe.sol": ["contracts/test_staked_usde.py"],
    "ethena/USDe.sol": ["contracts/test_usde.py"],
    "ethena/USDeSilo.sol": ["contracts/test_staked_usde.py"],
    "periphery/Deleverager.sol": ["contracts/test_deleverager.py"],
    "periphery/ExchangeEngine.sol": ["contracts/test_exchange_engine.py"],
    "periphery/ExchangeLens.sol": ["contracts/test_exchange_lens.py", *_MARGIN],
    "periphery/ExitVenue.sol": ["contracts/test_router.py", "contracts/test_liquidator.py"],
    "periphery/LendingLens.sol": _LENS,
    "periphery/LiquidationPreview.sol": [*_LENS, "contracts/test_liquidator.py"],
    "periphery/Liquidator.sol": ["contracts/test_liquidator.py"],
    "periphery/MarketLens.sol": _LENS,
    "periphery/PairAccounts.sol": _LENS,
    "periphery/Router.sol": ["contracts/test_router.py"],
}
"""By file under `contracts/`, test files under `tests/`."""
