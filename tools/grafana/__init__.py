"""Grafana dashboards as tables, and the JSON made from them."""
