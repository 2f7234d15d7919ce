"""What a client says to ``upsd``, and the last answer: put to the door, and to Debian's own ``upsd``.

The server of the table knows one UPS, ``rack``: "OL" in ups.status, "100" in battery.charge; USER may log in.
"""

from __future__ import annotations

from tests.support.nut.upsd import PASSWORD, USER

NAME, WORD = f"USERNAME {USER}", f'PASSWORD "{PASSWORD}"'
LOGIN = (NAME, WORD, "LOGIN rack")

# (lines, the answer to the last one), where Debian's upsd says the same
AS_UPSD: tuple[tuple[tuple[str, ...], str], ...] = (
    (("NETVER",), "1.3"),
    (("PROTVER",), "1.3"),
    (("NETVER x",), "ERR INVALID-ARGUMENT"),
    (("VER x",), "ERR INVALID-ARGUMENT"),
    (("foo",), "ERR UNKNOWN-COMMAND"),
    (("",), "ERR UNKNOWN-COMMAND"),
    ((" ",), "ERR UNKNOWN-COMMAND"),
    (("REQ VAR rack",), "ERR UNKNOWN-COMMAND"),
    (("STARTTLS",), "ERR FEATURE-NOT-CONFIGURED"),
    (("LOGOUT",), "OK Goodbye"),
    (("LOGOUT now",), "ERR INVALID-ARGUMENT"),
    # GET
    (("GET",), "ERR INVALID-ARGUMENT"),
    (("GET FOO",), "ERR INVALID-ARGUMENT"),
    (("GET VAR",), "ERR INVALID-ARGUMENT"),
    (("GET VAR rack",), "ERR INVALID-ARGUMENT"),
    (("GET VAR rack ups.status",), 'VAR rack ups.status "OL"'),
    (("get var RACK UPS.Status",), 'VAR RACK UPS.Status "OL"'),
    (('GET VAR rack "ups.status" more',), 'VAR rack ups.status "OL"'),
    (("GET VAR rack nope",), "ERR VAR-NOT-SUPPORTED"),
    (("GET VAR rack server.nope",), "ERR VAR-NOT-SUPPORTED"),
    (("GET VAR nope ups.status",), "ERR UNKNOWN-UPS"),
    (("GET DESC rack nope",), 'DESC rack nope "Description unavailable"'),
    (("GET DESC rack",), "ERR INVALID-ARGUMENT"),
    (("GET DESC nope ups.status",), "ERR UNKNOWN-UPS"),
    (("GET CMDDESC rack nope",), 'CMDDESC rack nope "Description unavailable"'),
    (("GET CMDDESC nope nope",), "ERR UNKNOWN-UPS"),
    (("GET TYPE rack nope",), "ERR VAR-NOT-SUPPORTED"),
    (("GET TYPE nope ups.status",), "ERR UNKNOWN-UPS"),
    (("GET NUMLOGINS rack",), "NUMLOGINS rack 0"),
    (("GET NUMLOGINS nope",), "ERR UNKNOWN-UPS"),
    (("GET NUMLOGINS",), "ERR INVALID-ARGUMENT"),
    (("GET UPSDESC nope",), "ERR UNKNOWN-UPS"),
    (("GET TRACKING",), "OFF"),
    (("GET TRACKING 1bd31808",), "ERR FEATURE-NOT-CONFIGURED"),
    # LIST
    (("LIST",), "ERR INVALID-ARGUMENT"),
    (("LIST FOO",), "ERR INVALID-ARGUMENT"),
    (("LIST VAR",), "ERR INVALID-ARGUMENT"),
    (("LIST VAR nope",), "ERR UNKNOWN-UPS"),
    (("LIST RW nope",), "ERR UNKNOWN-UPS"),
    (("LIST CMD nope",), "ERR UNKNOWN-UPS"),
    (("LIST ENUM rack ups.status",), "BEGIN LIST ENUM rack ups.status\nEND LIST ENUM rack ups.status"),
    (("LIST ENUM rack nope",), "ERR VAR-NOT-SUPPORTED"),
    (("LIST ENUM rack",), "ERR INVALID-ARGUMENT"),
    (("LIST RANGE rack ups.status",), "BEGIN LIST RANGE rack ups.status\nEND LIST RANGE rack ups.status"),
    (("LIST RANGE rack nope",), "ERR VAR-NOT-SUPPORTED"),
    (("LIST CLIENT rack",), "BEGIN LIST CLIENT rack\nEND LIST CLIENT rack"),
    ((*LOGIN, "LIST CLIENT rack"), "BEGIN LIST CLIENT rack\nCLIENT rack 127.0.0.1\nEND LIST CLIENT rack"),
    (("LIST CLIENT nope",), "ERR UNKNOWN-UPS"),
    (("LIST CLIENT",), "ERR INVALID-ARGUMENT"),
    # logging in
    (("LOGIN rack",), "ERR USERNAME-REQUIRED"),
    ((NAME, "LOGIN rack"), "ERR PASSWORD-REQUIRED"),
    ((WORD, "LOGIN rack"), "ERR USERNAME-REQUIRED"),
    (("USERNAME",), "ERR INVALID-ARGUMENT"),
    (("USERNAME a b",), "ERR INVALID-ARGUMENT"),
    ((NAME, NAME), "ERR ALREADY-SET-USERNAME"),
    (("PASSWORD",), "ERR INVALID-ARGUMENT"),
    ((WORD, WORD), "ERR ALREADY-SET-PASSWORD"),
    (LOGIN, "OK"),
    ((*LOGIN, "LOGIN rack"), "ERR ALREADY-LOGGED-IN"),
    ((*LOGIN, "GET NUMLOGINS rack"), "NUMLOGINS rack 1"),
    ((NAME, WORD, "LOGIN nope"), "ERR UNKNOWN-UPS"),
    ((NAME, WORD, "LOGIN"), "ERR INVALID-ARGUMENT"),
    ((NAME, "PASSWORD wrong", "LOGIN rack"), "ERR ACCESS-DENIED"),
    (("USERNAME nobody", WORD, "LOGIN rack"), "ERR ACCESS-DENIED"),
    # what only a primary, or somebody with rights, may do
    (("PRIMARY rack",), "ERR USERNAME-REQUIRED"),
    ((*LOGIN, "PRIMARY rack"), "ERR ACCESS-DENIED"),
    ((*LOGIN, "MASTER rack"), "ERR ACCESS-DENIED"),
    ((*LOGIN, "PRIMARY nope"), "ERR UNKNOWN-UPS"),
    ((*LOGIN, "PRIMARY"), "ERR INVALID-ARGUMENT"),
    ((*LOGIN, "FSD rack"), "ERR ACCESS-DENIED"),
    ((*LOGIN, "FSD nope"), "ERR UNKNOWN-UPS"),
    (("SET VAR rack ups.status x",), "ERR USERNAME-REQUIRED"),
    ((*LOGIN, "SET VAR rack ups.status x"), "ERR ACCESS-DENIED"),
    ((*LOGIN, "SET VAR nope ups.status x"), "ERR UNKNOWN-UPS"),
    ((*LOGIN, "SET VAR rack"), "ERR INVALID-ARGUMENT"),
    ((*LOGIN, "SET FOO"), "ERR INVALID-ARGUMENT"),
    (("INSTCMD rack nope",), "ERR USERNAME-REQUIRED"),
    ((*LOGIN, "INSTCMD rack nope"), "ERR CMD-NOT-SUPPORTED"),
    ((*LOGIN, "INSTCMD nope nope"), "ERR UNKNOWN-UPS"),
    ((*LOGIN, "INSTCMD rack"), "ERR INVALID-ARGUMENT"),
)

# … and where the door has less to give than dummy-ups
OF_THE_DOOR: tuple[tuple[tuple[str, ...], str], ...] = (
    (("VER",), "Upskeep 9.9, read-only, in the protocol of Network UPS Tools upsd"),
    (("HELP",), "Commands: HELP VER GET LIST LOGIN LOGOUT USERNAME PASSWORD"),
    (("GET VAR rack server.version",), 'VAR rack server.version "9.9"'),
    (("GET DESC rack battery.charge",), 'DESC rack battery.charge "charge left, the gauge\'s own estimate"'),
    (('GET DESC rack "a b"',), 'DESC rack "a b" "Description unavailable"'),
    (("GET TYPE rack ups.status",), "TYPE rack ups.status STRING:2"),
    (("GET TYPE rack battery.charge",), "TYPE rack battery.charge NUMBER"),
    (("GET UPSDESC rack",), 'UPSDESC rack "a \\"rack\\""'),
    (("LIST UPS",), 'BEGIN LIST UPS\nUPS rack "a \\"rack\\""\nUPS gone "away"\nEND LIST UPS'),
    (
        ("LIST VAR RACK",),
        'BEGIN LIST VAR RACK\nVAR RACK battery.charge "100"\nVAR RACK ups.status "OL"\nEND LIST VAR RACK',
    ),
    (("LIST RW rack",), "BEGIN LIST RW rack\nEND LIST RW rack"),
    (("LIST CMD rack",), "BEGIN LIST CMD rack\nEND LIST CMD rack"),
    ((*LOGIN, "SET TRACKING ON"), "ERR FEATURE-NOT-CONFIGURED"),
    ((*LOGIN, "INSTCMD rack load.off"), "ERR CMD-NOT-SUPPORTED"),
    (('LIST VAR "rack',), "ERR INVALID-ARGUMENT"),
)

# Of a UPS whose data are stale. {ups} is its name.
STALE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("LIST VAR {ups}",), "ERR DATA-STALE"),
    (("LIST RW {ups}",), "ERR DATA-STALE"),
    (("LIST CMD {ups}",), "ERR DATA-STALE"),
    (("LIST ENUM {ups} ups.status",), "ERR DATA-STALE"),
    (("LIST CLIENT {ups}",), "BEGIN LIST CLIENT {ups}\nEND LIST CLIENT {ups}"),
    (("GET VAR {ups} ups.status",), "ERR DATA-STALE"),
    (("GET DESC {ups} ups.status",), "ERR DATA-STALE"),
    (("GET CMDDESC {ups} nope",), "ERR DATA-STALE"),
    (("GET TYPE {ups} ups.status",), "ERR DATA-STALE"),
    (("GET NUMLOGINS {ups}",), "ERR DATA-STALE"),
    ((NAME, WORD, "LOGIN {ups}"), "OK"),
    ((NAME, WORD, "FSD {ups}"), "ERR ACCESS-DENIED"),
    ((NAME, WORD, "INSTCMD {ups} nope"), "ERR DATA-STALE"),
    ((NAME, WORD, "SET VAR {ups} a b"), "ERR DATA-STALE"),
)
