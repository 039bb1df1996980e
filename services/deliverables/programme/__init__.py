"""The promises of one agreement year: themes, deliverables, references, splits."""
