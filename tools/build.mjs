// `npm run build`: the static site in dist/, guest images included (`--without-guests` leaves them out), and beside it
// the embedding API: dist/tabvisor.js with its types in dist/types/.
import { copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { cache, Explained, guests, isMain, progress, root, run, runTool } from "./lib.mjs";
import { checkNode, ensureGuests, ensureWasm, installPackages } from "./setup.mjs";

const dist = join(root, "dist");

/** Hard links where the file system allows it: disk images are large. @param {string} from @param {string} to */
function linkOrCopy(from, to) {
  const [source, target] = [statSync(from), statSync(to, { throwIfNoEntry: false })];
  if (target && target.ino === source.ino && target.dev === source.dev) return;
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** @param {string} from @param {string} to */
function linkTree(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith(".")) continue;
    const source = join(from, name);
    if (statSync(source).isDirectory()) linkTree(source, join(to, name));
    else linkOrCopy(source, join(to, name));
  }
}

/**
 * Bundles the page into dist/ and puts the guest images that exist beside it.
 * Without `clean` files of earlier builds stay, so that a page that is being tested from dist/ does not lose its own.
 */
export async function bundle({ withGuests = true, clean = true } = {}) {
  const { build } = await import("vite");
  await build({ root, logLevel: "warn", build: { emptyOutDir: clean } });
  if (withGuests && existsSync(guests)) linkTree(guests, join(dist, "guests"));
  progress("dist/: ready");
}

/** The declarations that the type checker writes anyway, for those who embed the package. */
async function declarations() {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b"]);
  const wanted = (/** @type {string} */ path) => statSync(path).isDirectory() || /(?<!\.test)\.d\.ts$/.test(path);
  for (const folder of ["src", "assembly"]) {
    cpSync(join(cache, "tsc", folder), join(dist, "types", folder), { recursive: true, filter: wanted });
  }
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    const withGuests = !process.argv.includes("--without-guests");
    checkNode();
    await installPackages();
    await ensureWasm();
    if (withGuests && !(await ensureGuests())) {
      throw new Explained("the guest images were not built; `npm run build -- --without-guests` leaves them out");
    }
    await bundle({ withGuests });
    await declarations();
  });
}
