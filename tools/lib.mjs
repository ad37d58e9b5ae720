// Small parts that all tools share: the repository's root, progress lines, input stamps, child processes.
// Plain Node without packages: `npm start` and `npm test` use it before anything is installed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const cache = join(root, ".cache");
export const guests = join(cache, "guests");

/** A failure that is explained to the user by its message alone, without a stack. */
export class Explained extends Error {}

/** @param {string} message */
export function progress(message) {
  process.stdout.write(`[tabvisor] ${message}\n`);
}

/**
 * All files at or below the paths, sorted; a path that does not exist is left out.
 * @param {string[]} paths relative to the root
 * @param {(path: string) => boolean} [wanted]
 */
export function listFiles(paths, wanted = () => true) {
  /** @type {string[]} */
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) {
      if (wanted(path)) found.push(path);
      return;
    }
    for (const name of readdirSync(path)) if (name !== "node_modules") visit(join(path, name));
  };
  for (const path of paths) visit(join(root, path));
  return found.sort();
}

/**
 * One hash over names and contents of files and over extra words (flags, versions).
 * @param {string[]} files absolute paths
 * @param {string[]} [words]
 */
export function hashOf(files, words = []) {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\0`);
  for (const file of files) {
    hash.update(`${relative(root, file)}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

/**
 * Runs a step only when its inputs have changed since it last succeeded or one of its outputs is missing.
 * @param {{ name: string, hash: string, outputs: string[], run: () => unknown }} step
 * @returns {Promise<boolean>} whether it ran
 */
export async function once({ name, hash, outputs, run }) {
  const stamp = join(cache, "stamps", name);
  const fresh = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (fresh && outputs.every((output) => existsSync(join(root, output)))) return false;
  await run();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}

/**
 * Runs a program with our standard streams; resolves with its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function exitCode(program, args, options = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, stdio: "inherit", ...options });
    child.on("error", fail);
    child.on("exit", (code, signal) => done(code ?? (signal ? 1 : 0)));
  });
}

/**
 * Runs a program; a failure stops the tool.
 * @param {string} program
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export async function run(program, args, options) {
  const code = await exitCode(program, args, options);
  if (code !== 0) throw new Explained(`${[program, ...args].join(" ")} ended with code ${code}`);
}

/**
 * The entry of a tool: explained failures are printed as one message.
 * @param {() => Promise<unknown>} main
 */
export async function runTool(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Explained)) throw error;
    process.stderr.write(`[tabvisor] ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** @param {string} url import.meta.url of the caller */
export function isMain(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}
