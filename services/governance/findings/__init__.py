"""Import findings: what an import met and did not repair; a person decides."""
