"""Shows the suite to people and other programs: one more MQTT client, with HTTP on its other side."""
