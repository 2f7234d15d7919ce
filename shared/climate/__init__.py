"""Room climate that several services and the command line share: moist air, zones and actuators, a room model."""
