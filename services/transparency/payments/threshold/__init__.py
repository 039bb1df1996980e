"""The dataset of payments over £30,000 under one contract, made from the spend edition in force (T-61)."""
