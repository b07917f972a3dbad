// A button that copies; where the browser refuses, it says so.

import { useSignal } from "@preact/signals";
import { copyText } from "../lib/copy";
import { Icon } from "./Icon";

const SHOWN_MS = 1_600;

export function CopyButton({ value, what, label }: { value: string; what: string; label?: string }) {
  const result = useSignal<"" | "copied" | "refused">("");
  const copy = async (event: MouseEvent): Promise<void> => {
    const button = event.currentTarget as HTMLElement;
    result.value = (await copyText(value, button.parentElement ?? document.body)) ? "copied" : "refused";
    setTimeout(() => (result.value = ""), SHOWN_MS);
  };
  const words = { "": label ?? "", copied: "Copied", refused: "Select and copy by hand" }[result.value];
  return (
    <span class="copy-box">
      <button type="button" class="copy" onClick={copy} title={`Copy ${what}`} aria-label={`Copy ${what}`}>
        <Icon name={result.value === "copied" ? "check" : "copy"} size={14} />
        {words && <span>{words}</span>}
      </button>
      <span class="sr" role="status">
        {result.value && words}
      </span>
    </span>
  );
}
