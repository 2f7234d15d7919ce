"""The asking half of MQTT: ask a service, command it, follow what it retains."""
