"""The operations centre: hears what all sides publish, and when."""

import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime

CLIENT_ID = "bench-centre"
TOPICS = (("viahe/v1/+/cam/+/incident/#", 1), ("peer/+/incident", 1))


@dataclass(frozen=True)
class Incident:
    """Heard for the first time; the delay is from its picture's arrival at the box, by the box's own word."""

    id: str
    camera: str
    heard: float
    delay_ms: float


def parse(payload, heard):
    """An incident of either side; None of a revision that is not its first."""
    message = json.loads(payload)
    if "specversion" in message:
        data = message["data"]
        if data["revision"] != 1:
            return None
        opened = datetime.fromisoformat(data["opened"]).timestamp()
    else:
        data, opened = message, message["opened"]
    return Incident(data["incident"], data["camera"], heard, (heard - opened) * 1e3)


class Centre:
    """`with Centre(port) as centre`: a subscriber in a thread of its own."""

    def __init__(self, port):
        import paho.mqtt.client as mqtt  # only here: what is pure above needs no packages

        self.port, self.lock, self.known = port, threading.Lock(), {}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, CLIENT_ID)
        self.client.on_connect = lambda client, *_: client.subscribe(list(TOPICS))
        self.client.on_message = self.hear

    def __enter__(self):
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def hear(self, _client, _data, message):
        incident = parse(message.payload, time.time())
        if incident:
            with self.lock:
                self.known.setdefault(incident.id, incident)

    def heard(self):
        """All so far; one that came twice counts once."""
        with self.lock:
            return list(self.known.values())
