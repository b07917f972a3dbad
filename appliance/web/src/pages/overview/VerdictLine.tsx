// The first thing on the page: one sentence, its mark, and what stands behind it.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { currentVerdict } from "../../state/sensor";
import { Icon, type IconName } from "../../ui/Icon";
import type { Tone } from "../../lib/verdict";

const MARKS: Readonly<Record<Tone, IconName>> = { ok: "check", warn: "warn", blind: "eyeoff", wait: "wait" };
const WORDS: Readonly<Record<Tone, string>> = {
  ok: "All is seen.",
  warn: "Attention.",
  blind: "The sensor cannot see everything.",
  wait: "Please wait.",
};

export function VerdictLine() {
  const { tone, title, lines = [title], details } = currentVerdict.value;
  return (
    <div class={`verdict ${tone}`}>
      <span class="verdict-mark">
        <Icon name={MARKS[tone]} size={20} />
      </span>
      <div>
        <h1>
          {lines.map((line, at) => (
            <span key={at} class="line">
              {at > 0 && " "}
              {line}
            </span>
          ))}
        </h1>
        {details.map((detail) => (
          <p key={detail}>{detail}</p>
        ))}
      </div>
      <Announcer tone={tone} title={title} />
    </div>
  );
}

/** Says aloud when the verdict changes its kind; the figures in it change every second and are not read out. */
function Announcer({ tone, title }: { tone: Tone; title: string }) {
  const said = useSignal("");
  useEffect(() => {
    said.value = tone === "ok" ? WORDS.ok : `${WORDS[tone]} ${title}`;
  }, [tone]);
  return (
    <p class="sr" role="status">
      {said}
    </p>
  );
}
