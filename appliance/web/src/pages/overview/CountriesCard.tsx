// Where the traffic of the last hour went. What stays at home is counted apart.

import type { CountryRow } from "../../api/types";
import { countryName } from "../../lib/country";
import { percent, plural, size, text } from "../../lib/units";
import { showFlowsOf } from "./jump";
import { countries } from "../../state/sensor";
import { Card, Empty, Skeleton } from "../../ui/Card";

const ROWS = 7;

export function CountriesCard() {
  const all = countries.value;
  const abroad = all?.filter((row) => row.country !== "Local") ?? [];
  return (
    <Card id="countries" title="Countries" note="last hour">
      {all === null && <Skeleton rows={5} />}
      {all !== null && abroad.length === 0 && <Empty>Nothing left this network in the last hour.</Empty>}
      {abroad.length > 0 && <Rows rows={abroad} local={all?.find((row) => row.country === "Local")} />}
    </Card>
  );
}

function Rows({ rows, local }: { rows: readonly CountryRow[]; local: CountryRow | undefined }) {
  const sorted = [...rows].sort((one, other) => other.bytes - one.bytes);
  const total = sorted.reduce((sum, row) => sum + row.bytes, 0);
  const most = Math.max(1, sorted[0]?.bytes ?? 1);
  const rest = sorted.slice(ROWS);
  return (
    <>
      <ol class="shares">
        {sorted.slice(0, ROWS).map((row) => (
          <li key={row.country}>
            <button type="button" onClick={() => showFlowsOf("country", row.country)} title={`${plural(row.flows, "flow")}. Show them`}>
              <span class="share-bar" aria-hidden="true">
                <span style={{ width: `${(row.bytes / most) * 100}%` }} />
              </span>
              <span class="share-name">{countryName(row.country)}</span>
              <span class="share-part">{percent(row.bytes, total)}</span>
              <span class="share-value">{text(size(row.bytes))}</span>
            </button>
          </li>
        ))}
      </ol>
      <p class="card-foot">
        {rest.length > 0 && `${plural(rest.length, "more country", "more countries")}, ${text(size(sum(rest)))}. `}
        {local && `${text(size(local.bytes))} stayed on this network.`}
      </p>
    </>
  );
}

function sum(rows: readonly CountryRow[]): number {
  return rows.reduce((bytes, row) => bytes + row.bytes, 0);
}
