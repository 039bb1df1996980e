"""The demonstration: the year 2017/18 entered over HTTP, as eight people and four finance systems would."""
