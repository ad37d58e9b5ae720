// Builds assembly/ into build/tabvisor.wasm (release) and build/tabvisor.test.wasm (with the test-only exports), and
// writes the TypeScript types of their exports. Skips what is up to date. `--wat` also writes the text form.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitCode, Explained, hashOf, isMain, listFiles, once, progress, root, run, runTool } from "./lib.mjs";
import { withLock } from "./guest/lock.mjs";
import { exportTypes } from "./wasm-types.mjs";

const flags = [
  // -O3 takes three times as long on the run loop; no gain in speed could be measured so far.
  "-O2",
  // Inlining leaves the run loop 1,700 locals, which the engine keeps apart wherever paths meet; 16 do.
  "--runPasses",
  "coalesce-locals,reorder-locals",
  "--noAssert",
  "--runtime",
  "stub",
  "--use",
  "abort=",
  "--enable",
  "threads",
  "--enable",
  "simd",
  "--enable",
  "bulk-memory",
  "--importMemory",
  "--sharedMemory",
  "--importTable",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
  "--memoryBase",
  "1024",
  // AS201 warns of conversions from usize that would lose bits on wasm64, which we do not build for.
  "--disableWarning",
  "201",
  // AS112 warns that JavaScript cannot call functions with vectors: translated code can.
  "--disableWarning",
  "112",
];

const builds = [
  { name: "tabvisor", entry: "assembly/index.ts", types: "src/core/wasm_exports.generated.ts", type: "WasmExports" },
  {
    name: "tabvisor.test",
    entry: "assembly/testing.ts",
    types: "tests/wasm_exports.generated.ts",
    type: "TestWasmExports",
  },
];

const isaGenerator = "tools/isa/generate.mjs";

async function generateIsa() {
  if (!existsSync(join(root, isaGenerator))) return;
  await run(process.execPath, [isaGenerator]);
}

/** @param {{ name: string, entry: string, types: string, type: string }} build @param {boolean} wat */
async function compile(build, wat) {
  const wasm = `build/${build.name}.wasm`;
  // Renamed when complete: a test or server that reads the file meanwhile sees the old one.
  const unfinished = `build/${build.name}.${process.pid}.wasm`;
  progress(`compiling ${build.entry} -> ${wasm}`);
  const started = Date.now();
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const text = wat ? ["--textFile", `build/${build.name}.wat`] : [];
  const code = await exitCode(process.execPath, [asc, build.entry, "-o", unfinished, ...text, ...flags]);
  if (code !== 0) throw new Explained(`the AssemblyScript compiler refused ${build.entry}`);
  const bytes = readFileSync(join(root, unfinished));
  writeFileSync(join(root, build.types), exportTypes(bytes, build.type));
  renameSync(join(root, unfinished), join(root, wasm));
  progress(`${wasm}: ${bytes.length} bytes in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** @param {string} path */
function isSource(path) {
  return path.endsWith(".ts") && !/\.(test|bench)\.ts$/.test(path);
}

/** @param {{ wat?: boolean }} [options] */
export async function buildWasm({ wat = false } = {}) {
  await generateIsa();
  mkdirSync(join(root, "build"), { recursive: true });
  const makers = ["tools/build-wasm.mjs", "tools/wasm-types.mjs", "package-lock.json"];
  const hash = hashOf([...listFiles(["assembly"], isSource), ...listFiles(makers)]);
  // One compiler at a time on the machine, and one after the other: each is given a whole core.
  await withLock(join(root, "build/.lock"), async () => {
    for (const build of builds) {
      const outputs = [`build/${build.name}.wasm`, build.types, ...(wat ? [`build/${build.name}.wat`] : [])];
      await once({ name: `wasm-${build.name}`, hash, outputs, run: () => compile(build, wat) });
    }
  });
}

if (isMain(import.meta.url)) await runTool(() => buildWasm({ wat: process.argv.includes("--wat") }));
