"""What a source profile is: the layout of one source's exports as data, checked when it is handed in."""

from services.grants.expenditure.profile.layout import Layout, SourceProfile, complete
from services.grants.expenditure.profile.sources import Fields, Source

__all__ = ["Fields", "Layout", "Source", "SourceProfile", "complete"]
