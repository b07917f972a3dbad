// One box that understands addresses, ports, names and countries; menus for what has few values; chips for what holds.

import { useSignal } from "@preact/signals";
import { DIRECTIONS, STATE_CODES, stateText } from "../../lib/connstate";
import { FIELD_WORDS, FIELDS, classify, isEmpty, valueText, withField, type Field } from "../../lib/filter";
import { filter, filterBy, setFilter } from "../../state/flows";
import { Icon } from "../../ui/Icon";

interface Choice {
  value: string;
  label: string;
}

const PROTOCOLS: readonly Choice[] = [
  { value: "tcp", label: "TCP" },
  { value: "udp", label: "UDP" },
  { value: "icmp", label: "ICMP" },
  { value: "ipv6-icmp", label: "ICMPv6" },
  { value: "sctp", label: "SCTP" },
];
const WAYS: readonly Choice[] = Object.entries(DIRECTIONS).map(([value, label]) => ({ value, label }));
const STATES: readonly Choice[] = STATE_CODES.map((value) => ({
  value,
  label: `${value} · ${stateText(value, "").word.toLowerCase()}`,
}));

export function FilterBar() {
  return (
    <div class="filters">
      <SearchBox />
      <Menu field="direction" any="Direction" choices={WAYS} />
      <Menu field="proto" any="Protocol" choices={PROTOCOLS} />
      <Menu field="state" any="State" choices={STATES} />
      <Chips />
    </div>
  );
}

function SearchBox() {
  const typed = useSignal("");
  const guess = classify(typed.value);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!guess) return;
    filterBy(guess.field, guess.value);
    typed.value = "";
  };
  const onKey = (event: KeyboardEvent): void => {
    const last = FIELDS.findLast((field) => filter.value[field] !== undefined);
    if (event.key === "Backspace" && typed.value === "" && last) filterBy(last, "");
    if (event.key === "Escape") typed.value = "";
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <Icon name="search" />
      <input
        id="flow-search"
        type="text"
        enterKeyHint="search"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        placeholder="Address, name, port, country"
        aria-label="Filter flows by address, name, port or country"
        aria-describedby="flow-search-hint"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <span id="flow-search-hint" class="search-hint">
        {guess && (
          <>
            {FIELD_WORDS[guess.field]} <b>{valueText(guess.field, guess.value)}</b> <kbd>Enter</kbd>
          </>
        )}
      </span>
    </form>
  );
}

function Menu({ field, any, choices }: { field: Field; any: string; choices: readonly Choice[] }) {
  const chosen = filter.value[field] ?? "";
  const known = chosen === "" || choices.some((choice) => choice.value === chosen);
  return (
    <select
      class={chosen ? "on" : ""}
      aria-label={FIELD_WORDS[field]}
      value={chosen}
      onChange={(event) => filterBy(field, event.currentTarget.value)}
    >
      <option value="">{chosen ? `Any ${any.toLowerCase()}` : any}</option>
      {!known && <option value={chosen}>{chosen}</option>}
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

function Chips() {
  if (isEmpty(filter.value)) return null;
  const held = FIELDS.filter((field) => filter.value[field] !== undefined);
  return (
    <ul class="chips" aria-label="Filters that hold">
      {held.map((field) => {
        const value = valueText(field, filter.value[field] ?? "");
        return (
          <li key={field}>
            <button
              type="button"
              class="chip"
              aria-label={`Remove the filter ${FIELD_WORDS[field]} ${value}`}
              onClick={() => setFilter(withField(filter.value, field, ""))}
            >
              <span class="muted">{FIELD_WORDS[field]}</span> <bdi>{value}</bdi>
              <Icon name="close" size={12} />
            </button>
          </li>
        );
      })}
      {held.length > 1 && (
        <li>
          <button type="button" class="link" onClick={() => setFilter({})}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
