// Where the page begins.

import { render } from "preact";
import { App } from "./app";
import { startKeys } from "./shell/keys";
import { start } from "./state/session";

const root = document.getElementById("app");
if (root) {
  start();
  startKeys();
  render(<App />, root);
}
