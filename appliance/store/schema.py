"""Tables and their numbered migrations. Append only: a shipped entry is never edited.

Entry n of a list takes a database from version n to n + 1, `PRAGMA user_version` says where it is.
"""

from collections.abc import Sequence

import apsw

from appliance.errors import StoreError

# Everything in a flow row is an integer, 0 where there is nothing: SQLite stores a 0 in no byte.
# appliance/store/columns.py says what each column holds. No index: one on an address would
# multiply what is written tenfold. Dictionaries only grow, and may hold one thing twice.
SEGMENT: tuple[str, ...] = (
    """
    CREATE TABLE flow(
        id INTEGER PRIMARY KEY, lag INT, duration INT, src INT, dst INT, ports INT, bits INT,
        meta INT, link INT, packets_out INT, packets_in INT, bytes_out INT, bytes_in INT,
        frame_out INT, frame_in INT, head_out INT, head_in INT, tcp INT, history_lo INT,
        history_hi INT, sizes INT, size_sumsq INT, iat_max INT, iat_min INT, iat_sumsq INT,
        number INT, rtt INT, trouble INT);
    -- what other rows of host_10m already count of an updated flow
    CREATE TABLE counted(id INTEGER PRIMARY KEY, bytes_out INT, bytes_in INT);
    CREATE TABLE place(
        id INTEGER PRIMARY KEY, country TEXT, asn INT, org TEXT, city TEXT,
        latitude REAL, longitude REAL, local INT);
    CREATE TABLE addr(id INTEGER PRIMARY KEY, ip BLOB, place INT, first_s INT);
    CREATE TABLE meta(
        id INTEGER PRIMARY KEY, service TEXT, name TEXT, sni TEXT, alpn TEXT, ja4 TEXT,
        dns_query TEXT, dns_type TEXT, dns_rcode TEXT, dns_answers TEXT, http_host TEXT,
        user_agent TEXT, ssh_client TEXT, ssh_server TEXT);
    CREATE TABLE link(
        id INTEGER PRIMARY KEY, interface TEXT, vlan INT, src_mac INT, dst_mac INT);
    -- one part of ten minutes a row; the blobs are described in appliance/store/rollup.py
    CREATE TABLE host_10m(
        id INTEGER PRIMARY KEY, bucket INT, flows INT, bytes INT, first_id INT, last_id INT,
        min_end INT, addr BLOB, sums BLOB);
    """,
    """
    -- names of what stands in host_window.rest, which changes with the version
    CREATE TABLE layout(id INTEGER PRIMARY KEY, names TEXT);
    -- fingerprints, appliance/model/window.py; times in s since the epoch
    CREATE TABLE host_window(
        start_s REAL, host TEXT, length_s REAL, unique_dest_ips REAL, unique_dest_ports REAL,
        port_entropy REAL, country_frequency REAL, flow_duration_variance REAL,
        total_outbound_bytes REAL, total_flows REAL, layout INT, rest BLOB, evidence REAL,
        model REAL, score REAL, PRIMARY KEY(start_s, host)) WITHOUT ROWID;
    CREATE VIEW host_behavior_summary AS SELECT
        host AS host_ip, datetime(start_s, 'unixepoch') AS window_start,
        CAST(unique_dest_ips AS INT) AS unique_dest_ips,
        CAST(unique_dest_ports AS INT) AS unique_dest_ports, port_entropy, country_frequency,
        flow_duration_variance, CAST(total_outbound_bytes AS INT) AS total_outbound_bytes,
        CAST(total_flows AS INT) AS total_flows FROM host_window;
    """,
)

MAIN: tuple[str, ...] = (
    """
    CREATE TABLE traffic_min(
        minute INTEGER PRIMARY KEY,
        external_packets INT, outbound_packets INT, inbound_packets INT, local_packets INT,
        external_bytes INT, outbound_bytes INT, inbound_bytes INT, local_bytes INT,
        tcp_bytes INT, udp_bytes INT, icmp_bytes INT, other_bytes INT, non_ip_bytes INT,
        non_ip_packets INT, new_flows INT);
    CREATE TABLE device(
        addr BLOB, mac INT, dhcp TEXT, mdns TEXT, nbns TEXT, vendor TEXT, vendor_class TEXT,
        fingerprint TEXT, first_s INT, last_s INT, PRIMARY KEY(addr, mac)) WITHOUT ROWID;
    CREATE INDEX device_mac ON device(mac);
    """,
    """
    -- Bodies are the structs of appliance/model/alert.py as JSON; the other columns are what is
    -- asked for. Those of alerts stand apart, so that a look at many reads little.
    CREATE TABLE alert(
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, ts REAL, last_seen REAL, kind TEXT,
        severity INT, state TEXT, host TEXT, device TEXT, incident TEXT);
    CREATE TABLE alert_body(number INTEGER PRIMARY KEY, words TEXT, body TEXT);
    CREATE TABLE incident(
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, first_seen REAL, last_seen REAL,
        kinds TEXT, severity INT, state TEXT, host TEXT, device TEXT, words TEXT, body TEXT);
    CREATE TABLE mute(id INTEGER PRIMARY KEY AUTOINCREMENT, expires REAL, body TEXT);
    CREATE TABLE habit(
        kind TEXT, key BLOB, value BLOB, last_s REAL, PRIMARY KEY(kind, key)) WITHOUT ROWID;
    CREATE TABLE state(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
    """,
)


def version_of(connection: apsw.Connection) -> int:
    """Return how many migrations the database has been through."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection, scripts: Sequence[str], name: str) -> None:
    """Bring a database up to the newest version, one transaction a step.

    Raises StoreError, naming both versions, if a newer program wrote it.
    """
    version = version_of(connection)
    if version > len(scripts):
        raise StoreError(
            f"{name} was written by a newer version of the appliance: its schema is number "
            f"{version}, this version knows up to {len(scripts)}"
        )
    for number in range(version, len(scripts)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(scripts[number])
            connection.pragma("user_version", number + 1)
        except apsw.Error:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
