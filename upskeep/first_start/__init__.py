"""The configuration of a first start: what is there, what is chosen, and which lines of ``config/`` become others."""
