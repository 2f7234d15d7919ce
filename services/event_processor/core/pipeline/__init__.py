"""The way of an event, from what came in to what leaves: ``stages.STAGES`` is the list."""
