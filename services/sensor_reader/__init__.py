"""sensor_reader: hardware, simulator or recording in; raw frames out."""
