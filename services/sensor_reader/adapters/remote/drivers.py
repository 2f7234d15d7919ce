"""Third-party drivers, found by their entry points. A faulty driver costs only its own frames.

Rules:
1. Nothing of it runs at the start: it is imported, checked and made on the first poll, on the device's own thread. An
   import that hangs or fails is an error of that device.
2. An exception is reported, with the place in the driver's code, and the next poll makes the driver anew.
3. Not held back: a driver that ends or crashes the whole process (``os._exit``, a fault in C code). The reader is then
   started again by what supervises it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from services.sensor_reader.core.driver import GROUP, vetted
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading

Load = Callable[[], Any]


def driver_class(name: str) -> Load:
    """Return what imports the class of the installed driver ``name``; raises PortError if there is none."""

    def load() -> Any:
        found = [*entry_points(group=GROUP, name=name)]
        if not found:
            raise PortError("driver", f"no installed package offers the driver {name!r} (entry point group {GROUP})")
        return found[0].load()

    return load


class ForeignDriver:
    """One driver with its settings, made when it is first read."""

    def __init__(self, name: str, settings: Mapping[str, Any], load: Load | None = None) -> None:
        self._name = name
        self._settings = dict(settings)
        self._load = load or driver_class(name)
        self._driver: Any = None

    def read(self) -> Reading:
        """Return its reading without unbelievable values; raises PortError."""
        try:
            if self._driver is None:
                self._driver = self._make()
            return vetted(self._driver.read())
        except PortError:
            raise
        except BaseException as error:
            self.close()
            raise PortError("driver", f"{self._name} failed: {_in_words(error)}") from error

    def close(self) -> None:
        """Close the driver; its exceptions are ignored."""
        driver, self._driver = self._driver, None
        try:
            if hasattr(driver, "close"):
                driver.close()
        except BaseException:  # noqa: BLE001, S110  # it is gone either way
            pass

    def _make(self) -> Any:
        kind = self._load()
        model = getattr(kind, "Settings", None)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise PortError("driver", f"{self._name}: {kind!r:.80} has no Settings, a pydantic model")
        try:
            settings = model.model_validate(self._settings)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
            raise PortError("driver", f"{self._name}: its settings are wrong: {faults}") from error
        return kind(settings)


def _in_words(error: BaseException) -> str:
    """Return what was raised, and where in the driver's code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else ""
    text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return f"{text:.300}{place}"
