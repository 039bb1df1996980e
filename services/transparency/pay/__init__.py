"""Pay runs and the pay multiple: highest taxable earnings divided by median earnings (T-38 to T-41)."""
