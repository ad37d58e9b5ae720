// The QXL device: its ports, its modes, and the turns in which it takes commands. The picture is drawn in the guest's own
// video memory, so that a surface is up to date in it as soon as the commands before have been taken.

import type { GuestMemory } from "../../core/guest_memory";
import type { Log } from "../../shared/log";
import type { Result } from "../../shared/result";
import { Commands, PRIMARY } from "./commands";
import { type QxlSizes, SURFACES } from "./config";
import { newQxlCounters } from "./counters";
import { Fields } from "./fields";
import { Images } from "./images";
import { type BarMemory, MemSlots, type Physical } from "./memslots";
import type { PixelExports } from "./painter";
import type { SurfaceShape } from "./parse";
import * as Q from "./protocol";
import { Renderer } from "./render";
import { CommandRing, type Popped, ReleaseRing } from "./ring";
import { clientMonitors, CLIENT_CRC, makeRom, modesFor, type PreferredSize, ramHeaderOffset } from "./rom";
import type { Scanout } from "./scanout";
import type { Scratch } from "./scratch";
import { Surfaces } from "./surfaces";

/** What the device gets of its surroundings. */
export interface QxlHost {
  readonly guest: GuestMemory;
  readonly exports: PixelExports;
  readonly scratch: Scratch;
  readonly scanout: Scanout;
  readonly log: Log;
  /** Host address of the ROM. */
  readonly rom: number;
  /** The BARs that memory slots may lie in, the RAM first. */
  readonly bars: () => readonly BarMemory[];
  readonly setLine: (level: boolean) => void;
  /** Asks for another turn. */
  readonly again: () => void;
}

export interface QxlSetup {
  readonly sizes: QxlSizes;
  readonly id: number;
  readonly preferred: PreferredSize | undefined;
  /** There is a VGA to go back to. */
  readonly vga: boolean;
}

/** undefined: nothing is shown; vga: the registers of a VGA decide; compat: a mode of the ROM's table. */
export type QxlMode = "undefined" | "vga" | "compat" | "native";

/** Ports that mean something in VGA mode too. */
const vgaModePorts: ReadonlySet<number> = new Set([
  Q.IO_UPDATE_IRQ,
  Q.IO_RESET,
  Q.IO_SET_MODE,
  Q.IO_LOG,
  Q.IO_MEMSLOT_ADD,
  Q.IO_MEMSLOT_DEL,
  Q.IO_CREATE_PRIMARY,
  Q.IO_MEMSLOT_ADD_ASYNC,
  Q.IO_CREATE_PRIMARY_ASYNC,
]);

/** A turn ends after this time; exits of the CPUs are answered in between. */
const TURN_MS = 8;
/** Resources that go back at a time. */
const RELEASE_BUNCH = 32;
const MONITORS_HEADER = 4;
const INT32_MIN = -0x80000000;
const FORMAT_32_XRGB = 32;

export class Qxl {
  /** Told when the mode changes from or to VGA. */
  onMode: (mode: QxlMode) => void = () => undefined;
  readonly counters = newQxlCounters();
  readonly #host: QxlHost;
  readonly #setup: QxlSetup;
  readonly #header: number;
  readonly #slots = new MemSlots();
  readonly #surfaces: Surfaces;
  readonly #images: Images;
  readonly #commands: Commands;
  readonly #commandRing: CommandRing;
  readonly #cursorRing: CommandRing;
  readonly #release: ReleaseRing;
  #mode: QxlMode = "undefined";
  /** Set by a guest that misused the device; only a reset helps. */
  #broken = false;
  #preferred: PreferredSize | undefined;

  constructor(host: QxlHost, setup: QxlSetup) {
    const { guest, exports, scratch, scanout } = host;
    this.#host = host;
    this.#setup = setup;
    this.#preferred = setup.preferred;
    this.#header = (host.bars()[0]?.host ?? 0) + ramHeaderOffset(setup.sizes);
    this.#surfaces = new Surfaces(guest);
    const translate = this.#slots.translate.bind(this.#slots);
    this.#images = new Images({ translate, surfaces: this.#surfaces, scratch });
    this.#commandRing = new CommandRing(guest, this.#header + Q.RAM_COMMAND_RING, () =>
      this.#raise(Q.INTERRUPT_DISPLAY),
    );
    this.#cursorRing = new CommandRing(guest, this.#header + Q.RAM_CURSOR_RING, () => this.#raise(Q.INTERRUPT_CURSOR));
    this.#release = new ReleaseRing(guest, this.#header + Q.RAM_RELEASE_RING, () => this.#raise(Q.INTERRUPT_DISPLAY));
    this.#commands = new Commands({
      slots: this.#slots,
      surfaces: this.#surfaces,
      images: this.#images,
      renderer: new Renderer(exports, scratch, this.#surfaces, this.#images),
      release: this.#release,
      scanout,
      counters: this.counters,
      // Linux itself sends one that does not fit while it changes the resolution: it is counted, that is all.
      dropped: (why) => host.log.debug(`qxl: a command was dropped: ${why}`),
    });
  }

  /** The guest has done what it may not: nothing happens until a reset. */
  get isBroken(): boolean {
    return this.#broken;
  }

  get mode(): QxlMode {
    return this.#mode;
  }

  /** Power-on state, and what the reset port does. The guest's video memory stays as it is. */
  reset(): void {
    this.#broken = false;
    this.#slots.reset();
    this.#commands.reset();
    this.#writeRom();
    this.#initRam();
    this.#setMode(this.#setup.vga ? "vga" : "undefined");
    this.#updateLine();
  }

  /** A doorbell: the command ring (0) or the cursor ring (1) has something. */
  kick(): void {
    this.#turn(TURN_MS);
  }

  /** Reads of the ports mean nothing. */
  writePort(port: number, value: number): void {
    if (this.#broken && port !== Q.IO_RESET) return;
    if (this.#mode === "vga" && !vgaModePorts.has(port)) {
      if (isAsync(port)) this.#raise(Q.INTERRUPT_IO_CMD);
      return;
    }
    if (isAsync(port)) this.#async(port, value);
    else this.#sync(port, value);
  }

  /** The size of the window through which a person looks, as a wish to the guest. */
  suggestSize(size: PreferredSize): void {
    if (this.#setup.preferred !== undefined) return;
    this.#preferred = size;
    this.#host.guest.copyIn(this.#host.rom + CLIENT_CRC, clientMonitors(size));
    const mask = this.#load(Q.RAM_INT_MASK);
    // A driver that has not set the mask up would take the interrupt for another.
    if (mask === 0 || mask === -1 || (mask & Q.INTERRUPT_CLIENT_MONITORS_CONFIG) === 0) return;
    this.#raise(Q.INTERRUPT_CLIENT_MONITORS_CONFIG);
  }

  /** The asynchronous ports do what others do; the end is always told. */
  #async(port: number, value: number): void {
    switch (port) {
      case Q.IO_UPDATE_AREA_ASYNC:
        this.#updateArea();
        break;
      case Q.IO_MEMSLOT_ADD_ASYNC:
        this.#sync(Q.IO_MEMSLOT_ADD, value);
        break;
      case Q.IO_CREATE_PRIMARY_ASYNC:
        this.#sync(Q.IO_CREATE_PRIMARY, value);
        break;
      case Q.IO_DESTROY_PRIMARY_ASYNC:
        this.#sync(Q.IO_DESTROY_PRIMARY, value);
        break;
      case Q.IO_DESTROY_SURFACE_ASYNC:
        this.#sync(Q.IO_DESTROY_SURFACE_WAIT, value);
        break;
      case Q.IO_DESTROY_ALL_SURFACES_ASYNC:
        this.#sync(Q.IO_DESTROY_ALL_SURFACES, value);
        break;
      case Q.IO_FLUSH_SURFACES_ASYNC:
        this.#drain();
        break;
      case Q.IO_MONITORS_CONFIG_ASYNC:
        this.#monitorsConfig();
    }
    if (!this.#broken) this.#raise(Q.INTERRUPT_IO_CMD);
  }

  #sync(port: number, value: number): void {
    switch (port) {
      // With the doorbells of the bus out of use these arrive here.
      case Q.IO_NOTIFY_CMD:
      case Q.IO_NOTIFY_CURSOR:
        return this.kick();
      case Q.IO_UPDATE_AREA:
        return this.#updateArea();
      case Q.IO_UPDATE_IRQ:
        return this.#updateLine();
      case Q.IO_NOTIFY_OOM:
        return this.#outOfMemory();
      case Q.IO_RESET:
        return this.reset();
      case Q.IO_SET_MODE:
        return this.#setCompatMode(value);
      case Q.IO_LOG:
        return this.#log();
      case Q.IO_MEMSLOT_ADD:
        return this.#addSlot(value);
      case Q.IO_MEMSLOT_DEL:
        return this.#check(this.#slots.remove(value));
      case Q.IO_CREATE_PRIMARY:
        return this.#createPrimary();
      case Q.IO_DESTROY_PRIMARY:
        return this.#destroyPrimary();
      case Q.IO_DESTROY_SURFACE_WAIT:
        return this.#destroySurface(value);
      case Q.IO_DESTROY_ALL_SURFACES:
        return this.#destroyAll();
      case Q.IO_FLUSH_RELEASE:
        this.#release.push();
        return undefined;
      default:
        return this.#guestBug(`port ${port} has no meaning`);
    }
  }

  #turn(milliseconds: number): void {
    if (!this.#takesCommands) return;
    const end = performance.now() + milliseconds;
    for (;;) {
      const command = this.#commandRing.pop();
      const cursor = this.#cursorRing.pop();
      if (!this.#take(command, cursor)) return;
      if (command === "empty" && cursor === "empty") {
        // Both are armed before either is looked at again.
        const more = [this.#commandRing.arm(), this.#cursorRing.arm()];
        if (!more.includes(true)) return;
      } else if (performance.now() >= end) {
        this.#host.again();
        return;
      }
    }
  }

  /** Everything that is in the rings now. The guest waits for it, so there is no end of a turn. */
  #drain(): void {
    if (!this.#takesCommands) return;
    for (let left = Math.max(this.#commandRing.pending, this.#cursorRing.pending); left !== 0; left--) {
      if (!this.#take(this.#commandRing.pop(), this.#cursorRing.pop())) return;
    }
  }

  /**
   * Without a primary surface too: while Linux changes the resolution, Xorg goes on drawing on the surface that is gone,
   * and with a full ring would never get to the new one.
   */
  get #takesCommands(): boolean {
    return !this.#broken && this.#mode !== "vga";
  }

  /** False when the device has stopped. */
  #take(command: Popped, cursor: Popped): boolean {
    if (command === "broken" || cursor === "broken") {
      this.#guestBug("a ring's indices make no sense");
      return false;
    }
    const drawn = command === "empty" || this.#commands.run(command).ok;
    const moved = cursor === "empty" || this.#commands.runCursor(cursor).ok;
    if (!drawn || !moved) {
      this.#guestBug("a command does not lie in a memory slot");
      return false;
    }
    if (this.#release.waiting >= RELEASE_BUNCH) this.#release.push();
    return true;
  }

  /** Surfaces are drawn where the guest reads them: there is nothing more to do than to take what came before. */
  #updateArea(): void {
    this.counters.updateAreas++;
    const f = this.#ram(Q.RAM_UPDATE_AREA, 20);
    const area = f.rect(0);
    const surface = f.u32(Q.RAM_UPDATE_SURFACE - Q.RAM_UPDATE_AREA);
    // An empty area asks for nothing, and is allowed.
    const wrong =
      area.left < 0 || area.top < 0 || area.left > area.right || area.top > area.bottom || surface > SURFACES;
    if (wrong) return this.#guestBug("an area to update that cannot be");
    this.#drain();
    return undefined;
  }

  #outOfMemory(): void {
    if (!this.#release.isEmpty) return;
    this.#drain();
    this.#release.push();
  }

  #addSlot(id: number): void {
    const f = this.#ram(Q.RAM_MEMSLOT, 16);
    const start = f.u32(0) + f.u32(4) * 2 ** 32;
    const end = f.u32(8) + f.u32(12) * 2 ** 32;
    this.#check(this.#slots.add(id, start, end, this.#host.bars()));
  }

  #check(done: Result<void, string>): void {
    if (!done.ok) this.#guestBug(`memory slot: ${done.error}`);
  }

  #createPrimary(): void {
    const f = this.#ram(Q.RAM_CREATE_SURFACE, 40);
    const shape: SurfaceShape = {
      width: f.u32(0),
      height: f.u32(4),
      stride: f.i32(8),
      format: f.u32(12),
      data: f.physical(32),
    };
    this.#makePrimary(shape, (f.u32(24) & Q.SURFACE_KEEP_DATA) !== 0, "native");
  }

  #makePrimary(shape: SurfaceShape, keepData: boolean, mode: "native" | "compat"): void {
    const { stride, height } = shape;
    const fits = Math.abs(stride) * height <= this.#setup.sizes.vgamem;
    if (stride === INT32_MIN || stride % 4 !== 0 || !fits) return this.#guestBug("a primary surface that cannot be");
    const translate = (address: Physical, length: number) => this.#slots.translate(address, length);
    const surface = this.#surfaces.create(PRIMARY, shape, { keepData, release: 0, translate });
    if (surface === undefined) return this.#guestBug("a primary surface that cannot be");
    this.#setMode(mode);
    this.#host.scanout.show(surface);
    this.#turn(TURN_MS);
    return undefined;
  }

  #destroyPrimary(): void {
    if (this.#mode === "undefined") return;
    this.#drain();
    this.#commands.destroySurface(PRIMARY);
    this.#setMode("undefined");
  }

  #destroySurface(id: number): void {
    if (id === PRIMARY) return this.#destroyPrimary();
    this.#drain();
    this.#commands.destroySurface(id);
    return undefined;
  }

  #destroyAll(): void {
    this.#drain();
    this.#commands.destroyAllSurfaces();
    this.#setMode("undefined");
  }

  /** A mode of the ROM's table: one slot for all of the RAM, addressed as on the bus, and a picture at its beginning. */
  #setCompatMode(index: number): void {
    const mode = modesFor(this.#setup.sizes)[index];
    const ram = this.#host.bars()[0];
    if (mode?.bits !== 32 || ram?.address === undefined) return this.#guestBug("a mode that is not in the table");
    this.reset();
    const added = this.#slots.add(0, ram.address, ram.address + ram.bytes, [ram], ram.address);
    if (!added.ok) return this.#check(added);
    const { width, height, stride } = mode;
    const data = { slot: 0, generation: 0, offset: ram.address };
    this.#commands.compat = true;
    this.#makePrimary({ width, height, stride: -stride, format: FORMAT_32_XRGB, data }, true, "compat");
    return undefined;
  }

  /** Heads are parts of the primary surface, all of which is shown. */
  #monitorsConfig(): void {
    const address = this.#ram(Q.RAM_MONITORS_CONFIG, 8).physical(0);
    const header = this.#images.read(address, MONITORS_HEADER);
    const count = header === undefined ? 0 : new Fields(header).u16(0);
    if (
      count === 0 ||
      count > Q.MONITORS_MAX ||
      this.#images.read(address, MONITORS_HEADER + count * Q.HEAD_BYTES) === undefined
    )
      this.#host.log.guest("monitors", "qxl: a monitors configuration makes no sense");
  }

  #log(): void {
    const host = this.#header + Q.RAM_LOG;
    const bytes = this.#images.copy(host, Q.RAM_LOG_BYTES);
    const end = bytes.indexOf(0);
    const text = String.fromCharCode(...bytes.subarray(0, end < 0 ? 200 : Math.min(end, 200)));
    this.#host.log.debug(`qxl driver: ${text.replaceAll(/[^ -~]/g, "?").trim()}`);
  }

  #guestBug(why: string): void {
    this.#broken = true;
    this.counters.guestBugs++;
    this.#host.log.guest("bug", `qxl: the driver made a mistake: ${why}`);
    this.#raise(Q.INTERRUPT_ERROR);
  }

  #setMode(mode: QxlMode): void {
    this.#mode = mode;
    if (mode === "undefined") this.#host.scanout.show(undefined);
    this.onMode(mode);
  }

  #raise(bit: number): void {
    this.counters.interrupts++;
    Atomics.or(this.#host.guest.words, (this.#header + Q.RAM_INT_PENDING) / 4, bit);
    this.#updateLine();
  }

  #updateLine(): void {
    this.#host.setLine((this.#load(Q.RAM_INT_PENDING) & this.#load(Q.RAM_INT_MASK)) !== 0);
  }

  #load(offset: number): number {
    return Atomics.load(this.#host.guest.words, (this.#header + offset) / 4);
  }

  /** A copy of a part of QXLRam. */
  #ram(offset: number, length: number): Fields {
    return new Fields(this.#images.copy(this.#header + offset, length));
  }

  #writeRom(): void {
    const { sizes, id } = this.#setup;
    this.#host.guest.copyIn(this.#host.rom, makeRom(sizes, id, this.#preferred));
  }

  #initRam(): void {
    const { data } = this.#host.guest;
    this.#host.guest.hostView(this.#header, Q.RAM_BYTES).fill(0);
    data.setUint32(this.#header, Q.RAM_MAGIC, true);
    this.#commandRing.init();
    this.#cursorRing.init();
    this.#release.init();
  }
}

function isAsync(port: number): boolean {
  return port >= Q.IO_UPDATE_AREA_ASYNC && port <= Q.IO_MONITORS_CONFIG_ASYNC && port !== Q.IO_FLUSH_RELEASE;
}
