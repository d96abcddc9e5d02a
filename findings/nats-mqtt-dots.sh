#!/usr/bin/env bash
# The MQTT gateway of NATS 2.9 and a dot in a topic, such as a sensor's `river.1/level`. MQTT allows it.
#
# Guessed: NATS, whose own subjects have dots, hangs up on both a subscription and a message.
# Seen with nats-server 2.9.10 (Debian 12: 2.9.10-1+b3) and paho-mqtt 2.1.0, MQTT 3.1.1:
#   - a subscription is refused alone: SUBACK has 0x80 for it, the filter beside it is granted, the connection stays;
#   - a message ends the connection, without a word to the client: what it had in flight goes with it.
# So one letter is harmless in what a client hears and fatal in what it says. Sensors with dots in their topics
# need another broker, or a newer NATS.
#
# Needs Debian 12 with python3-venv, and the package registries. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
server=
# shellcheck disable=SC2329 # The trap calls it.
cleanup() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT
chmod 755 "$folder"
cd "$folder"

apt-get download -qq nats-server=2.9.10-1+b3
dpkg-deb -x nats-server_*.deb nats
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check paho-mqtt==2.1.0

cat > nats.conf <<CONF
listen: "127.0.0.1:-1"
server_name: finding
jetstream { store_dir: "$folder/store" }
mqtt { listen: "127.0.0.1:-1" }
ports_file_dir: "$folder"
CONF
./nats/usr/sbin/nats-server -v
./nats/usr/sbin/nats-server -c nats.conf -l nats.log &
server=$!

venv/bin/python - nats.log <<'PY'
import re, sys, time
import paho.mqtt.client as mqtt

def port():
    """The gateway says where it listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            found = re.search(r"MQTT.* on mqtt://127\.0\.0\.1:(\d+)", open(sys.argv[1]).read())
        except FileNotFoundError:
            found = None
        if found:
            return int(found.group(1))
        time.sleep(0.05)
    raise SystemExit("nats-server did not say where MQTT listens:\n" + open(sys.argv[1]).read())

def client(name, at):
    seen = {"granted": None, "gone": False, "up": False}
    c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv311, reconnect_on_failure=False)
    c.on_connect = lambda *_: seen.update(up=True)
    c.on_disconnect = lambda *_: seen.update(gone=True)
    c.on_subscribe = lambda _c, _u, _mid, codes, _p: seen.update(granted=[code.value for code in codes])
    c.connect("127.0.0.1", at)
    c.loop_start()
    wait(lambda: seen["up"], "a connection")
    return c, seen

def wait(until, what, secs=10):
    deadline = time.monotonic() + secs
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come within {secs} s")
        time.sleep(0.02)

at = port()
hears, heard = client("hears", at)
hears.subscribe([("sensors/river.1/level", 1), ("sensors/river-1/level", 1)])
wait(lambda: heard["granted"] is not None, "SUBACK")
says, said = client("says", at)
says.publish("sensors/river.1/level", b"23", qos=1)
wait(lambda: said["gone"], "the end of the connection that published")
print("subscribed to a topic with a dot, and to one without: codes", [hex(code) for code in heard["granted"]])
print("that connection is", "gone" if heard["gone"] else "there")
print("published to a topic with a dot: that connection is", "gone" if said["gone"] else "there")
assert heard["granted"] == [0x80, 1], heard
assert not heard["gone"], heard
assert said["gone"], said
print("as found")
PY
