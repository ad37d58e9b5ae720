// The host itself.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busyboxPath } from "../guest.mjs";
import { parseResult } from "../lines.mjs";
import { programPath } from "../programs.mjs";

/** @type {import("../peers.mjs").Peer} */
export const native = {
  name: "native",
  title: "native",
  architectures: ["amd64", "i386"],
  missing: async () =>
    process.platform === "linux" && process.arch === "x64" ? undefined : "the host is no x86-64 Linux",
  boots: {},
  open: async (architecture) => {
    const scratch = mkdtempSync(join(tmpdir(), "bench-"));
    return {
      run: (program, seconds) => execute(architecture, program, seconds, scratch),
      close: async () => rmSync(scratch, { recursive: true, force: true }),
    };
  },
};

/** @param {import("../programs.mjs").Architecture} architecture @param {string} program @param {number} seconds @param {string} scratch */
function execute(architecture, program, seconds, scratch) {
  return new Promise((resolve) => {
    const began = performance.now();
    const environment = { ...process.env, BENCH_BUSYBOX: busyboxPath(architecture), BENCH_SCRATCH: scratch };
    const child = spawn(programPath(architecture), [program], {
      env: environment,
      timeout: seconds * 1000,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    child.stderr.on("data", (bytes) => (output += bytes));
    child.on("error", (error) => resolve({ error: `failed: ${error.message}` }));
    child.on("close", (_code, signal) => {
      if (signal === "SIGKILL") resolve({ error: "timed out" });
      else resolve({ ...parseResult(output, program, output), elapsed: (performance.now() - began) / 1000 });
    });
  });
}
