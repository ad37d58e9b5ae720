// Runs programs for the image builder: output is kept and shown only when the
// program fails, so that a good build prints one line per step.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A plain user's PATH often lacks the folders of mke2fs and chroot. */
const PATH = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);

/** How much of a failed program's output is shown. */
const SHOWN_LINES = 25;

/** A failure that the user can act on: shown without a stack trace. */
export class BuildError extends Error {}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, input?: Uint8Array,
 *   onStatus?: (line: string) => void, onLine?: (line: string) => void }} [options]
 *   `onStatus` gets what the program writes to file descriptor 3.
 * @returns {Promise<Buffer>} standard output
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      // C: messages and sort orders that do not depend on the user's language.
      env: { ...process.env, PATH, LC_ALL: "C", ...options.env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    /** @type {Buffer[]} */
    const out = [];
    /** @type {Buffer[]} */
    const both = [];
    child.stdout?.on("data", (bytes) => (out.push(bytes), both.push(bytes)));
    child.stderr?.on("data", (bytes) => both.push(bytes));
    onLines(child.stdout, options.onLine);
    onLines(child.stdio[3], options.onStatus);
    child.on("error", (error) => reject(new BuildError(`cannot run ${command}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out));
      const text = Buffer.concat(both).toString().trimEnd().split("\n").slice(-SHOWN_LINES);
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      reject(new BuildError(`${command} failed (${how}):\n  ${text.join("\n  ")}`));
    });
    // A program that ends without reading all of its input is judged by its status.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? new Uint8Array());
  });
}

/** @param {string} command @returns {boolean} */
export function isInstalled(command) {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {any} stream @param {((line: string) => void) | undefined} use */
function onLines(stream, use) {
  if (use === undefined) {
    stream?.resume();
    return;
  }
  let rest = "";
  stream?.on("data", (/** @type {Buffer} */ bytes) => {
    const lines = (rest + bytes.toString()).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(use);
  });
}
