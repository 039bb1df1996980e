"""The four independent services. They meet only through `shared.events` and the bus."""
