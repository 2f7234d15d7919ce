"""Events that a program offers without a pause, whatever becomes of the suite meanwhile."""

from __future__ import annotations

import json
from threading import Event, Thread

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from shared.suite import SuiteSettings

NAME = "probe"
EACH_S = 0.1
TYPE = "device.error"  # no recording makes one
COUNTED = f"SELECT max(total) FROM counter WHERE type = '{TYPE}'"  # noqa: S608 - our own text
IDS = "SELECT json_extract(metadata, '$.offer') FROM event WHERE json_extract(metadata, '$.offered_by') = 'probe'"


class Offers:
    """A script with a broker: each event has an id of its own and is published once, QoS 1."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        self._stop = Event()
        self._topic = SuiteSettings().topics.build("ingest", NAME)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=NAME)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = Thread(target=self._publish)
        self._thread.start()

    def stop(self) -> None:
        """Offer no more; every one is at the broker."""
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self) -> None:
        while not self._stop.wait(EACH_S):
            event = {"type": TYPE, "device": NAME, "id": f"offer-{self.sent}", "data": {"message": "a test"}}
            self._client.publish(self._topic, json.dumps(event), qos=1).wait_for_publish()
            self.sent += 1
