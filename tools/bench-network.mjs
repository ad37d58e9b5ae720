// `npm run bench:network`: iperf3 between two machines in one tab, in Tabvisor and in v86.
import { bundle } from "./build.mjs";
import { makeGuests } from "./bench/guest.mjs";
import { makeNetworkGuest } from "./bench/network/guest.mjs";
import { pairPeers } from "./bench/network/peers.mjs";
import { buildPrograms } from "./bench/programs.mjs";
import { median } from "./bench/report.mjs";
import { startServer } from "./bench/server.mjs";
import { Explained, progress, runTool } from "./lib.mjs";
import { ensureWasm, installPackages } from "./setup.mjs";

const ROUNDS = 3;
const SECONDS = 10;

/** What is measured, as options of the client. */
const directions = [
  { name: "one stream", options: "" },
  { name: "back", options: "-R" },
  { name: "four streams", options: "-P 4" },
];

/** Mbit/s that arrived, by the clock of the guest that measures. @param {string} output */
function received(output) {
  const lines = output.split(/\r?\n/).filter((line) => line.endsWith("receiver"));
  const rate = /([\d.]+) Mbits\/sec/.exec(lines.at(-1) ?? "")?.[1];
  if (rate === undefined) throw new Error(`iperf3 said nothing of a rate:\n${output}`);
  return Number(rate);
}

/** @param {import("./bench/network/peers.mjs").Pair} pair */
async function measurePair(pair) {
  try {
    return await ratesOf(pair);
  } finally {
    await pair.close();
  }
}

/** The rates of a pair, by direction. @param {import("./bench/network/peers.mjs").Pair} pair */
async function ratesOf({ run }) {
  await run(0, "iperf3 -s -D");
  /** @type {Record<string, number[]>} */
  const rates = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, options } of directions) {
      const began = performance.now();
      const rate = received(await run(1, `iperf3 -c 10.1.1.1 -f m -t ${SECONDS} ${options}`));
      const elapsed = (performance.now() - began) / 1000;
      // A guest whose clock runs slow would measure too much.
      if (elapsed > SECONDS * 1.5) progress(`${name}: ${SECONDS} s of the guest took ${elapsed.toFixed(1)} s`);
      (rates[name] ??= []).push(rate);
    }
  }
  return rates;
}

await runTool(async () => {
  await installPackages();
  const only = process.argv[2] ?? "";
  const peers = pairPeers.filter(({ title }) => title.toLowerCase().includes(only.toLowerCase()));
  if (peers.length === 0) throw new Explained(`there is no machine like "${only}"`);
  await buildPrograms(["amd64", "i386"]);
  await makeGuests(["amd64", "i386"]);
  for (const architecture of /** @type {const} */ (["amd64", "i386"])) await makeNetworkGuest(architecture);
  await ensureWasm();
  await bundle({ clean: false });
  const server = await startServer();
  try {
    for (const { title, open } of peers) {
      const rates = await measurePair(await open(server.base));
      const cells = Object.entries(rates).map(([name, all]) => `${name} ${median(all).toFixed(0)} (${all.join(", ")})`);
      progress(`${title}, Mbit/s: ${cells.join("; ")}`);
    }
  } finally {
    server.close();
  }
});
