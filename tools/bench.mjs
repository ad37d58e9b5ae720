// `npm run bench`: runs the *.bench.ts files beside the code; names as arguments choose among them.
import { join } from "node:path";
import { root, run, runTool } from "./lib.mjs";
import { ensureWasm, installPackages } from "./setup.mjs";

await runTool(async () => {
  await installPackages();
  await ensureWasm();
  await run(process.execPath, [
    join(root, "node_modules/vitest/vitest.mjs"),
    "bench",
    "--run",
    ...process.argv.slice(2),
  ]);
});
