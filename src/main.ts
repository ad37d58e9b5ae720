// The page's entry.
import { ensureIsolation } from "./ui/isolation";

const isolation = await ensureIsolation();
const app = document.querySelector("#app");
if (app && isolation !== "reloading") app.textContent = isolation;
