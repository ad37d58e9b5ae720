// `npm run check`: types, lint, import rules, format and dead code, all of them every time; ends in "N passed, N failed".
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkArrows } from "./check-arrows.mjs";
import { format } from "./format.mjs";
import { exitCode, isMain, progress, root, runTool } from "./lib.mjs";
import { ensureWasm } from "./setup.mjs";

/** @param {string} path below node_modules @param {string[]} args */
async function passes(path, args) {
  return (await exitCode(process.execPath, [join(root, "node_modules", path), ...args])) === 0;
}

/** The linter must also say that it read files: one that reads nothing finds nothing. */
function lint() {
  const args = [join(root, "node_modules/oxlint/bin/oxlint"), "--deny-warnings"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  const files = Number(/ on (\d+) files? /.exec(stdout)?.[1] ?? 0);
  if (status !== 0) process.stdout.write(stdout + stderr);
  if (files === 0) process.stdout.write("the linter read no files\n");
  return status === 0 && files > 0;
}

function importRules() {
  const { files, faults } = checkArrows();
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  if (files === 0) process.stdout.write("no source files were read\n");
  return files > 0 && faults.length === 0;
}

/** @type {[string, () => boolean | Promise<boolean>][]} */
const steps = [
  ["types", () => passes("typescript/bin/tsc", ["-b"])],
  ["lint", lint],
  ["import rules", importRules],
  ["format", () => format({ check: true })],
  ["dead code", () => passes("knip/bin/knip.js", ["--no-progress", "--no-config-hints"])],
];

/** @returns {Promise<boolean>} */
export async function check() {
  // Types of the module's exports are generated with it.
  await ensureWasm();
  let failed = 0;
  for (const [name, step] of steps) {
    const passed = await step();
    if (!passed) failed++;
    progress(`check: ${name}: ${passed ? "passed" : "FAILED"}`);
  }
  process.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
  return failed === 0;
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    if (!(await check())) process.exitCode = 1;
  });
}
