// `npm run bench`: the same programs natively, under QEMU TCG, in Tabvisor and in v86 (tools/bench/options.mjs).
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./build.mjs";
import { writeDocs } from "./bench/docs.mjs";
import { makeGuests } from "./bench/guest.mjs";
import { parseOptions, usage } from "./bench/options.mjs";
import { peers as allPeers } from "./bench/peers.mjs";
import { buildPrograms } from "./bench/programs.mjs";
import { asJson, asText, tables } from "./bench/report.mjs";
import { listRows, measure } from "./bench/run.mjs";
import { BuildError } from "./guest/run.mjs";
import { startServer } from "./bench/server.mjs";
import { Explained, progress, runTool } from "./lib.mjs";
import { ensureWasm, installPackages } from "./setup.mjs";

/** The peers that were asked for and can take part. @param {string[]} wanted @param {(text: string) => void} note */
async function choosePeers(wanted, note) {
  const chosen = [];
  for (const peer of allPeers.filter(({ name }) => wanted.includes(name))) {
    const reason = await peer.missing();
    if (reason === undefined) chosen.push(peer);
    else note(`${peer.name} is left out: ${reason}`);
  }
  if (chosen.length === 0) throw new Explained("no peer can take part");
  return chosen;
}

/** What a reader needs to know to judge the numbers. @param {import("./bench/options.mjs").Options} options */
function describeRun(options) {
  const version = (/** @type {string} */ program, /** @type {string[]} */ args) => {
    try {
      return execFileSync(program, args, { encoding: "utf8" }).split("\n")[0];
    } catch {
      return undefined;
    }
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: version("git", ["rev-parse", "--short", "HEAD"]),
    processor: cpus()[0]?.model,
    processors: cpus().length,
    qemu: version("qemu-system-x86_64", ["--version"]),
    compiler: version("gcc", ["--version"]),
    rounds: options.rounds,
    jit: options.jit,
  };
}

/** Failures of the image builder, which the programs and guests are made with, are explained too. @param {unknown} error @returns {never} */
function explain(error) {
  throw error instanceof BuildError ? new Explained(error.message) : error;
}

await runTool(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  /** @type {string[]} */
  const notes = [];
  const note = (/** @type {string} */ text) => {
    notes.push(text);
    progress(text);
  };
  await installPackages();
  const wanted = options.before === undefined ? options.peers : [...options.peers, "before"];
  const peers = await choosePeers(wanted, note);
  if (options.before !== undefined && !existsSync(join(options.before, "dist/index.html")))
    throw new Explained(`--before ${options.before}: there is no dist/ in it; run "npm run build" there`);
  await buildPrograms(options.arch).catch(explain);
  const guests = await makeGuests(options.arch).catch(explain);
  if (peers.some(({ name }) => name === "tabvisor")) {
    await ensureWasm();
    await bundle({ clean: false });
  }
  const rows = listRows(options);
  if (rows.length === 0) throw new Explained(`--only ${options.only.join(",")}: there is no such group or program`);
  const server = await startServer();
  const earlier = options.before === undefined ? undefined : await startServer(options.before);
  const { jit, kernel32 } = options;
  try {
    await measure(rows, peers, options, { guests, server, earlier, note, jit, kernel32 });
  } finally {
    server.close();
    earlier?.close();
  }
  const about = { ...describeRun(options), notes };
  process.stdout.write(`\n${tables(rows).map(asText).join("\n\n")}\n`);
  for (const text of notes) process.stdout.write(`note: ${text}\n`);
  if (options.json !== undefined) writeFileSync(options.json, asJson(rows, about));
  if (options.docs) writeDocs(rows, about);
});
