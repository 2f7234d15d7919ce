"""Reports as data, as tables and as charts, and when each is due."""
