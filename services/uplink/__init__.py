"""The fleet's edge: what happens at this site, sent to the log of a fleet (docs/adr/0049)."""
