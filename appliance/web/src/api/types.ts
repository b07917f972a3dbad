// Written by scripts/write_types.py from appliance/model; what each field means stands there.

export interface Tick {
  ts: number;
  packets: number;
  bytes: number;
  in_bytes: number;
  out_bytes: number;
  local_bytes: number;
  tcp_bytes: number;
  udp_bytes: number;
  other_bytes: number;
  new_flows: number;
  dropped: number;
}

export interface TableFill {
  used: number;
  capacity: number;
  evicted: number;
}

export interface DetectionStatistics {
  enabled: boolean;
  learning: boolean;
  signals: Record<string, number>;
  alerts: Record<string, number>;
  open: Record<string, number>;
  suppressed: Record<string, number>;
  windows: number;
  judged: number;
  model: number;
  tables: Record<string, TableFill>;
}

export interface Health {
  state: string;
  reasons: string[];
  version: string;
  sensor: string;
  started: number;
  now: number;
  interfaces: Record<string, unknown>[];
  packets: number;
  bytes: number;
  dropped_nic: number;
  dropped_kernel: number;
  dropped_queue: number;
  samples_dropped: number;
  rejected: Record<string, number>;
  flows_active: number;
  flows_capacity: number;
  flows_ended: number;
  flows_evicted: number;
  flows_stored: number;
  queue_fill: number;
  lag_s: number;
  rss_bytes: number;
  cpu_s: number;
  disk_bytes: number;
  written_bytes: number;
  clock_steps: number;
  home_networks: string[];
  geo_sources: string[];
  detection: DetectionStatistics;
}

export interface CaptureStatistics {
  frames: number;
  bytes: number;
  nic_dropped: number;
  kernel_dropped: number;
  ring_freezes: number;
  damaged: number;
  outages: number;
  up: boolean;
  error: string;
}

export interface FlowRow {
  id: number;
  flow_id: string;
  start: number;
  end: number;
  duration: number;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  proto: string;
  direction: string;
  state: string;
  history: string;
  packets_out: number;
  packets_in: number;
  bytes_out: number;
  bytes_in: number;
  payload_out: number;
  payload_in: number;
  ip_bytes_out: number;
  ip_bytes_in: number;
  flags_out: number;
  flags_in: number;
  rtt_ms: number | null;
  retrans: number;
  gaps: number;
  size_mean: number;
  size_var: number;
  size_min: number;
  size_max: number;
  iat_mean: number;
  iat_var: number;
  iat_min: number;
  iat_max: number;
  src_country: string;
  dst_country: string;
  src_asn: number;
  src_org: string;
  dst_asn: number;
  dst_org: string;
  src_mac: string;
  dst_mac: string;
  vlan: number;
  interface: string;
  tunnel: string;
  reason: string;
  partial: boolean;
  gso: boolean;
  service: string;
  name: string;
  sni: string;
  alpn: string;
  ja4: string;
  dns_query: string;
  dns_type: string;
  dns_rcode: string;
  dns_answers: string;
  http_host: string;
  user_agent: string;
  ssh_client: string;
  ssh_server: string;
  community_id: string;
}

export interface HostRow {
  ip: string;
  name: string;
  mac: string;
  vendor: string;
  country: string;
  asn: number;
  org: string;
  city: string;
  latitude: number | null;
  longitude: number | null;
  local: boolean;
  first_seen: number;
  last_seen: number;
  flows: number;
  bytes_out: number;
  bytes_in: number;
}

export interface Talker {
  ip: string;
  name: string;
  country: string;
  org: string;
  local: boolean;
  flows: number;
  bytes_out: number;
  bytes_in: number;
}

export interface CountryRow {
  country: string;
  flows: number;
  bytes: number;
}

export interface TrafficPoint {
  t: number;
  packets: number;
  bytes: number;
  in_bytes: number;
  out_bytes: number;
  local_bytes: number;
  tcp_bytes: number;
  udp_bytes: number;
  other_bytes: number;
  new_flows: number;
}

export type Term = [name: string, weight: number, text: string];

export interface Evidence {
  rule: string;
  family: string;
  ts: number;
  weight: number;
  sentence: string;
  peer: string;
  peer_name: string;
  port: number;
  proto: string;
  count: number;
  terms: Term[];
}

export interface Visibility {
  dropped: number;
  lost_share: number;
  one_sided_share: number;
  clock_steps: number;
  note: string;
}

export interface Alert {
  id: string;
  ts: number;
  first_seen: number;
  last_seen: number;
  kind: string;
  severity: string;
  confidence: number;
  host: string;
  device: string;
  peer: string;
  peers: string[];
  peer_name: string;
  peer_org: string;
  peer_country: string;
  port: number;
  proto: string;
  title: string;
  summary: string;
  advice: string;
  evidence: Evidence[];
  technique: string;
  technique_name: string;
  score: number;
  count: number;
  state: string;
  muted_by: number;
  incident: string;
  sensor: string;
  visibility: Visibility;
  acknowledged_by: string;
  comment: string;
}

export interface Incident {
  id: string;
  title: string;
  severity: string;
  score: number;
  host: string;
  device: string;
  first_seen: number;
  last_seen: number;
  kinds: string[];
  alerts: string[];
  timeline: [number, string][];
  state: string;
}

export interface Mute {
  id: number;
  host: string;
  device: string;
  kind: string;
  peer: string;
  peer_name: string;
  asn: number;
  port: number;
  created: number;
  expires: number;
  created_by: string;
  reason: string;
  used: number;
}

export interface AlertNews {
  what: string;
  alert: Alert;
  incident: Incident | null;
}

export interface AlertsMissed {
  count: number;
}

export interface AlertCount {
  t: number;
  kind: string;
  severity: string;
  count: number;
}

export interface MutePreview {
  matched: number;
  by_severity: Record<string, number>;
  real: number;
  alerts: string[];
}

export interface MuteProposal {
  mute: Mute;
  preview: MutePreview;
}

export interface HostWindow {
  start: number;
  length: number;
  evidence: number;
  model: number;
  score: number;
  values: Record<string, number>;
}

export interface ModelRow {
  version: number;
  name: string;
  created: number;
  active: boolean;
  promoted: boolean;
  since: number;
  until: number;
  rows: number;
  threshold: number;
  note: string;
  figures: Record<string, number>;
}

export interface TrainingStatus {
  state: string;
  started: number;
  finished: number;
  outcome: string;
  next: number;
}
