"""A chain of others: transactions are signed, paid for, and mined when the chain mines them."""
