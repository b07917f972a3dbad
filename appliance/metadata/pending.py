"""Metadata of flows that have not ended, and how what was parsed becomes part of it."""

from collections import OrderedDict

from appliance.metadata.dns import ANSWERS, Message
from appliance.metadata.http import Request
from appliance.metadata.ja4 import fingerprint
from appliance.metadata.text import is_address, printable, without_port
from appliance.metadata.tls import ClientHello, version_name
from appliance.model.meta import FlowMeta

FLOWS = 65_536  # about 0.5 KB each, 3 KB if a stranger fills every field

_ALPN_CHARACTERS = 255


class PendingFlows:
    """Metadata by flow id. The flow that has waited longest gives way when there are too many."""

    def __init__(self) -> None:
        self._flows: OrderedDict[int, FlowMeta] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._flows)

    def of(self, flow_id: int, service: str) -> FlowMeta:
        """Return the metadata of a flow, to be filled; the first service seen stays."""
        meta = self._flows.get(flow_id)
        if meta is None:
            if len(self._flows) >= FLOWS:
                self._flows.popitem(last=False)
                self.evicted += 1
            meta = self._flows[flow_id] = FlowMeta()
        if not meta.service:
            meta.service = service
        return meta

    def get(self, flow_id: int) -> FlowMeta | None:
        """Return the metadata of a flow that goes on."""
        return self._flows.get(flow_id)

    def pop(self, flow_id: int) -> FlowMeta | None:
        """Return the metadata of a flow that has ended, and forget it."""
        return self._flows.pop(flow_id, None)


def fill_dns(meta: FlowMeta, message: Message) -> None:
    """Add a question, or the answer to the first question."""
    if not message.name:
        return
    if not meta.dns_query:
        meta.dns_query, meta.dns_type = message.name, message.type
    asked = (meta.dns_query, meta.dns_type)
    if message.response and not meta.dns_rcode and (message.name, message.type) == asked:
        meta.dns_rcode = message.rcode
        meta.dns_answers = tuple([record.value for record in message.records[:ANSWERS]])


def fill_hello(meta: FlowMeta, hello: ClientHello, transport: str) -> None:
    """Add what a client offers; an incomplete hello has no fingerprint.

    The first complete one counts: a second follows a HelloRetryRequest and differs by its cookie.
    """
    if meta.ja4:
        return
    meta.sni = hello.server_name
    meta.alpn = printable(hello.protocol, _ALPN_CHARACTERS)
    if hello.server_name and not is_address(hello.server_name):
        meta.name = hello.server_name
    if hello.complete or hello.versions:
        meta.tls_version = version_name(hello)
    if hello.complete:
        meta.ja4 = fingerprint(hello, transport)


def fill_http(meta: FlowMeta, request: Request) -> None:
    """Add the first request."""
    if meta.http_method:
        return
    meta.http_method, meta.http_path = request.method, request.path
    meta.http_host, meta.user_agent = request.host, request.user_agent
    host = without_port(request.host)
    if host and not meta.name and not is_address(host):
        meta.name = host
