"""Lending: what was liquidated, who paid, what is short, and whether every liquidation adds up."""
