"""The health score and its factors."""
