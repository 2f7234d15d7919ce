"""The services: a folder each, all of one shape, none importing another."""
