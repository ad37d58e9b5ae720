// This machine, in a headless Chromium.
import { append } from "../guest.mjs";
import { runInGuest } from "../lines.mjs";
import { missingChromium, openPage } from "./browser.mjs";

const bootPatience = 600_000;

/** In the page: passes the output of a console on. @param {string} name */
async function listen(name) {
  const machine = await globalThis.tabvisor.machine;
  const decoder = new TextDecoder();
  const write = (/** @type {Uint8Array} */ bytes) => globalThis.benchOutput(decoder.decode(bytes, { stream: true }));
  void machine.console(name).readable.pipeTo(new WritableStream({ write }));
}

/** In the page. @param {string} text */
async function type(text) {
  const machine = await globalThis.tabvisor.machine;
  const writer = machine.console("ttyS0").writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

/** Opens a machine by its query string; what `console` says arrives. @param {string} url @param {string} console */
async function open(url, console) {
  const browser = await openPage();
  const began = performance.now();
  await browser.page.goto(url);
  await browser.page.waitForFunction(() => globalThis.tabvisor?.machine !== undefined);
  await browser.page.evaluate(listen, console);
  return { ...browser, began };
}

/** Seconds from opening the page, in a browser that has cached nothing. @param {string} url @param {RegExp} ready */
async function boot(url, ready) {
  const { console, began, close } = await open(url, "hvc0");
  try {
    await console.waitFor(ready, bootPatience);
    return (performance.now() - began) / 1000;
  } finally {
    await close();
  }
}

/** @typedef {import("../peers.mjs").Context} Context */

/** @param {string} name @param {string} title @param {(context: Context) => string} siteOf @returns {import("../peers.mjs").Peer} */
const machineOf = (name, title, siteOf) => ({
  name,
  title,
  architectures: ["amd64", "i386"],
  missing: missingChromium,
  boots: {
    tiny: (context) => boot(`${siteOf(context)}/?image=tiny&m=512&jit=${context.jit}`, /tabvisor: shell ready/),
    debian: (context) => boot(`${siteOf(context)}/?image=debian&m=512&jit=${context.jit}`, /root@tabvisor:~# /),
  },
  open: async (architecture, context) => {
    const { guests, jit, kernel32 } = context;
    const guest = architecture === "i386" ? guests[kernel32] : guests.amd64;
    if (guest === undefined) throw new Error(`there is no guest for ${architecture}`);
    const kernel = guest.architecture === "amd64" ? "/guests/tiny/vmlinux" : "/bench/i386/bzImage";
    const query = new URLSearchParams({
      m: "512",
      kernel,
      initrd: `/bench/${guest.architecture}/bench-initrd`,
      append,
      jit,
    });
    const machine = await open(`${siteOf(context)}/?${query}`, "ttyS0");
    const { page, console, close } = machine;
    const send = (/** @type {string} */ text) => page.evaluate(type, text);
    await console.waitFor(/bench: ready\r?\n/, bootPatience).catch(async (error) => {
      await close();
      throw error;
    });
    return { run: (program, seconds) => runInGuest({ console, send }, architecture, program, seconds), close };
  },
});

export const tabvisor = machineOf("tabvisor", "Tabvisor", ({ server }) => server.base);

/** Another checkout: what a change has brought is seen best against the commit before it, in one run. */
export const before = machineOf("before", "before", ({ earlier }) => earlier?.base ?? "");
