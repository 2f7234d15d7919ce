"""The distribution: what a wheel holds, and that it works where there is no checkout."""
