"""``make docs``: the generated pages."""
