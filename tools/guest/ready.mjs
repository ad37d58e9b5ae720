// Takes ready images from a folder or URL (TABVISOR_GUESTS) for machines that
// cannot build them. The layout is that of .cache/guests: <image>/manifest.json.

import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isComplete, MANIFEST, parseManifest, readManifest, sha256 } from "./manifest.mjs";
import { megabytes, say, step } from "./progress.mjs";
import { BuildError } from "./run.mjs";

/** Blocks of zeros of this size stay holes in a copied disk. */
const BLOCK = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK);

/** @typedef {(file: string) => AsyncIterable<Uint8Array>} Source of the bytes of an image's files */

/** @param {string} from folder or URL @param {string} name @param {string} folder */
export async function useReadyImage(from, name, folder) {
  const place = from.includes("://") ? `${from.replace(/\/+$/, "")}/${name}` : join(from, name);
  /** @type {Source} */
  const source = (file) => readAll(place, file);
  const parts = [];
  for await (const bytes of source(MANIFEST)) parts.push(bytes);
  const there = parseManifest(Buffer.concat(parts).toString());
  if (there === undefined) throw new BuildError(`${place}/${MANIFEST} is not one that this version can read`);
  const here = await readManifest(folder);
  if (here?.key === there.key && (await isComplete(folder, here))) {
    say(`${name} is up to date`);
    return;
  }
  const next = `${folder}.next`;
  await rm(next, { recursive: true, force: true });
  await copyImage(source, there, next);
  await rm(folder, { recursive: true, force: true });
  await rename(next, folder);
  say(`${name} taken from ${from}`);
}

/** @param {Source} source @param {import("./manifest.mjs").Manifest} manifest @param {string} folder */
async function copyImage(source, manifest, folder) {
  await mkdir(folder, { recursive: true });
  for (const [file, expected] of Object.entries(manifest.files)) {
    const { size, gzipSize } = expected;
    const target = join(folder, file);
    const working = step(`${manifest.name}/${file} (${megabytes(gzipSize ?? size)})`);
    if (gzipSize === undefined) {
      await copyFile(source(file), target, (bytes) => working.percent((100 * bytes) / size));
    } else {
      await copyFile(source(`${file}.gz`), `${target}.gz`, (bytes) => working.percent((100 * bytes) / gzipSize));
      await writeFile(target, gunzipSync(await readFile(`${target}.gz`)));
    }
    if ((await sha256(target)) !== expected.sha256) {
      throw new BuildError(`${manifest.name}/${file} does not have the checksum in its ${MANIFEST}`);
    }
    working.done();
  }
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @param {AsyncIterable<Uint8Array>} from @param {string} path @param {(bytes: number) => void} report */
async function copyFile(from, path, report) {
  const file = await open(path, "w");
  try {
    let at = 0;
    for await (const bytes of from) {
      await writeSparse(file, bytes, at);
      at += bytes.length;
      report(at);
    }
    await file.truncate(at);
  } finally {
    await file.close();
  }
}

/** @param {import("node:fs/promises").FileHandle} file @param {Uint8Array} bytes @param {number} at */
async function writeSparse(file, bytes, at) {
  for (let start = 0; start < bytes.length; start += BLOCK) {
    const block = bytes.subarray(start, start + BLOCK);
    if (!ZEROS.subarray(0, block.length).equals(block)) await file.write(block, 0, block.length, at + start);
  }
}

/** @param {string} place @param {string} file @returns {AsyncIterable<Uint8Array>} */
async function* readAll(place, file) {
  try {
    if (!place.includes("://")) return yield* createReadStream(join(place, file), { highWaterMark: 1 << 20 });
    // No compression in the transfer: sizes and progress are those of the file.
    const answer = await fetch(`${place}/${file}`, { headers: { "accept-encoding": "identity" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    yield* answer.body ?? [];
  } catch (error) {
    throw new BuildError(`TABVISOR_GUESTS: cannot read ${place}/${file}: ${/** @type {Error} */ (error).message}`);
  }
}
