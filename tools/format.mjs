// `npm run format` formats all files; `--check` only names those that differ.
// Prettier's TypeScript parser refuses AssemblyScript's decorators on functions and constants, so these are turned
// into comments for the time of formatting.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { exitCode, isMain, listFiles, root, runTool } from "./lib.mjs";

/** @param {string} text */
export function hideDecorators(text) {
  return text.replace(/^([ \t]*)@(\w+(?:\([^()\n]*\))?)[ \t]*$/gm, "$1//@decorator $2");
}

/** @param {string} text */
export function showDecorators(text) {
  return text.replace(/^([ \t]*)\/\/@decorator (.*)$/gm, "$1@$2");
}

const isAssemblyScript = (/** @type {string} */ path) =>
  path.endsWith(".ts") && !/\.(test|bench)\.ts$|\.generated\.|[\\/](layout|generated)[\\/]/.test(path);

/** @param {boolean} check @returns {Promise<number>} files that differ or cannot be read */
async function formatAssemblyScript(check) {
  const prettier = await import("prettier");
  let faults = 0;
  for (const path of listFiles(["assembly"], isAssemblyScript)) {
    const text = readFileSync(path, "utf8");
    const options = { ...(await prettier.resolveConfig(path)), filepath: path };
    try {
      const formatted = showDecorators(await prettier.format(hideDecorators(text), options));
      if (formatted === text) continue;
      if (!check) writeFileSync(path, formatted);
    } catch (error) {
      process.stderr.write(`${error}\n`);
    }
    if (!check) continue;
    faults++;
    process.stderr.write(`[warn] ${relative(root, path)}\n`);
  }
  return faults;
}

/** @param {{ check: boolean }} options @returns {Promise<boolean>} */
export async function format({ check }) {
  const prettier = join(root, "node_modules/prettier/bin/prettier.cjs");
  const code = await exitCode(process.execPath, [prettier, check ? "--check" : "--write", "--log-level", "warn", "."]);
  return (await formatAssemblyScript(check)) === 0 && code === 0;
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    if (!(await format({ check: process.argv.includes("--check") }))) process.exitCode = 1;
  });
}
