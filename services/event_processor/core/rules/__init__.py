"""The rules as data, compiled for each device, and the code that applies each kind."""
