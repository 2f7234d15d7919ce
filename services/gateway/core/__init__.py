"""The content of pages, API and NUT door: pure functions of received messages."""
