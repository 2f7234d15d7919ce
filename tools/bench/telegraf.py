"""Telegraf as ``node_red`` runs it: it passes on the number of each frame, at its own pace."""

from __future__ import annotations

from pathlib import Path

TELEGRAF = Path(__file__).parents[2] / ".venv" / "telegraf"
SETTINGS = """
[agent]
  omit_hostname = true
  flush_interval = "200ms"
  metric_batch_size = 1000
  metric_buffer_limit = 100000
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["bench/frame"]
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  data_format = "json_v2"
  [[inputs.mqtt_consumer.json_v2]]
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "seq"
      type = "int"
[[outputs.mqtt]]
  servers = ["tcp://127.0.0.1:{port}"]
  topic = "bench/seen"
  qos = 1
  layout = "non-batch"
  data_format = "json"
"""


def telegraf_command(folder: Path, port: int) -> list[str]:
    """Write the settings, and return what runs Telegraf with them."""
    settings = folder / "telegraf.conf"
    settings.write_text(SETTINGS.format(port=port), encoding="utf-8")
    return [str(TELEGRAF), "--config", str(settings)]
