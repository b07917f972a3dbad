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
