"""A Mosquitto with the repo's own ACL, whose users have the password ``{user}-pw``; it can be killed and restarted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from shared.suite import BrokerSettings
from tests.support.brokers import MOSQUITTO, Broker, free_port

RIGHTS = Path(__file__).parents[2] / "mosquitto"
LEAST = "node_red"  # a user that is no service: it may offer events under its own name, and nothing else


def guarded_broker(folder: Path, users: Iterable[str], extra: str = "") -> Broker:
    """Return the broker, not yet started; the files of its users' passwords are in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    passwd, acl = folder / "passwd", folder / "acl"
    passwd.write_text("".join(f"{user}:{user}-pw\n" for user in users), encoding="utf-8")
    subprocess.run(["mosquitto_passwd", "-U", str(passwd)], check=True)
    rights = ["sh", str(RIGHTS / "rights.sh"), str(RIGHTS / "acl"), str(passwd)]
    acl.write_text(subprocess.run(rights, check=True, capture_output=True, text=True).stdout, encoding="utf-8")
    for user in users:
        (folder / f"{user}.password").write_text(f"{user}-pw\n", encoding="utf-8")
    lines = f"allow_anonymous false\npassword_file {passwd}\nacl_file {acl}\n{extra}"
    return Broker(MOSQUITTO, free_port(), folder, lines)


def login(folder: Path, user: str, url: str) -> BrokerSettings:
    """Return how ``user`` reaches the broker."""
    return BrokerSettings(url=url, username=user, password_file=folder / f"{user}.password")


def login_environ(folder: Path, user: str) -> dict[str, str]:
    """Return the same for a service, as environment variables."""
    return {
        "UPSKEEP_SUITE__BROKER__USERNAME": user,
        "UPSKEEP_SUITE__BROKER__PASSWORD_FILE": str(folder / f"{user}.password"),
    }
