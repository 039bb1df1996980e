"""What the owners' ledgers hold, as their events tell it: lines, and the totals they state."""
