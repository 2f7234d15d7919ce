"""How events are counted: series, totals and sliding windows."""
