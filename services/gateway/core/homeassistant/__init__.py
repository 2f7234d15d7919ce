"""Home Assistant's MQTT discovery: which devices and entities it is to show, made from what the suite retains."""
