// Takes ready images from a folder or URL (TABVISOR_GUESTS) for machines that
// cannot build them. The layout is that of .cache/guests: <image>/manifest.json.

import { open, cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isComplete, MANIFEST, readManifest, sha256 } from "./manifest.mjs";
import { megabytes, say, step } from "./progress.mjs";
import { BuildError } from "./run.mjs";

/** Blocks of zeros of this size stay holes in a downloaded disk. */
const BLOCK = 64 * 1024;

/** @param {string} from folder or URL @param {string} name @param {string} folder */
export async function useReadyImage(from, name, folder) {
  const isUrl = /^https?:\/\//.test(from);
  const source = isUrl ? `${from.replace(/\/+$/, "")}/${name}` : join(from, name);
  const there = isUrl ? JSON.parse((await fetchBytes(`${source}/${MANIFEST}`)).toString()) : await readManifest(source);
  if (there === undefined) throw new BuildError(`TABVISOR_GUESTS: no ${MANIFEST} in ${source}`);
  const here = await readManifest(folder);
  if (here?.key === there.key && here !== undefined && (await isComplete(folder, here))) {
    say(`${name} is up to date`);
    return;
  }
  const next = `${folder}.next`;
  await rm(next, { recursive: true, force: true });
  if (isUrl) await downloadImage(source, there, next);
  else await cp(source, next, { recursive: true });
  await verify(next, name);
  await rm(folder, { recursive: true, force: true });
  await rename(next, folder);
  say(`${name} taken from ${from}`);
}

/** @param {string} folder @param {string} name */
async function verify(folder, name) {
  const manifest = await readManifest(folder);
  if (manifest === undefined) throw new BuildError(`TABVISOR_GUESTS: ${name} has a ${MANIFEST} of another version`);
  for (const [file, expected] of Object.entries(manifest.files)) {
    if ((await sha256(join(folder, file))) !== expected.sha256) {
      throw new BuildError(`TABVISOR_GUESTS: ${name}/${file} does not have the checksum in ${MANIFEST}`);
    }
  }
}

/** @param {string} source @param {import("./manifest.mjs").Manifest} manifest @param {string} folder */
async function downloadImage(source, manifest, folder) {
  await mkdir(folder, { recursive: true });
  for (const [file, { size, gzipSize }] of Object.entries(manifest.files)) {
    const target = join(folder, file);
    const working = step(`${manifest.name}/${file} (${megabytes(gzipSize ?? size)})`);
    if (gzipSize === undefined) {
      await downloadFile(`${source}/${file}`, target, size, working);
    } else {
      await downloadFile(`${source}/${file}.gz`, `${target}.gz`, gzipSize, working);
      await writeFile(target, gunzipSync(await readFile(`${target}.gz`)));
    }
    working.done();
  }
  await writeFile(join(folder, MANIFEST), JSON.stringify(manifest, null, 2));
}

/** @param {string} url @param {string} path @param {number} size @param {import("./progress.mjs").Step} working */
async function downloadFile(url, path, size, working) {
  const body = (await request(url)).body;
  const file = await open(path, "w");
  try {
    let at = 0;
    for await (const bytes of body ?? []) {
      await writeSparse(file, bytes, at);
      at += bytes.length;
      working.percent((100 * at) / size);
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
    if (block.some((byte) => byte !== 0)) await file.write(block, 0, block.length, at + start);
  }
}

/** @param {string} url */
async function fetchBytes(url) {
  return Buffer.from(await (await request(url)).arrayBuffer());
}

/** @param {string} url */
async function request(url) {
  let answer;
  try {
    answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
  } catch (error) {
    throw new BuildError(`cannot load ${url}: ${/** @type {Error} */ (error).message}`);
  }
  if (!answer.ok) throw new BuildError(`cannot load ${url}: status ${answer.status}`);
  return answer;
}
