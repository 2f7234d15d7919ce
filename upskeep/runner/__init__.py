"""The one-machine runner: a broker and the services as child processes, watched over MQTT."""
