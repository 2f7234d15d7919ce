"""A UPS as Network UPS Tools (NUT) shows it: the lines on the wire, and what its words and variables mean here."""
