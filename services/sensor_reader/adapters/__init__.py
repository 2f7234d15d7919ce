"""Ways in: the I2C bus, the host, recordings, the simulator; and the feeds that drive them."""
