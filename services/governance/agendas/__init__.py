"""Agendas: items, open reports, restrictions, published versions, packs and supplements. Public content only."""
