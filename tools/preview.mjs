// Serves the built site as the end-to-end tests see it: `node tools/preview.mjs PORT`. Bundles it first.
import { bundle } from "./build.mjs";
import { ensureWasm } from "./setup.mjs";
import { progress, root, runTool } from "./lib.mjs";

await runTool(async () => {
  const port = Number(process.argv[2] ?? 4173);
  await ensureWasm();
  await bundle({ clean: false });
  const { preview } = await import("vite");
  await preview({ root, preview: { host: "127.0.0.1", port, strictPort: true } });
  progress(`serving dist/ at http://localhost:${port}/`);
});
