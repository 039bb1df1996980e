"""Open papers under agenda items, their states and sign-off."""
