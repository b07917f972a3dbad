// The latest flows: live until somebody looks closely, filtered by the server, older ones on demand.

import type { ComponentChildren } from "preact";
import { isEmpty } from "../../lib/filter";
import { clock } from "../../lib/time";
import { count, plural } from "../../lib/units";
import * as flows from "../../state/flows";
import { closeFlow, opened as openedFlow } from "../../state/opened";
import { health, isStale } from "../../state/sensor";
import { Card, Empty, Failure, Skeleton } from "../../ui/Card";
import { Icon } from "../../ui/Icon";
import { FilterBar } from "./FilterBar";
import { FlowDetails } from "./FlowDetails";
import { FlowTable } from "./FlowTable";

export function FlowsCard() {
  const load = flows.load.value;
  const rows = flows.list.value.rows;
  const opened = openedFlow.value;
  return (
    <div id="flows" class="anchor">
      <Card id="flows" title="Latest flows" note={<Note />} actions={<PauseButton />}>
        <FilterBar />
        {load.state === "failed" && (
          <Failure message={load.message} retry={() => void flows.reload()} kept={rows.length > 0} />
        )}
        {load.state === "loading" && <Skeleton rows={8} tall />}
        {load.state === "ready" && rows.length === 0 && <NoFlows />}
        {rows.length > 0 && <FlowTable />}
        {rows.length > 0 && <OlderButton />}
      </Card>
      {opened && <FlowDetails flow={opened} close={closeFlow} />}
    </div>
  );
}

/** What the list does right now. */
function Note() {
  const waiting = flows.list.value.waitingCount;
  if (waiting > 0 && (flows.held.value || isStale.value)) {
    return (
      <button type="button" class="new-flows" onClick={flows.showNew}>
        {count(waiting)} new, show
      </button>
    );
  }
  return <>{stateWords()}</>;
}

function stateWords(): ComponentChildren {
  if (flows.paused.value) return "paused";
  if (flows.browsing.value) return "standing still while you look back";
  if (flows.held.value) return "standing still while you look";
  return isEmpty(flows.filter.value) ? "newest on top" : "newest on top, filtered";
}

function PauseButton() {
  const paused = flows.paused.value;
  const resume = paused || flows.browsing.value;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={paused}
      onClick={() => (resume ? flows.showNew() : (flows.paused.value = true))}
    >
      <Icon name={resume ? "play" : "pause"} size={14} />
      {resume ? "Go on" : "Pause"}
    </button>
  );
}

/** An empty list says why it is empty. */
function NoFlows() {
  if (!isEmpty(flows.filter.value)) {
    return (
      <Empty>
        No stored flow matches.{" "}
        <button type="button" class="link" onClick={() => flows.setFilter({})}>
          Clear the filter
        </button>
      </Empty>
    );
  }
  const active = health.value?.flows_active ?? 0;
  return (
    <Empty>
      No flow has ended yet.{" "}
      {active > 0
        ? `${plural(active, "flow")} ${active === 1 ? "is" : "are"} going on; each appears here when it ends, at the latest after 5 minutes.`
        : "As soon as the sensor sees traffic, flows appear here."}
    </Empty>
  );
}

function OlderButton() {
  const rows = flows.list.value.rows;
  if (flows.full.value) return <p class="card-foot">More than 1 000 flows are best found with a filter.</p>;
  if (flows.atEnd.value) {
    const last = rows[rows.length - 1];
    return <p class="card-foot">That is all{last && `; the oldest ended at ${clock(last.end)}`}.</p>;
  }
  return (
    <div class="older">
      <button type="button" class="button" disabled={flows.loadingOlder.value} onClick={() => void flows.showOlder()}>
        {flows.loadingOlder.value ? "Looking" : "Older flows"}
      </button>
    </div>
  );
}
