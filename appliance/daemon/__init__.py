"""The composition root: builds every part from the configuration and runs them until told to stop.

sensor.py    sources, capture threads, the pipeline's thread: can be stopped and made anew
service.py   the process: the store, the API, signals, readiness, watchdog
"""

from appliance.daemon.service import demo, run

__all__ = ["demo", "run"]
