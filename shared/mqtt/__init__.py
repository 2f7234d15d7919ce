"""The MQTT client: paho-mqtt in one place, and nothing of it outside.

Rules (each answers a way paho or a broker loses data; tests/integration/shared/test_mqtt.py has one test a rule):
1. Every connection is a client object of its own. What an earlier connection had queued, in flight or
   unacknowledged dies with it, so no stale ack can reach a new session and nothing is sent twice by paho.
2. The network thread only puts what happened into the inbox. It runs guarded: a fault in it becomes a
   Disconnected in the inbox, and the next connection follows.
3. ``publish`` takes no more than ``inflight`` unconfirmed messages and nothing while disconnected, so paho
   never queues. A refusal in the PUBACK (MQTT 5) is reported as Refused.
4. Acknowledgements are manual and in order of arrival: ``ack`` covers everything up to the receipt.
5. The session is persistent and asked for explicitly (clean start off, expiry named). QoS 2 is not used.
6. The password file is read anew for every attempt, so a corrected one is picked up.
7. While ``WAITING_BYTES`` wait to be polled, the network is read no faster than the owner polls: what is sent faster
   waits at the broker. Mosquitto was seen to have thousands in flight, and of QoS 0 no number is bounded at all.
"""

from shared.mqtt.client import MqttClient
from shared.mqtt.wire import Arrival, Arrived, Confirmed, Connected, Disconnected, Publication, Receipt

__all__ = ["Arrival", "Arrived", "Confirmed", "Connected", "Disconnected", "MqttClient", "Publication", "Receipt"]
