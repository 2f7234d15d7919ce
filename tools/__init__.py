"""Tools of developers: benchmarks, generators of pages and dashboards. Not installed with the product."""
