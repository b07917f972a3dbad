// The live stream: one WebSocket that comes back by itself, and says when it is silent.

import type { Alert, AlertNews, AlertsMissed, CountryRow, FlowRow, Health, Talker, Tick } from "./types";

export interface Attribution {
  name: string;
  link: string;
  licence: string;
  notice?: string; // what its maker wants to be shown
}

export interface InitMessage {
  type: "init";
  data: {
    history: Tick[];
    health: Health;
    flows: FlowRow[];
    top: Talker[];
    countries: CountryRow[];
    attribution: Attribution[];
    alerts?: Alert[]; // open ones, newest first
    alert_counts?: Record<string, number>; // open ones by severity
  };
}

export interface UpdateMessage {
  type: "traffic_update";
  data: {
    tick?: Tick;
    health?: Partial<Health>;
    flows?: FlowRow[];
    flows_total?: number; // stored since the message before, sent or not
    top?: Talker[];
    countries?: CountryRow[];
  };
}

/** Something happened to an alert; sent at once. */
export interface AlertMessage {
  type: "alert";
  data: AlertNews;
}

/** More happened to alerts than was sent: the list has to be asked for. */
export interface AlertsMissedMessage {
  type: "alerts_missed";
  data: AlertsMissed;
}

export type Message = InitMessage | UpdateMessage | AlertMessage | AlertsMissedMessage;

export interface StreamEvents {
  message(message: Message): void;
  silent(reason: string): void; // no news for a while; the sensor may have said why
}

const PING_MS = 20_000;
const SILENT_MS = 5_000; // five updates missed
const DEAD_MS = 12_000; // then the socket is given up and opened anew
const RENEW_MS = 30_000;
const DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;

/** Keeps one connection until `stop`. */
export class Stream {
  private socket: WebSocket | undefined;
  private attempt = 0;
  private lastNews = Date.now();
  private timers: number[] = [];
  private retry = 0;
  private renewedAt = 0;

  constructor(
    private readonly url: string,
    private readonly events: StreamEvents,
  ) {}

  start(): void {
    if (this.timers.length > 0) return;
    this.lastNews = Date.now();
    this.attempt = 0;
    this.open();
    this.timers = [
      window.setInterval(() => this.socket?.readyState === WebSocket.OPEN && this.socket.send("ping"), PING_MS),
      window.setInterval(() => this.watch(), 1_000),
    ];
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    clearTimeout(this.retry);
    this.close();
  }

  /** Begin anew, for the history that a message left out; not more often than now and then. */
  renew(): void {
    const now = Date.now();
    if (!this.socket || now - this.renewedAt < RENEW_MS) return;
    this.renewedAt = now;
    this.close();
    this.open();
  }

  private open(): void {
    const socket = new WebSocket(this.url);
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.closed(socket, event.reason);
    this.socket = socket;
  }

  private receive(text: unknown): void {
    if (typeof text !== "string" || !text.startsWith("{")) return;
    this.lastNews = Date.now();
    this.attempt = 0;
    this.events.message(JSON.parse(text) as Message);
  }

  private closed(socket: WebSocket, reason: string): void {
    if (socket !== this.socket) return;
    this.socket = undefined;
    this.events.silent(reason);
    const delay = DELAYS_MS[Math.min(this.attempt, DELAYS_MS.length - 1)] ?? 15_000;
    this.attempt += 1;
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.open(), delay * (0.8 + 0.4 * Math.random()));
  }

  private watch(): void {
    const silence = Date.now() - this.lastNews;
    if (silence > SILENT_MS) this.events.silent("");
    if (silence <= DEAD_MS || !this.socket) return;
    this.lastNews = Date.now() - SILENT_MS; // time for the next connection to speak
    const dead = this.socket;
    dead.close();
    this.closed(dead, ""); // its own event may take minutes
  }

  private close(): void {
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }
}

/** Where the stream is, seen from this page. */
export function streamUrl(): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws`;
}
