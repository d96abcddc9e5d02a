#!/usr/bin/env bash
# How many messages does mosquitto have on the way to a client that has named a receive maximum?
#
# Guessed: at most so many that are not acknowledged (MQTT 5, 4.9), so that one more comes for each acknowledgement.
# Seen with mosquitto 2.0.11 of Debian 12 and paho-mqtt 2.1.0, a receive maximum of 10 and 100 messages with QoS 1: 10 come at first, and
# ten more after each single acknowledgement; after three of them 37 are on the way. A client with a receive maximum of 1,000 that acknowledges
# as it goes along was sent 3,700 at once of 5,000 that had waited.
# So a client that is to hold only so much in its hands must have room for all that may wait, or end the session.
#
# Needs python3 of Debian 12 with python3-venv, mosquitto of Debian 12, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check paho-mqtt==2.1.0

PATH=$PATH:/usr/sbin venv/bin/python - <<'PY'
import socket, subprocess, threading, time
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

MOST, MANY = 10, 100
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open("broker.conf", "w") as conf:
    conf.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n")
version = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True).stdout.split("\n")[0]
print(version, "and paho-mqtt 2.1.0")
broker = subprocess.Popen(["mosquitto", "-c", "broker.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
came = []


def connect(name, clean, hear=False):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, manual_ack=hear)
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    if hear:
        properties.ReceiveMaximum = MOST
        client.on_message = lambda *said: came.append(said[2].mid)
    there = threading.Event()
    client.on_connect = lambda *_: there.set()
    for _ in range(50):
        try:
            client.connect("127.0.0.1", port, clean_start=clean, properties=properties)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    client.loop_start()
    assert there.wait(10)
    return client


def say(speaker):
    for n in range(MANY):
        speaker.publish("street", str(n), qos=1).wait_for_publish(10)


def settled():
    """How many have come, once no more do."""
    before = -1
    while before != len(came):
        before = len(came)
        time.sleep(1)
    return before


try:
    speaker, hearer = connect("speaker", True), connect("hearer", False, hear=True)
    hearer.subscribe("street", qos=1)
    time.sleep(0.5)
    say(speaker)
    seen = [settled()]
    for n in range(3):
        hearer.ack(came[n], 1)
        seen.append(settled())
finally:
    broker.terminate()
print(f"receive maximum {MOST}, {MANY} messages: came before an acknowledgement and after each of three: {seen}")
assert seen == [MOST, 2 * MOST, 3 * MOST, 4 * MOST], "it is otherwise now: correct what is said above"
PY
