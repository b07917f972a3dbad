// The list of keys, and the switch that turns them off.

import { setShortcuts, sheetOpen, shortcutsOn } from "../state/session";
import { Dialog } from "../ui/Dialog";
import { SHORTCUTS } from "./keys";

export function KeySheet() {
  if (!sheetOpen.value) return null;
  return (
    <Dialog kind="box" label="Keyboard shortcuts" title="Keys" close={() => (sheetOpen.value = false)}>
      <dl class="keys-list">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={shortcutsOn.value} onChange={(event) => setShortcuts(event.currentTarget.checked)} />
        Single keys act
      </label>
    </Dialog>
  );
}
