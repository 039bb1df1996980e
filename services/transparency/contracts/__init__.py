"""The contracts register: contracts with every version, files that fill it, and how it is published."""
