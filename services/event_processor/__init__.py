"""Readings in, typed events out: ``raw/…`` and ``ingest/…`` become ``event/…``, ``state/…`` and ``trigger/…``."""
