"""The figures of the control law on the room model, as docs/climate.md shows them."""
