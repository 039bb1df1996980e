"""Historical budgets: tables of other shapes taken in as printed, each printed sum beside its computed one (G-11)."""
