"""The machine the reader runs on: I2C buses, GPIO lines, its own sensors and clocks."""
