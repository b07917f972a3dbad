// Bottom of every page: version, and who made the data that names places.

import { attribution, health } from "../state/sensor";

/** Links come from the sensor's data files: only web addresses are taken. */
function isWeb(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

export function Footer() {
  const sources = attribution.value;
  return (
    <footer class="bottom">
      <p>
        Tracer Appliance {health.value?.version} · <a href="/licences.txt">Licences</a>
      </p>
      {sources.length > 0 && (
        <p>
          Data:{" "}
          {sources.map(({ name, notice, link, licence }, at) => (
            <span key={`${name} ${at}`}>
              {at > 0 && ", "}
              {isWeb(link) ? (
                <a href={link} rel="noreferrer" target="_blank">
                  {notice || name}
                </a>
              ) : (
                notice || name
              )}
              {licence && ` (${licence})`}
            </span>
          ))}
        </p>
      )}
    </footer>
  );
}
