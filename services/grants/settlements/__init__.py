"""Lines of a file that a person gives up, and what settled the others that did not enter the ledger."""
