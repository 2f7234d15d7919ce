"""Reports and totals as files."""
