"""What a stranger gets: the catalogue, the feed of changes, the data dictionary, quality cards, pages for people."""
