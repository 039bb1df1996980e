"""The history of the grant by year: what documents say about years, beside what the agreements here say."""
