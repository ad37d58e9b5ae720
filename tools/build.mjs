// `npm run build`: the static site in dist/, guest images included (`--without-guests` leaves them out).
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Explained, guests, isMain, progress, root, runTool } from "./lib.mjs";
import { checkNode, ensureGuests, ensureWasm, installPackages } from "./setup.mjs";

/** Hard links where the file system allows it: disk images are large. @param {string} from @param {string} to */
function linkOrCopy(from, to) {
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

/** Bundles the page into dist/ and puts the guest images that exist beside it. */
export async function bundle({ withGuests = true } = {}) {
  const { build } = await import("vite");
  await build({ root, logLevel: "warn" });
  const target = join(root, "dist/guests");
  rmSync(target, { recursive: true, force: true });
  if (withGuests && existsSync(guests)) linkTree(guests, target);
  progress("dist/: ready");
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
  });
}
