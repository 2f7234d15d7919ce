"""Every service as its process starts it, in the order of the flow."""

from __future__ import annotations

from services.alerter.app import SERVICE as ALERTER
from services.climate_controller.app import SERVICE as CLIMATE_CONTROLLER
from services.climate_supervisor.app import SERVICE as CLIMATE_SUPERVISOR
from services.counter_store.app import SERVICE as COUNTER_STORE
from services.event_processor.app import SERVICE as EVENT_PROCESSOR
from services.gateway.app import SERVICE as GATEWAY
from services.host_agent.app import SERVICE as HOST_AGENT
from services.sensor_reader.app import SERVICE as SENSOR_READER
from services.uplink.app import SERVICE as UPLINK
from shared.process import Service

SERVICES: tuple[Service, ...] = (
    SENSOR_READER,
    EVENT_PROCESSOR,
    COUNTER_STORE,
    ALERTER,
    HOST_AGENT,
    CLIMATE_CONTROLLER,
    CLIMATE_SUPERVISOR,
    UPLINK,
    GATEWAY,
)
