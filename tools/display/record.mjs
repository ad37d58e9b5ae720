// Records what QEMU's QXL makes of the scenes and of the drawing operations of qxl-draw, for e2e/desktop.spec.ts to compare
// with: `node tools/display/record.mjs [FOLDER]`. Needs qemu-system-x86_64 with SPICE, whose server draws, and the image
// `desktop`. With a folder the pictures are left there too.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Explained, guests, progress, root, runTool } from "../lib.mjs";
import { after, before, scenes } from "./scenes.mjs";

const MINUTE = 60_000;
const image = join(guests, "desktop");
const results = join(root, "e2e/expected");
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => void setTimeout(resolve, ms));

/** @param {string} folder for the sockets */
function startQemu(folder) {
  const { append, memoryMb } = JSON.parse(readFileSync(join(image, "manifest.json"), "utf8"));
  const args = ["-m", String(memoryMb), "-nodefaults", "-display", "none", "-no-reboot"];
  args.push("-kernel", join(image, "vmlinux"), "-initrd", join(image, "initrd"), "-append", append);
  args.push("-drive", `file=${join(image, "disk.img")},if=virtio,format=raw,snapshot=on`);
  args.push("-device", "virtio-serial-pci", "-chardev", "stdio,id=console", "-device", "virtconsole,chardev=console");
  args.push("-device", "qxl-vga", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci");
  args.push("-spice", `unix=on,addr=${join(folder, "spice")},disable-ticketing=on`);
  args.push("-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`);
  return spawn("qemu-system-x86_64", args, { stdio: ["pipe", "pipe", "inherit"] });
}

/** The root shell on the virtio console. */
class Shell {
  #text = "";
  #commands = 0;
  #process;

  /** @param {ReturnType<typeof startQemu>} qemu */
  constructor(qemu) {
    this.#process = qemu;
    qemu.stdout.setEncoding("utf8").on("data", (text) => (this.#text += text));
  }

  /** @param {RegExp} pattern @param {number} timeout */
  async waitFor(pattern, timeout) {
    for (const end = Date.now() + timeout; Date.now() < end; await sleep(200)) {
      const found = pattern.exec(this.#text);
      if (found) return found;
      if (this.#process.exitCode !== null) throw new Explained("QEMU has ended");
    }
    throw new Explained(`the guest does not say ${String(pattern)}:\n${this.#text.slice(-1000)}`);
  }

  /** @param {string} command @returns {Promise<string>} what it printed */
  async run(command) {
    const id = ++this.#commands;
    this.#process.stdin.write(`printf '%s-%s\\n' begin ${id}; ${command}; printf '\\n%s-%s\\n' end ${id}\n`);
    const [, output = ""] = await this.waitFor(new RegExp(`begin-${id}\\r?\\n([^]*?)\\r?\\nend-${id}`), 5 * MINUTE);
    return output.replaceAll("\r", "");
  }
}

/** @param {string} path of QMP's socket */
async function openQmp(path) {
  const socket = connect(path).setEncoding("utf8");
  let text = "";
  socket.on("data", (part) => (text += part));
  const ask = async (/** @type {string} */ execute, /** @type {object} */ options) => {
    text = "";
    socket.write(`${JSON.stringify({ execute, arguments: options })}\n`);
    while (!/"return"/.test(text)) {
      if (/"error"/.test(text)) throw new Explained(text);
      await sleep(20);
    }
  };
  await ask("qmp_capabilities", {});
  return { ask, close: () => socket.destroy() };
}

/** Size and SHA-256 of the red, green and blue bytes. @param {Buffer} ppm */
function digest(ppm) {
  const [header, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.toString("latin1", 0, 64)) ?? [];
  if (header === undefined) throw new Explained("QEMU's picture is not a PPM");
  const hash = createHash("sha256").update(ppm.subarray(header.length)).digest("hex");
  return { width: Number(width), height: Number(height), hash };
}

await runTool(async () => {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-display-"));
  const qemu = startQemu(folder);
  try {
    const shell = new Shell(qemu);
    await shell.waitFor(/root@tabvisor:~# /, 10 * MINUTE);
    const qmp = await openQmp(join(folder, "qmp"));
    const picture = join(folder, "picture.ppm");
    const dump = async () => {
      await qmp.ask("screendump", { filename: picture });
      return digest(readFileSync(picture));
    };
    /** A picture counts when it has stayed for ten seconds. */
    const settled = async () => {
      let last = await dump();
      for (let same = 0; same < 5;) {
        await sleep(2000);
        const now = await dump();
        same = now.hash === last.hash ? same + 1 : 0;
        last = now;
      }
      return last;
    };
    await shell.run(before);
    /** @type {Record<string, ReturnType<typeof digest>>} */
    const recorded = {};
    for (const { name, command } of scenes) {
      await shell.run(command);
      recorded[name] = await settled();
      progress(`${name}: ${recorded[name].hash}`);
      if (process.argv[2]) copyFileSync(picture, join(process.argv[2], `${name}.ppm`));
    }
    await shell.run(after);
    const drawn = await shell.run("qxl-draw");
    writeFileSync(join(results, "scenes.json"), `${JSON.stringify(recorded, null, 2)}\n`);
    writeFileSync(join(results, "qxl_draw.txt"), `${drawn.trim()}\n`);
    progress(`${drawn.trim().split("\n").length} drawing operations`);
    qmp.close();
  } finally {
    qemu.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
