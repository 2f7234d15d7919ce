"""A toy service that keeps a journal of events: what a new service's own folder needs, and no more."""
