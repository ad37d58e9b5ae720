// Bundles the machine model for Node into .cache/run, when its sources have changed.
import { join } from "node:path";
import { hashOf, listFiles, once, root } from "../lib.mjs";

const entries = {
  machine: "src/machine/machine.ts",
  single_thread: "src/machine/single_thread.ts",
  resolve_config: "src/shared/resolve_config.ts",
  query_string: "src/shared/query_string.ts",
  guest_image: "src/shared/guest_image.ts",
  config_issue: "src/shared/config_issue.ts",
  log: "src/shared/log.ts",
  inspect: "src/workers/inspect.ts",
  layout_cpu: "assembly/layout/cpu.ts",
};

const folder = ".cache/run";

/** The modules by name. @returns {Promise<Record<keyof typeof entries, any>>} */
export async function loadModel() {
  const sources = listFiles(["src", "assembly/layout"], (path) => path.endsWith(".ts") && !path.includes(".test."));
  const names = Object.keys(entries);
  await once({
    name: "run-bundle",
    hash: hashOf([...sources, ...listFiles(["tools/run/bundle.mjs"])]),
    outputs: names.map((name) => `${folder}/${name}.js`),
    run: bundle,
  });
  const modules = await Promise.all(names.map((name) => import(join(root, folder, `${name}.js`))));
  return /** @type {any} */ (Object.fromEntries(names.map((name, i) => [name, modules[i]])));
}

async function bundle() {
  const { build } = await import("vite");
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: true,
      outDir: folder,
      minify: false,
      emptyOutDir: true,
      target: "node20",
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
        output: { entryFileNames: "[name].js", chunkFileNames: "chunk-[hash].js" },
      },
    },
  });
}
