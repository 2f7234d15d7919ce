"""What a run of the fleet's benchmark gives its workers."""

from __future__ import annotations

from tools.bench.fleet import without_settings


def test_settings_of_the_environment_do_not_reach_the_workers_of_a_run() -> None:
    """They would override topic and database of the run, which waited for counts that went elsewhere."""
    environ = {
        "UPSKEEP_FLEET__LOG__TOPIC": "t",
        "UPSKEEP_FLEET__DATABASE__URL": "u",
        "UPSKEEP_CONFIG": "c",
        "PATH": "p",
    }
    assert {"PATH": "p"} == without_settings(environ)
