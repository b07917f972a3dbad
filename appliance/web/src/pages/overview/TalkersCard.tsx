// Who moved most in the last hour. Every row leads to its flows.

import type { Talker } from "../../api/types";
import { countryName } from "../../lib/country";
import { plural, size, text } from "../../lib/units";
import { showFlowsOf } from "./jump";
import { names } from "../../state/names";
import { talkers } from "../../state/sensor";
import { SplitBar } from "../../ui/Bar";
import { Card, Empty, Skeleton } from "../../ui/Card";

const ROWS = 8;

export function TalkersCard() {
  const all = talkers.value;
  return (
    <Card id="talkers" title="Top talkers" note="last hour">
      {all === null ? <Skeleton rows={6} tall /> : all.length === 0 ? <Empty>No flow has ended in the last hour.</Empty> : <Rows all={all} />}
    </Card>
  );
}

function totalOf(one: Talker): number {
  return one.bytes_in + one.bytes_out;
}

function Rows({ all }: { all: readonly Talker[] }) {
  const most = Math.max(1, ...all.map(totalOf));
  return (
    <ol class="ranking">
      {all.slice(0, ROWS).map((one) => (
        <li key={one.ip}>
          <Row one={one} name={one.name || (names.value.get(one.ip) ?? "")} share={totalOf(one) / most} />
        </li>
      ))}
    </ol>
  );
}

function Row({ one, name, share }: { one: Talker; name: string; share: number }) {
  return (
    <button type="button" onClick={() => showFlowsOf("address", one.ip)} title={titleOf(one)}>
      <span class="rank-name">
        <bdi>{name || one.ip}</bdi>
      </span>
      <span class="rank-value">{text(size(totalOf(one)))}</span>
      <span class="rank-sub">
        {name && <bdi class="mono">{one.ip}</bdi>} <bdi>{place(one, name)}</bdi>
      </span>
      <span class="rank-aside">{plural(one.flows, "flow")}</span>
      <SplitBar down={one.bytes_in} up={one.bytes_out} share={share} />
    </button>
  );
}

function place(one: Talker, name: string): string {
  if (one.local) return name ? "" : "on this network";
  return [one.org, countryName(one.country)].filter((part) => part && part !== "Unknown").join(", ");
}

function titleOf(one: Talker): string {
  return `${text(size(one.bytes_in))} received, ${text(size(one.bytes_out))} sent. Show its flows`;
}
