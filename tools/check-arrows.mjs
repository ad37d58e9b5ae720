// Checks the imports of src/ and assembly/ against tools/arrows.mjs, and that no files import each other in a loop.
// It reads text instead of syntax trees, since AssemblyScript's decorators on functions stop every TypeScript parser.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { arrows, typeArrows } from "./arrows.mjs";
import { listFiles, root } from "./lib.mjs";

/** @typedef {{ specifier: string, typeOnly: boolean }} Import */

/** @param {string} text @returns {Import[]} */
export function importsOf(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = /^\s*(?:import|export)\s+(type\s)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
  const expressions = /(?:\bimport\s*\(|\bnew\s+URL\s*\()\s*["']([^"']+)["']/g;
  return [
    ...[...code.matchAll(statements)].map((match) => ({ specifier: match[2] ?? "", typeOnly: match[1] !== undefined })),
    ...[...code.matchAll(expressions)].map((match) => ({ specifier: match[1] ?? "", typeOnly: false })),
  ];
}

/** @param {string} path @param {string} prefix */
function isAtOrBelow(path, prefix) {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** The longest room that holds the file. @param {string} file path without extension @returns {string | undefined} */
export function roomOf(file) {
  const rooms = Object.keys(arrows).filter((room) => isAtOrBelow(file, room));
  return rooms.sort((a, b) => b.length - a.length)[0];
}

/**
 * @param {string} from path without extension @param {string} to path without extension @param {boolean} typeOnly
 */
export function isAllowed(from, to, typeOnly) {
  const room = roomOf(from);
  if (room === undefined) return false;
  if (isAtOrBelow(to, room)) return true;
  if ((arrows[room] ?? []).some((allowed) => isAtOrBelow(to, allowed))) return true;
  return typeOnly && typeArrows.some(([importing, file]) => importing === room && file.test(to));
}

/** The first loop found, as the files along it. @param {Map<string, string[]>} graph @returns {string[] | undefined} */
export function findLoop(graph) {
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file @returns {string[] | undefined} */
  const visit = (file) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const loop = visit(next);
      if (loop) return loop;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const loop = visit(file);
    if (loop) return loop;
  }
  return undefined;
}

/** @param {string} path */
function bare(path) {
  return path.replace(/\.ts$/, "");
}

/** The imported file, relative to the root and without extension; undefined for what is not a source file. */
function resolveImport(/** @type {string} */ file, /** @type {string} */ specifier) {
  if (!specifier.startsWith(".")) return undefined;
  const path = bare(posix.join(posix.dirname(file), specifier));
  return existsSync(join(root, `${path}.ts`)) ? path : undefined;
}

/** @returns {{ files: number, faults: string[] }} */
export function checkArrows() {
  const wanted = (/** @type {string} */ path) => path.endsWith(".ts") && !/\.(test|bench|d)\.ts$/.test(path);
  const files = listFiles(["src", "assembly"], wanted).map((path) => relative(root, path).split(sep).join("/"));
  const faults = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const file of files) {
    const targets = [];
    for (const { specifier, typeOnly } of importsOf(readFileSync(join(root, file), "utf8"))) {
      const target = resolveImport(file, specifier);
      if (target === undefined) continue;
      if (!typeOnly) targets.push(target);
      if (!isAllowed(bare(file), target, typeOnly)) {
        faults.push(`${file}: ${roomOf(bare(file)) ?? dirname(file)} may not import ${target}`);
      }
    }
    graph.set(bare(file), targets);
  }
  const loop = findLoop(graph);
  if (loop) faults.push(`import loop: ${loop.join(" -> ")}`);
  return { files: files.length, faults };
}
