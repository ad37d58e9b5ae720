// The page's entry.
import "@xterm/xterm/css/xterm.css";
import "./ui/styles.css";
import { App } from "./ui/app";
import { ensureIsolation } from "./ui/isolation";
import { isolationPage } from "./ui/messages";

const root = document.querySelector<HTMLElement>("#app");
if (root === null) throw new Error("the page has no #app");
const isolation = await ensureIsolation();
if (isolation === "isolated") await new App(root).open(globalThis.location.search);
else if (isolation !== "reloading") root.replaceChildren(isolationPage(isolation));
