// `npm test`: brings a bare clone up to date and runs all suites, or those that are named:
// `node tools/test.mjs [--full] [check] [unit] [e2e]`. Each suite ends in a line "N passed, N failed".
import { join } from "node:path";
import { findChromium } from "./chromium.mjs";
import { check } from "./check.mjs";
import { exitCode, Explained, progress, root, runTool } from "./lib.mjs";
import { checkNode, ensureGuests, ensureWasm, installPackages } from "./setup.mjs";

/** @param {string} path below node_modules @param {string[]} args @param {Record<string, string>} env */
async function passes(path, args, env) {
  const options = { env: { ...process.env, ...env } };
  return (await exitCode(process.execPath, [join(root, "node_modules", path), ...args], options)) === 0;
}

/** Modes of the translator in which whole machines are tested; a single one is chosen by the variable. */
function jitModes(/** @type {boolean} */ full) {
  const chosen = process.env["TABVISOR_JIT"];
  if (chosen) return [chosen];
  return full ? ["on", "off", "force"] : ["on"];
}

/** @param {Record<string, string>} env */
async function endToEnd(env) {
  const more = env["TABVISOR_FULL"] === "1" ? ["desktop", "tiny-i386", "tiny-i386-nopae", "lab"] : [];
  if (!(await ensureGuests(more)))
    throw new Explained("the guest images, which the end-to-end tests boot, were not built");
  const chromium = await findChromium({ install: true });
  progress(`chromium: ${chromium}`);
  let passed = true;
  for (const mode of jitModes(env["TABVISOR_FULL"] === "1")) {
    progress(`translator: ${mode}`);
    const settings = { ...env, CHROMIUM: chromium, TABVISOR_JIT: mode };
    passed = (await passes("@playwright/test/cli.js", ["test", "-c", "e2e"], settings)) && passed;
  }
  return passed;
}

/** @type {Record<string, (env: Record<string, string>) => Promise<boolean>>} */
const suites = {
  check,
  unit: (env) => passes("vitest/vitest.mjs", ["run"], env),
  e2e: endToEnd,
};

await runTool(async () => {
  const words = process.argv.slice(2);
  const full = words.includes("--full");
  const named = words.filter((word) => word !== "--full");
  const unknown = named.find((word) => !(word in suites));
  if (unknown) throw new Explained(`there is no suite "${unknown}"; there are: ${Object.keys(suites).join(", ")}`);
  checkNode();
  await installPackages();
  await ensureWasm();
  const failed = [];
  for (const [name, suite] of Object.entries(suites)) {
    if (named.length > 0 && !named.includes(name)) continue;
    progress(`suite: ${name}`);
    if (!(await suite({ TABVISOR_FULL: full ? "1" : "0" }))) failed.push(name);
  }
  if (failed.length > 0) throw new Explained(`failed: ${failed.join(", ")}`);
  progress("all suites passed");
});
