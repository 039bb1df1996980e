"""The indicative budget: which lines carry the grant, under which headings, from which day."""
