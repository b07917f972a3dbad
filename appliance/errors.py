"""Every error the appliance raises on purpose.

ApplianceError
├── ConfigError      the configuration cannot be used; the key and the bad value are named (exit 78)
├── CaptureError     an interface or a capture file cannot be read
│   └── FormatError  the bytes of a file are not what its header promises
├── DataError        a GeoIP, vendor or other data file is missing or damaged
└── StoreError       the database cannot be opened, migrated or written
"""


class ApplianceError(Exception):
    """Base of every error that is reported to the operator as one sentence."""


class ConfigError(ApplianceError):
    """The configuration cannot be used."""


class CaptureError(ApplianceError):
    """An interface or a capture file cannot be read."""


class FormatError(CaptureError):
    """The bytes of a capture file are not what its header promises."""


class DataError(ApplianceError):
    """A data file (GeoIP, vendors) is missing or damaged."""


class StoreError(ApplianceError):
    """The database cannot be opened, migrated or written."""
