"""Events → alerts: too many events of one type within an hour or a day."""
