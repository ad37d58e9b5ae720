// Builds the bare-metal test programs and records what they print in two emulators: node tools/bare/record.mjs [program..]
// Needs gcc for x86-64, qemu-system-x86_64 and bochs (BOCHS names another command). tests/bare/bare.test.ts replays the images.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { cache, Explained, isMain, progress, root, runTool } from "../lib.mjs";

const sources = join(root, "tools/bare");
const library = join(sources, "lib");
const work = join(cache, "bare");
export const recorded = join(root, "tests/bare/recorded");

const SECONDS = 30;
/** What QEMU and Bochs call a processor that both know best. */
const QEMU_CPU = "Skylake-Server";
const BOCHS_CPU = "corei7_skylake_x";

/** @type {import("node:child_process").SpawnSyncOptionsWithStringEncoding} */
const how = {
  timeout: SECONDS * 1000,
  encoding: "latin1",
  maxBuffer: 1 << 26,
  stdio: ["ignore", "pipe", "ignore"],
};
const isTimeout = (/** @type {Error} */ error) => "code" in error && error.code === "ETIMEDOUT";

const flags =
  "-Os -std=gnu11 -Wall -Wextra -Werror -Wno-array-bounds -ffreestanding -fno-pic -fno-pie -no-pie -mno-red-zone -mgeneral-regs-only " +
  "-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -nostdlib -static -Wl,--build-id=none " +
  "-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments";

/** @param {string} program name_32 or name_64 @returns {string} path of the flat image */
function build(program) {
  const bits = program.slice(-2);
  const parts = [`start${bits}.S`, "trap.S", "bare.c"].map((file) => join(library, file));
  const elf = join(work, `${program}.elf`);
  const script = join(library, "flat.ld");
  const all = [`-m${bits}`, ...flags.split(" "), `-Wl,-T,${script}`, "-o", elf];
  execFileSync("gcc", [...all, ...parts, join(sources, "programs", `${program}.c`)], { stdio: "inherit" });
  const image = join(work, `${program}.image`);
  execFileSync("objcopy", ["-O", "binary", elf, image]);
  return image;
}

/** @param {string} program @param {string} image @returns {string} path of the image as firmware */
function buildRom(program, image) {
  const elf = join(work, `${program}.rom.elf`);
  const rom = join(work, `${program}.rom`);
  const how = ["-m32", "-nostdlib", "-static", `-DIMAGE="${image}"`, "-Wl,-Ttext=0", "-Wl,--build-id=none"];
  execFileSync("gcc", [...how, "-Wl,-z,noexecstack", "-o", elf, join(library, "rom.S")], { stdio: "inherit" });
  execFileSync("objcopy", ["-O", "binary", elf, rom]);
  return rom;
}

/** @param {string} rom @returns {string} what it printed */
function runQemu(rom) {
  const machine = `-accel tcg -cpu ${QEMU_CPU} -m 64 -display none -monitor none -serial null -no-reboot`;
  const ports = "-debugcon stdio -device isa-debug-exit,iobase=0xf4,iosize=4";
  const args = [...`${machine} ${ports}`.split(" "), "-bios", rom];
  const { stdout, error } = spawnSync("qemu-system-x86_64", args, how);
  // One that goes astray has results up to there.
  if (error && !isTimeout(error)) throw new Explained(`QEMU: ${error.message}`);
  return stdout;
}

/** Bochs wants a VGA BIOS: a signature, a length and the checksum. */
function vgaRom() {
  const bytes = new Uint8Array(32768);
  bytes.set([0x55, 0xaa, 0x40, 0xc1]);
  return bytes;
}

/** @param {string} program @param {string} rom @returns {string} what it printed */
function runBochs(program, rom) {
  const vga = join(work, "vga.rom");
  const config = join(work, `${program}.bochsrc`);
  const commands = join(work, "bochs.commands");
  writeFileSync(vga, vgaRom());
  writeFileSync(commands, "c\n");
  const options = [
    "config_interface: textconfig",
    'display_library: rfb, options="timeout=0"',
    `cpu: model=${BOCHS_CPU}, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0`,
    "memory: guest=64, host=64",
    `romimage: file=${rom}, address=0xfffe0000`,
    `vgaromimage: file=${vga}`,
    "plugin_ctrl: speaker=0, gameport=0, e1000=0",
    "port_e9_hack: enabled=1",
    `log: ${join(work, `${program}.bochs.log`)}`,
    "panic: action=fatal",
    "error: action=report",
    "info: action=report",
    "boot: disk",
  ];
  writeFileSync(config, options.join("\n"));
  const args = ["-q", "-f", config, "-rc", commands];
  const { stdout, error } = spawnSync(process.env["BOCHS"] ?? "bochs", args, how);
  if (error && !isTimeout(error)) throw new Explained(`Bochs: ${error.message}`);
  // In front of the program's lines there are those of Bochs, the last of which shows the first instruction.
  return stdout.slice(stdout.indexOf("\n", stdout.indexOf("\n(0) [")) + 1);
}

/**
 * Results by name. QEMU, which knows no limits, may be led astray and begin again: that is its end.
 * @param {string} text @param {"Bochs" | "QEMU"} who @returns {Map<string, string>}
 */
function linesOf(text, who) {
  /** @type {Map<string, string>} */
  const lines = new Map();
  let ended = false;
  for (const line of text.split("\n")) {
    const at = line.indexOf(": ");
    if (line === "end") ended = true;
    if (ended || at < 0 || line.startsWith("(")) continue;
    const name = line.slice(0, at);
    if (lines.has(name) && who === "QEMU") break;
    if (lines.has(name)) throw new Explained(`two results are called "${name}"`);
    lines.set(name, line.slice(at + 2));
  }
  lines.set("the end", ended ? "exit" : "shutdown");
  return lines;
}

/** A line for each result; one of QEMU stands behind a bar, unless Bochs has the same. @param {Map<string, string>} bochs @param {Map<string, string>} qemu */
function merge(bochs, qemu) {
  return [...new Set([...bochs.keys(), ...qemu.keys()])].map((name) => {
    const [first, second] = [bochs.get(name), qemu.get(name)];
    return `${name}: ${first ?? ""}${second === undefined || second === first ? "" : ` | ${second}`}`;
  });
}

function record(/** @type {string} */ program) {
  const image = build(program);
  const rom = buildRom(program, image);
  const lines = merge(linesOf(runBochs(program, rom), "Bochs"), linesOf(runQemu(rom), "QEMU"));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const packed = brotliCompressSync(readFileSync(image), { params });
  const text = brotliCompressSync(`${lines.join("\n")}\n`, { params });
  writeFileSync(join(recorded, `${program}.image.br`), packed);
  writeFileSync(join(recorded, `${program}.results.br`), text);
  const different = lines.filter((line) => line.includes(" | ")).length;
  progress(`${program}: ${lines.length} results, ${different} of them different; ${packed.length + text.length} bytes`);
}

if (isMain(import.meta.url)) {
  await runTool(async () => {
    mkdirSync(work, { recursive: true });
    mkdirSync(recorded, { recursive: true });
    const all = readdirSync(join(sources, "programs")).map((file) => file.replace(/\.c$/, ""));
    for (const program of process.argv.length > 2 ? process.argv.slice(2) : all) record(program);
  });
}
