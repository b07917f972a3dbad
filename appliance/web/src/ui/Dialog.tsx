// The browser's own dialog: focus stays inside, Escape closes, focus returns to the opener.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";

interface DialogProps {
  title: ComponentChildren;
  label: string;
  kind: "panel" | "box"; // at the side, or in the middle
  close: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, label, kind, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) close();
  };
  return (
    <dialog ref={dialog} class={`dialog ${kind}`} aria-label={label} onCancel={close} onClick={onBackdrop}>
      <div class="dialog-inner">
        <header class="dialog-head">
          <h2>{title}</h2>
          <button type="button" class="icon-button" onClick={close} aria-label="Close" title="Close (Esc)">
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}
