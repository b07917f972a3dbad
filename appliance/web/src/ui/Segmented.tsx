// A few choices side by side, of which one holds.

interface SegmentedProps<Choice extends { key: string; label: string }> {
  name: string; // of the group, for screen readers
  choices: readonly Choice[];
  chosen: string;
  choose: (choice: Choice) => void;
}

export function Segmented<Choice extends { key: string; label: string }>(props: SegmentedProps<Choice>) {
  return (
    <div class="segmented" role="group" aria-label={props.name}>
      {props.choices.map((choice) => (
        <button
          key={choice.key}
          type="button"
          aria-pressed={choice.key === props.chosen}
          onClick={() => props.choose(choice)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}
