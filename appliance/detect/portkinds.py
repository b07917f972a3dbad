"""What ports mean to the judges of pairs: which are usual for a client, which are polled by nature.

The numbers are IANA registrations and the defaults of widespread software.
"""

from appliance.detect.pair import TCP, UDP, Pair

# Regular by nature, whoever is at the other end.
SILENT = frozenset({53, 67, 68, 123, 137, 138, 161, 427, 546, 547, 1900, 3478, 3702, 5353, 5355})
PUSH = frozenset(
    {25, 110, 143, 465, 587, 993, 995, 1883, 4460, 5222, 5223, 5228, 5229, 5230, 5269, 8883}
)
WEB = frozenset({80, 443, 8008, 8080, 8443})
CLEAR_WEB = frozenset({80, 8008, 8080, 8000, 8888})
# What an ordinary client opens towards the outside.
USUAL = (
    SILENT
    | PUSH
    | WEB
    | frozenset(
        {
            20, 21, 22, 23, 24, 43, 79, 88, 111, 113, 119, 135, 139, 179, 194, 389, 443, 445, 500,
            514, 515, 543, 544, 548, 554, 563, 631, 636, 853, 873, 989, 990, 992, 1080, 1194, 1433,
            1521, 1701, 1723, 1812, 1813, 1935, 2049, 2083, 2087, 2095, 2096, 3074, 3128, 3268,
            3306, 3389, 3479, 3480, 3724, 4070, 4244, 4500, 5060, 5061, 5242, 5349, 5432, 5671,
            5672, 5900, 5938, 5984, 5985, 5986, 6514, 6881, 8009, 8332, 8333, 8530, 8531, 9418,
            9987, 10_051, 11_371, 19_302, 19_303, 19_305, 25_565, 27_015, 27_017, 32_400, 51_820,
        }
    )
)  # fmt: skip
LOGINS = frozenset({21, 22, 23, 990, 992, 1080, 2222, 3389, 5900, 5901})
MAIL = frozenset({110, 143, 465, 587, 993, 995})
DATABASES = frozenset({1433, 1521, 3306, 5432, 5984, 6379, 9042, 27_017})
CHATTY = frozenset({25, 88, 111, 135, 139, 389, 445, 636, 3268, 5985, 5986}) | DATABASES
EPHEMERAL = 49_152  # IANA: dynamic from here on; the far end of peer-to-peer and of FTP data


def is_odd(pair: Pair) -> bool:
    """Tell whether an ordinary client would hardly go to this port."""
    return pair.contact.proto in {TCP, UDP} and pair.contact.port not in USUAL


def is_clear_web(pair: Pair) -> bool:
    """Tell whether this is HTTP in clear text."""
    if pair.contact.proto != TCP:
        return False
    return pair.service == "http" or (not pair.service and pair.contact.port in CLEAR_WEB)
