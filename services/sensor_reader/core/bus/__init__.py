"""I2C without I/O: how a chip is read over a bus, how reads are interleaved, what a scan finds."""
