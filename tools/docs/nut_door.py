"""``docs/nut-door.md``: what the gateway's NUT server shows of a device's state, from its tables."""

from __future__ import annotations

from services.gateway.adapters.nut_server import IDLE_S, MOST_CLIENTS, MOST_OF_AN_ADDRESS
from services.gateway.core.nut.limits import BURST, LINES_PER_S
from services.gateway.core.nut.protocol import COMMANDS, GETS, LISTS, LONGEST_LINE
from services.gateway.core.nut.supplies import MOST
from services.gateway.core.nut.variables import FIGURES, SELF_TESTS, STATUS_WORDS
from shared.quantities import QUANTITIES

HEAD = """# The NUT door

`make docs` writes this page from the tables below `services/gateway/core/nut/`. Do not edit it.

The gateway can answer as `upsd` does, the server of Network UPS Tools (NUT). So every program that reads a UPS from a
NUT server reads the UPSs of Upskeep: `upsc`, `upsmon`, Home Assistant's NUT integration, nut_exporter, NAS boxes. It
is read-only: nobody can set a variable, give a command or force a shutdown by it.

```console
$ make run ARGS="--source i2c --nut-port 3493"
$ upsc -L localhost                  # in another terminal; apt install nut-client
ups: Upskeep: ups
$ upsc ups@localhost ups.status
OL CHRG
```

For good, and for other machines, set it in `config/gateway.yaml`. NUT's protocol has no encryption and asks for no
password to read, so open it to a network that you trust:

```yaml
# config/gateway.yaml
nut:
  host: 0.0.0.0
  port: 3493
```

The name of a UPS is the device's name in Upskeep. A device is a UPS if it says
whether it is on mains or battery, or shows a battery.

| client | how |
|---|---|
| `upsc` | `upsc ups@HOST` |
| `upsmon` | `MONITOR ups@HOST 1 anybody anything secondary` in `upsmon.conf`; always `secondary` |
| Home Assistant | add the integration Network UPS Tools, with host and port; user and password may stay empty |
| nut_exporter | `--nut.server=HOST`; give it `?ups=ups` |
| a NAS | "network UPS", the host; most want a UPS of the name `ups` |

## What upsmon does by it

`upsmon` shuts its host down when a UPS is `OB` and `LB`, when it is `FSD`, or when it was on battery and has no fresh
data for `DEADTIME`. Here that means:

- **LB** is what the UPS itself calls low (`battery_low`), or `battery: critical` of Upskeep. The warning
  `BATTERY_LOW` is no LB: it comes long before the end.
- **FSD** is set while the host agent called `host_agent` is past its point of no return
  ([host-agent.md](host-agent.md)), for the UPSs in its `devices`; and while the UPS itself says so. It is not set in
  a dry run. A client asks every few seconds: give it time by `final_delay_s: 15` in `config/host_agent.yaml`. The
  agent does not wait for clients of this door.
- **Stale data** (`DATA-STALE`) is what a UPS has without a believable reading for `max_age_s`, 15 s as shipped: a
  chip that does not answer, a service or the broker that is dead. What the broker had kept is no reading either.
- **A simulated UPS** is listed and has no data, so that no simulation shuts a host down. `nut.simulated: true` shows
  it; `upskeep run --nut-port` with a `--source` that names a simulation or recording does, too.

LOGIN only counts a client, for `upsc -c`. Without `nut.users` any name and password will do, and nobody gets more by
it. With users only those can log in:

```yaml
# config/gateway.yaml
nut:
  users: {nas: {password_file: secrets/nas}}
```

## Words of ups.status

| word | there when |
|---|---|
"""

VARIABLES_HEAD = """
Where nothing is known, the status is `WAIT`.

## Variables

A variable is there while its channel is in the last reading. Of several channels the first that is there counts.

| variable | channel | unit |
|---|---|---|
"""

TAIL_HEAD = """
`device.mfr`, `device.model` (the device's name), `device.type`, `device.location` (its zone), `driver.name`,
`driver.version`, `ups.mfr` and `ups.model` say what it is; `device.description` says where readings are simulated.
`ups.alarm` is `alarm_text`,
`ups.test.result` is `self_test`: """


def _words() -> str:
    return "".join(f"| {row.word} | {row.when} |\n" for row in STATUS_WORDS)


def _variables() -> str:
    rows = ""
    for name, channels in sorted(FIGURES.items()):
        shown = ", then ".join(f"`{channel}`" for channel in channels)
        rows += f"| `{name}` | {shown} | {QUANTITIES[channels[0]].unit} |\n"
    return rows


def _commands() -> str:
    reading = {"GET", "LIST", "VER", "NETVER", "PROTVER", "HELP", "USERNAME", "PASSWORD", "LOGIN", "LOGOUT"}
    refused = ", ".join(f"`{name}`" for name in COMMANDS if name not in reading)
    gets, lists = ", ".join(f"`{name}`" for name in GETS), ", ".join(f"`{name}`" for name in LISTS)
    return f"""
## The protocol

Answered as Debian's `upsd` 2.8 answers, which a test asks the same lines: `GET` of {gets};
`LIST` of {lists}; `VER`, `NETVER`, `PROTVER`, `HELP`, `USERNAME`,
`PASSWORD`, `LOGIN`, `LOGOUT`. No variable is writable and no command is listed. {refused}
are refused to everybody: `ACCESS-DENIED`, `CMD-NOT-SUPPORTED`, `FEATURE-NOT-CONFIGURED`.

| bound | |
|---|---|
| UPSs | {MOST} |
| connections | {MOST_CLIENTS}, {MOST_OF_AN_ADDRESS} of one address |
| a line | {LONGEST_LINE} bytes |
| lines of a connection | {LINES_PER_S:g} a second after a burst of {BURST:g}; more wait |
| a connection without a line | closed after {IDLE_S:g} s |
"""


def documents() -> dict[str, str]:
    """Return the page, by path."""
    tests = ", ".join(f'{word} → "{text}"' for word, text in SELF_TESTS.items()) + ".\n"
    return {"docs/nut-door.md": HEAD + _words() + VARIABLES_HEAD + _variables() + TAIL_HEAD + tests + _commands()}
