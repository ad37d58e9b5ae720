// Boots a machine in one Node process, for debugging and for tests: `node tools/run/run.mjs --image tiny`.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setImmediate as nextTask } from "node:timers/promises";
import { Explained, guests, isMain, root, runTool } from "../lib.mjs";
import { fileHandler } from "../serve-files.mjs";
import { loadModel } from "./bundle.mjs";
import { localFile, parseArguments, usage } from "./options.mjs";

/** A web server for guest images and for files that were named on the command line, as the machine loads all by URL. */
async function serveFiles() {
  /** @type {Map<string, ReturnType<typeof fileHandler>>} */
  const mounts = new Map([["guests", fileHandler(guests)]]);
  const server = createServer((request, response) => {
    const [, mount = "", ...rest] = (request.url ?? "").split("/");
    const handler = mounts.get(mount);
    request.url = `/${rest.join("/")}`;
    const missing = () => response.writeHead(404).end();
    if (handler === undefined) missing();
    else handler(request, response, missing);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  server.unref();
  return {
    base,
    close: () => server.close(),
    /** URL of a file that the user named. */
    urlOf: (/** @type {string} */ name) => {
      const file = localFile(name);
      if (file === undefined) return name;
      const mount = `file${mounts.size}`;
      mounts.set(mount, fileHandler(file.folder));
      return `${base}/${mount}/${encodeURIComponent(file.name)}`;
    },
  };
}

/**
 * A machine that is ready to boot. `overrides` are parts of MachineHost.
 * @param {[string, string][]} parameters as in the query string
 * @param {{ event: (event: any) => void, log?: (entry: any) => void }} listeners
 */
export async function createMachine(parameters, listeners) {
  const model = await loadModel();
  const files = await serveFiles();
  const fail = (/** @type {any} */ issue) => {
    files.close();
    throw new Explained(model.config_issue.formatIssue(issue));
  };
  const query = new URLSearchParams(parameters).toString();
  const parsed = model.query_string.parseQuery(query);
  if (!parsed.ok) return fail(parsed.error);
  const image = parsed.value.image === undefined ? undefined : readImage(model, parsed.value.image);
  if (image !== undefined && !image.ok) return fail(image.error);
  const resolved = model.resolve_config.resolveConfig(parsed.value, {
    ...(image === undefined ? {} : { image: image.value }),
    resolveUrl: files.urlOf,
    imageUrl: (/** @type {string} */ name) => `${files.base}/guests/${parsed.value.image}/${name}`,
  });
  if (!resolved.ok) return fail(resolved.error);
  const wasm = join(root, "build/tabvisor.wasm");
  if (!existsSync(wasm)) throw new Explained("build/tabvisor.wasm is missing: npm run build:wasm");
  const created = await model.machine.MachineModel.create(resolved.value, {
    module: await WebAssembly.compile(readFileSync(wasm)),
    threads: "here",
    now: () => performance.now(),
    log: new model.log.Log("machine", listeners.log ?? (() => undefined)),
    event: listeners.event,
  });
  if (!created.ok) return fail(created.error);
  const machine = created.value;
  const thread = new model.single_thread.SingleThread(machine, { nextTask });
  const destroy = () => {
    thread.stop();
    machine.destroy();
    files.close();
  };
  return { model, machine, thread, destroy };
}

/** @param {Awaited<ReturnType<typeof loadModel>>} model @param {string} name */
function readImage(model, name) {
  const path = join(guests, name, "manifest.json");
  if (!existsSync(path)) throw new Explained(`there is no guest image ${name}: node tools/guest/build.mjs ${name}`);
  return model.guest_image.readGuestImage(name, JSON.parse(readFileSync(path, "utf8")));
}

/** Works through --expect and --type while output arrives. */
class Script {
  #seen = "";
  /** @param {import("./options.mjs").Step[]} steps @param {(text: string) => void} type @param {() => void} done */
  constructor(steps, type, done) {
    this.steps = [...steps];
    this.type = type;
    this.done = done;
  }

  /** @param {string} text */
  output(text) {
    this.#seen += text;
    this.advance();
  }

  advance() {
    for (let step = this.steps[0]; step !== undefined; step = this.steps[0]) {
      if (step.kind === "expect") {
        const at = this.#seen.indexOf(step.text);
        if (at < 0) return;
        this.#seen = this.#seen.slice(at + step.text.length);
      } else {
        this.type(step.text);
      }
      this.steps.shift();
    }
    this.done();
  }
}

/** @param {string[]} args */
async function main(args) {
  const options = parseArguments(args);
  if (options.switches.has("help")) {
    process.stdout.write(usage);
    return;
  }
  const note = (/** @type {string} */ text) => process.stderr.write(`[run] ${text}\n`);
  let shutdown = /** @type {number | undefined} */ (undefined);
  let stopping = false;
  const decoder = new TextDecoder();
  const { machine, thread, model, destroy } = await createMachine(options.machine, {
    log: (entry) => note(`${entry.level} ${entry.room}: ${entry.message}`),
    event: (event) => {
      if (event.type === "output") {
        const text = decoder.decode(event.bytes, { stream: true });
        if (!options.switches.has("quiet")) process.stdout.write(text);
        script.output(text);
      } else if (event.type === "shutdown") shutdown = event.code;
      else if (event.type === "reset") note(`reset (${event.reason})`);
      else if (event.type === "notice") note(`${event.level}: ${event.text}`);
    },
  });
  const hasVirtconsole = machine.config.devices.some((/** @type {any} */ device) => device.driver === "virtconsole");
  const console = options.console ?? (hasVirtconsole ? "hvc0" : "ttyS0");
  const type = (/** @type {string} */ text) => void machine.input(console, new TextEncoder().encode(text));
  const end = () => {
    stopping = true;
    thread.stop();
  };
  const stays = options.switches.has("stay") || options.switches.has("interactive") || options.steps.length === 0;
  const script = new Script(options.steps, type, () => {
    if (!stays) end();
  });
  const began = performance.now();
  const booted = await machine.boot();
  if (!booted.ok) {
    destroy();
    throw new Explained(model.config_issue.formatIssue(booted.error));
  }
  note(`loaded in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (options.switches.has("interactive")) attachTerminal(type, end);
  process.on("SIGINT", end);
  const timer = setTimeout(end, options.timeout * 1000);
  const started = performance.now();
  script.advance();
  await thread.run();
  clearTimeout(timer);
  report(model, machine, thread, performance.now() - started, options, note);
  if (shutdown !== undefined) note(`the guest shut down with code ${shutdown}`);
  const missing = script.steps[0];
  if (missing !== undefined) note(`not seen within ${options.timeout} s: ${JSON.stringify(missing.text)}`);
  if (missing !== undefined) process.exitCode = 1;
  else if (shutdown !== undefined) process.exitCode = shutdown;
  else if (!stopping) process.exitCode = 1;
  destroy();
}

/** @param {(text: string) => void} type @param {() => void} end */
function attachTerminal(type, end) {
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on("data", (bytes) => {
    if (bytes.length === 1 && bytes[0] === 0x1d) end();
    else type(bytes.toString());
  });
  process.stdin.unref();
}

/**
 * Guest speed and counters.
 * @param {any} model @param {any} machine @param {any} thread @param {number} wall
 * @param {import("./options.mjs").RunOptions} options @param {(text: string) => void} note
 */
function report(model, machine, thread, wall, options, note) {
  const { guest, plan } = machine.parts;
  const CPU_SIZE = model.layout_cpu.SIZE;
  for (let i = 0; i < plan.cpuCount; i++) {
    const cpu = model.inspect.inspectCpu(guest.data, plan.cpus + i * CPU_SIZE);
    const instructions = cpu.counters.instructions ?? 0;
    const mips = (busy) => (instructions / Math.max(busy, 1) / 1000).toFixed(1);
    note(
      `CPU ${i}: ${(instructions / 1e6).toFixed(1)} M instructions in ${(thread.busyMs / 1000).toFixed(1)} s ` +
        `(${mips(thread.busyMs)} MIPS awake, ${mips(wall)} over all), rip ${cpu.rip}`,
    );
    const { counters: devices, ...traffic } = machine.counters();
    const counters = Object.entries({ ...cpu.counters, ...traffic, ...devices }).filter(([, value]) => value !== 0);
    note(counters.map(([name, value]) => `${name} ${value}`).join(", "));
    const unknown = model.inspect.unimplementedOf(guest.data, plan.cpus + i * CPU_SIZE);
    if (unknown.count > 0) note(`unimplemented: ${unknown.bytes} at ${unknown.rip}`);
    if (!options.switches.has("cpu-state")) continue;
    for (const [name, value] of Object.entries(cpu.registers)) note(`${name.padEnd(6)} ${value}`);
  }
}

if (isMain(import.meta.url)) await runTool(() => main(process.argv.slice(2)));
