"""The answers about single events: pages, related events and the inventory for an export."""
