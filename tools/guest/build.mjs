// Builds the guest images from Debian packages into .cache/guests/<image>/.
// Run as `node tools/guest/build.mjs`; npm start and npm test do so too.

import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { constants, createGzip } from "node:zlib";
import { openApt } from "./apt.mjs";
import { loadImages, MTIME } from "./image.mjs";
import { buildInitramfs } from "./initramfs.mjs";
import { getKernel, unpackKernel } from "./kernel.mjs";
import { withLock } from "./lock.mjs";
import { imageKey, isComplete, readManifest, writeManifest } from "./manifest.mjs";
import { megabytes, say, step } from "./progress.mjs";
import { useReadyImage } from "./ready.mjs";
import { buildDisk } from "./rootfs.mjs";
import { BuildError } from "./run.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUTPUT = join(ROOT, ".cache", "guests");

const USAGE = `Usage: node tools/guest/build.mjs [image…] [--force]

Builds guest images from Debian packages into .cache/guests/<image>/ and does
nothing for those that are up to date. Without a name: all images.

  --force   build again, with the newest packages
  --help    show this text

Environment:
  TABVISOR_GUESTS     folder or URL with ready images, used instead of building
  SOURCE_DATE_EPOCH   time of the files in the images

Images:
`;

async function main() {
  const images = await loadImages();
  const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
  const names = process.argv.slice(2).filter((word) => !word.startsWith("-"));
  if (options.includes("--help")) {
    const list = [...images.values()].map(({ name, description }) => `  ${name.padEnd(10)}${description}\n`);
    process.stdout.write(USAGE + list.join(""));
    return;
  }
  for (const option of options) {
    if (option !== "--force") throw new BuildError(`unknown option ${option}; see --help`);
  }
  for (const name of names) {
    if (!images.has(name)) {
      throw new BuildError(`unknown image "${name}"; there are: ${[...images.keys()].join(", ")}`);
    }
  }
  const wanted = [...images.values()].filter(({ name, onDemand = false }) =>
    names.length === 0 ? !onDemand : names.includes(name),
  );
  await mkdir(OUTPUT, { recursive: true });
  await withLock(join(OUTPUT, ".lock"), async () => {
    for (const image of wanted) await provide(image, options.includes("--force"));
    await writeIndex(images);
  });
}

/** @param {import("./image.mjs").Image} image @param {boolean} force */
async function provide(image, force) {
  const ready = process.env["TABVISOR_GUESTS"];
  const folder = join(OUTPUT, image.name);
  if (ready) return useReadyImage(ready, image.name, folder);
  const manifest = force ? undefined : await readManifest(folder);
  if (manifest?.key === imageKey(image) && (await isComplete(folder, manifest))) {
    say(`${image.name} is up to date`);
    return;
  }
  // Built aside and renamed at the end, so that an interrupted build breaks nothing.
  const next = join(OUTPUT, `.${image.name}.next`);
  const scratch = join(OUTPUT, `.${image.name}.scratch`);
  for (const path of [next, scratch]) {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
  }
  await build(image, next, scratch, force);
  await rm(folder, { recursive: true, force: true });
  await rename(next, folder);
  await rm(scratch, { recursive: true, force: true });
  say(`${image.name} is ready in ${relative(process.cwd(), folder) || folder}`);
}

/**
 * @param {import("./image.mjs").Image} image
 * @param {string} target folder for the files
 * @param {string} scratch folder
 * @param {boolean} force
 */
async function build(image, target, scratch, force) {
  say(`building ${image.name}: ${image.description}`);
  const apt = await openApt(join(OUTPUT, ".apt"), image.architecture, force);
  const { packages, ...recordingApt } = recordPackages(apt);

  const kernel = await getKernel(recordingApt, image.kernel, scratch);
  await writeFile(join(target, "bzImage"), kernel.bzImage);
  await writeFile(join(target, "vmlinux"), await unpackKernel(kernel.bzImage));

  const packing = step(`${image.name}: initramfs`);
  const initrd = await buildInitramfs({
    ...image.initramfs,
    apt: recordingApt,
    kernel,
    scratch,
    mtime: MTIME,
  });
  await writeFile(join(target, "initrd"), initrd);
  packing.done(megabytes(initrd.length));

  if (image.rootfs !== undefined) {
    await buildDisk({
      apt: recordingApt,
      toolApt: apt,
      image: { ...image, rootfs: image.rootfs },
      kernel,
      scratch,
      mtime: MTIME,
      target: join(target, "disk.img"),
    });
  }
  const compressing = step(`${image.name}: compressing for the transfer`);
  for (const file of ["vmlinux", "initrd"]) await compress(join(target, file));
  compressing.done();
  await writeManifest(target, image, kernel, packages());
}

/** Notes each package that goes into the image. @param {import("./apt.mjs").Apt} apt */
function recordPackages(apt) {
  /** @type {Map<string, import("./apt.mjs").Package>} */
  const used = new Map();
  return {
    ...apt,
    download(/** @type {import("./apt.mjs").Package[]} */ wanted) {
      for (const entry of wanted) used.set(entry.name, entry);
      return apt.download(wanted);
    },
    packages: () => [...used.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** @param {string} path */
async function compress(path) {
  await pipeline(
    createReadStream(path),
    createGzip({ level: constants.Z_BEST_COMPRESSION }),
    createWriteStream(`${path}.gz`),
  );
}

/** A list of the images that are there, for the page. @param {Map<string, import("./image.mjs").Image>} images */
async function writeIndex(images) {
  const present = [];
  for (const { name, title, description } of images.values()) {
    if ((await readManifest(join(OUTPUT, name))) !== undefined) present.push({ name, title, description });
  }
  const path = join(OUTPUT, "index.json");
  await writeFile(`${path}.next`, `${JSON.stringify({ images: present }, null, 2)}\n`);
  await rename(`${path}.next`, path);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
