"""Home Assistant's MQTT discovery: devices and entities, made from the suite's retained messages."""
