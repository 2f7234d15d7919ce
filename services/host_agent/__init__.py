"""Shuts its host down safely; not built yet."""
