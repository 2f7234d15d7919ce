"""``make bench``: what the suite costs on this machine."""
