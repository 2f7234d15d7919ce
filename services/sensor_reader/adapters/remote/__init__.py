"""Devices that answer in their own time, each read on a thread of its own: NUT servers and foreign drivers."""
