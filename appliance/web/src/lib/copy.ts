// Copying without the clipboard API: a page on plain http has none.

/** Copy a text; false if the browser refuses both ways. `host` is where a field may stand for a moment. */
export async function copyText(value: string, host: HTMLElement): Promise<boolean> {
  if (window.isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(value);
      return true;
    } catch {
      // refused, by a policy or because the page is not in front: try the old way
    }
  }
  return copyBySelection(value, host);
}

function copyBySelection(value: string, host: HTMLElement): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = value;
  field.readOnly = true;
  field.className = "offstage";
  field.setAttribute("aria-hidden", "true");
  host.append(field); // inside an open dialog nothing outside can take the focus
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
