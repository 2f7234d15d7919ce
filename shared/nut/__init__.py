"""NUT (Network UPS Tools) as both sides of its protocol know it: how a line is written, what its words mean."""
