"""Variations: changes of money, targets, scope or dates that both parties agree, and virements between budget lines."""
