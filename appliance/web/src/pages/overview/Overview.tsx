// The first page: does the sensor see, what goes on now, who and where.

import { CountriesCard } from "./CountriesCard";
import { FlowsCard } from "./FlowsCard";
import { HealthCard } from "./HealthCard";
import { TalkersCard } from "./TalkersCard";
import { TrafficCard } from "./TrafficCard";
import { VerdictLine } from "./VerdictLine";

export function Overview() {
  return (
    <main id="main" class="overview" tabIndex={-1}>
      <VerdictLine />
      <div class="columns">
        <div class="column-main">
          <TrafficCard />
        </div>
        <div class="column-side">
          <HealthCard />
          <TalkersCard />
          <CountriesCard />
        </div>
        <div class="column-flows">
          <FlowsCard />
        </div>
      </div>
    </main>
  );
}
