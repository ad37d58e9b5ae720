import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { buildWasm } from "./tools/build-wasm.mjs";
import { guests, root } from "./tools/lib.mjs";
import { fileHandler } from "./tools/serve-files.mjs";

/** Without these two a page gets no shared memory. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Serves guest images at `guests/`: from the cache in dev, from dist/ in preview. */
function guestImages(): Plugin {
  const headers = { ...isolation, "Cross-Origin-Resource-Policy": "same-origin" };
  return {
    name: "tabvisor-guest-images",
    configureServer: (server) => {
      server.middlewares.use("/guests", fileHandler(guests, headers));
    },
    configurePreviewServer: (server) => {
      server.middlewares.use("/guests", fileHandler(join(root, "dist/guests"), headers));
    },
  };
}

/** Compiles assembly/ again when one of its files is saved; the new wasm file makes the page reload. */
function rebuildWasm(): Plugin {
  let building: Promise<unknown> = Promise.resolve();
  return {
    name: "tabvisor-rebuild-wasm",
    configureServer: (server) => {
      const folder = join(root, "assembly");
      server.watcher.add(folder);
      server.watcher.on("change", (path) => {
        if (!path.startsWith(folder) || !path.endsWith(".ts") || path.endsWith(".test.ts")) return;
        building = building
          .then(() => buildWasm())
          .then(() => server.ws.send({ type: "full-reload" }))
          .catch((error: unknown) => server.config.logger.error(String(error)));
      });
    },
  };
}

// The embedding API is a second entry with a fixed name: dist/tabvisor.js.
const embedding = join(root, "src/workers/client.ts");

export default defineConfig({
  base: "./",
  // A missing file is a 404, not the page: machines load kernels and disks by URL.
  appType: "mpa",
  cacheDir: ".cache/vite",
  plugins: [guestImages(), rebuildWasm()],
  worker: { format: "es" },
  server: { headers: isolation, watch: { ignored: ["**/.cache/**", "**/dist/**", "**/test-results/**"] } },
  preview: { headers: isolation },
  optimizeDeps: {
    include: ["@xterm/xterm", "@xterm/addon-fit", "@xterm/addon-search", "@xterm/addon-webgl", "comlink"],
  },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    sourcemap: true,
    // xterm.js alone comes close to the default limit of 500 kB.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      preserveEntrySignatures: "exports-only",
      input: { index: join(root, "index.html"), ...(existsSync(embedding) ? { tabvisor: embedding } : {}) },
      output: {
        entryFileNames: (chunk) => (chunk.name === "tabvisor" ? "tabvisor.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
