// Asking the sensor: one GET, one JSON answer, one error type with words in it.

import type { FlowRow, HostRow, TrafficPoint } from "./types";
import type { Filter } from "../lib/filter";
import { toSearch } from "../lib/filter";

/** Why a question was not answered, as a sentence. */
export class ApiError extends Error {}

export interface Page<Row> {
  count: number;
  data: Row[];
  next?: string;
}

const TIMEOUT_MS = 10_000;

async function get<Answer>(path: string): Promise<Answer> {
  const response = await answered(path);
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new ApiError(reason(response.status, body));
  if (body === undefined) throw new ApiError("The sensor's answer was cut short");
  return body as Answer;
}

async function answered(path: string): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(slow ? "The sensor did not answer within 10 s" : "The sensor does not answer");
  }
}

function reason(status: number, body: unknown): string {
  const detail = body && typeof body === "object" && "detail" in body ? body.detail : undefined;
  if (typeof detail === "string" && status !== 500) return detail.replace(/\.$/, "");
  return `The sensor answered with an error (${status})`;
}

export function getFlows(filter: Filter, limit: number, cursor = ""): Promise<Page<FlowRow>> {
  const search = new URLSearchParams(toSearch(filter));
  search.set("limit", String(limit));
  if (cursor) search.set("cursor", cursor);
  return get(`/api/v1/flows?${search}`);
}

export function getFlow(id: string): Promise<FlowRow> {
  return get(`/api/v1/flows/${id}`);
}

export function getHosts(limit: number): Promise<Page<HostRow>> {
  return get(`/api/v1/hosts?limit=${limit}`);
}

export function getTraffic(minutes: number, step: number): Promise<Page<TrafficPoint>> {
  return get(`/api/v1/traffic?minutes=${minutes}&step=${step}`);
}
