// Two machines of a kind in one page, joined by the kind's own network: what is measured.
import { openPagePair } from "../peers/browser.mjs";
import { getFirmware } from "../peers/v86.mjs";
import { appendFor } from "./guest.mjs";

/** @typedef {import("../programs.mjs").Architecture} Architecture */

const BOOT_PATIENCE = 600_000;
const RUN_PATIENCE = 180_000;

/** The machine that serves, and the one that measures. */
const ADDRESSES = ["10.1.1.1/24", "10.1.1.2/24"];

/**
 * @typedef {object} Pair
 * @property {(index: number, line: string) => Promise<string>} run a line in one of the guests; what it printed
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} PairPeer
 * @property {string} title
 * @property {Architecture} architecture of the guests
 * @property {(base: string) => Promise<Pair>} open
 */

/** @param {string} url @param {(page: import("@playwright/test").Page) => Promise<void>} begin @returns {Promise<Pair>} */
async function openPair(url, begin) {
  const { page, consoles, errors, close } = await openPagePair();
  try {
    await page.goto(url);
    await begin(page);
    for (const console of consoles) await console.waitFor(/bench: ready\r?\n/, BOOT_PATIENCE);
  } catch (error) {
    await close();
    throw new Error([error.message, ...errors].join("; "), { cause: error });
  }
  const run = async (/** @type {number} */ index, /** @type {string} */ line) => {
    await page.evaluate(
      ([which, text]) => globalThis.benchSend[which](text),
      /** @type {const} */ ([index, `${line}\n`]),
    );
    const found = await consoles[index]?.waitFor(/([^]*?)bench: end (\d+)\r?\n/, RUN_PATIENCE);
    if (found?.[2] !== "0") throw new Error(`"${line}" ended with ${found?.[2]}: ${found?.[1]}`);
    return found[1] ?? "";
  };
  return { run, close };
}

/** In the page: makes and starts the machines. @param {string[]} queries */
async function startMachines(queries) {
  const machines = await Promise.all(queries.map((query) => globalThis.tabvisor.Machine.create(query)));
  globalThis.benchSend = machines.map((machine, index) => {
    const { readable, writable } = machine.console("ttyS0");
    const decoder = new TextDecoder();
    const write = (/** @type {Uint8Array} */ bytes) =>
      globalThis.benchOutput(index, decoder.decode(bytes, { stream: true }));
    void readable.pipeTo(new WritableStream({ write }));
    const writer = writable.getWriter();
    return (/** @type {string} */ line) => writer.write(new TextEncoder().encode(line));
  });
  for (const machine of machines) await machine.start();
}

/** @param {Architecture} architecture @param {string} kernel @returns {PairPeer} */
const tabvisor = (architecture, kernel) => ({
  title: `Tabvisor, ${architecture} guests`,
  architecture,
  open: (base) => {
    const initrd = `/bench/${architecture}/network-initrd`;
    const queries = ADDRESSES.map((address) =>
      new URLSearchParams({
        m: "256",
        kernel,
        initrd,
        append: appendFor(address),
        nic: "socket,mcast=bench",
      }).toString(),
    );
    return openPair(base, async (page) => {
      await page.waitForFunction(() => globalThis.tabvisor !== undefined);
      await page.evaluate(startMachines, queries);
    });
  },
});

/** @type {PairPeer} */
const v86 = {
  title: "v86, i386 guests",
  architecture: "i386",
  open: async (base) => {
    await getFirmware();
    const query = new URLSearchParams(ADDRESSES.map((address) => ["append", appendFor(address)]));
    return openPair(`${base}/page/v86-pair.html?${query}`, async () => undefined);
  },
};

/** @type {PairPeer[]} */
export const pairPeers = [tabvisor("amd64", "/guests/tiny/vmlinux"), tabvisor("i386", "/bench/i386/bzImage"), v86];
