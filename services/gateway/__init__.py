"""Web console, REST, metrics and Home Assistant discovery; not built yet."""
