// Carries out the commands of the two rings and gives their memory back to the guest.

import { err, ok, type Result } from "../../shared/result";
import type { QxlCounters } from "./counters";
import { CURSOR_COMMAND_BYTES, type CursorShape, parseCursorCommand, readCursor } from "./cursor";
import type { Images } from "./images";
import type { MemSlots } from "./memslots";
import type { DrawError } from "./painter";
import { parseCompatDrawable, parseDrawable, parseSurfaceCommand, type ParseError } from "./parse";
import * as Q from "./protocol";
import type { Renderer } from "./render";
import type { ReleaseRing, RingCommand } from "./ring";
import type { Scanout } from "./scanout";
import type { Surfaces } from "./surfaces";

export interface CommandTools {
  readonly slots: MemSlots;
  readonly surfaces: Surfaces;
  readonly images: Images;
  readonly renderer: Renderer;
  readonly release: ReleaseRing;
  readonly scanout: Scanout;
  readonly counters: QxlCounters;
  /** A command made no sense and was dropped. */
  readonly dropped: (why: string) => void;
}

/** The primary surface is shown; it is made by port, not by command. */
export const PRIMARY = 0;

/** A command that does not lie in a memory slot stops the device. */
export type CommandError = "bad-address";

export class Commands {
  /** Drawables have the older form of the first drivers. */
  compat = false;
  readonly #tools: CommandTools;
  #cursor: CursorShape | undefined;
  #cursorAt = { x: 0, y: 0 };
  #cursorVisible = false;

  constructor(tools: CommandTools) {
    this.#tools = tools;
  }

  /** Surfaces and cursor go; what the guest lent is not given back: it starts over as well. */
  reset(): void {
    this.compat = false;
    this.#tools.surfaces.clear();
    this.#cursor = undefined;
    this.#cursorVisible = false;
    this.#showCursor();
  }

  run(command: RingCommand): Result<void, CommandError> {
    this.#tools.counters.commands++;
    switch (command.type) {
      case Q.CMD_DRAW:
        return this.#with(command, this.compat ? Q.COMPAT_DRAWABLE_BYTES : Q.DRAWABLE_BYTES, (bytes) =>
          this.#draw(bytes),
        );
      case Q.CMD_SURFACE:
        return this.#surface(command);
      case Q.CMD_NOP:
        return ok(undefined);
      case Q.CMD_UPDATE:
      case Q.CMD_MESSAGE:
        return this.#with(command, 8, () => undefined);
      default:
        this.#drop("a command of an unknown kind");
        return ok(undefined);
    }
  }

  runCursor(command: RingCommand): Result<void, CommandError> {
    this.#tools.counters.cursorCommands++;
    if (command.type !== Q.CMD_CURSOR) {
      this.#drop("a command that does not belong to the cursor");
      return ok(undefined);
    }
    return this.#with(command, CURSOR_COMMAND_BYTES, (bytes) => this.#moveCursor(bytes));
  }

  /** Destroys a surface as its command would; the memory that made it goes back. */
  destroySurface(id: number): boolean {
    const surface = this.#tools.surfaces.destroy(id);
    if (surface === undefined) return false;
    if (surface.release !== 0) this.#giveBack(surface.release);
    return true;
  }

  destroyAllSurfaces(): void {
    for (const id of this.#tools.surfaces.ids) this.destroySurface(id);
  }

  /** Copies the command, uses the copy, and gives its memory back. */
  #with({ data }: RingCommand, length: number, use: (bytes: Uint8Array) => void): Result<void, CommandError> {
    const host = this.#tools.slots.translate(data, length);
    if (host === undefined) return err("bad-address");
    use(this.#tools.images.copy(host, length));
    this.#giveBack(host);
    return ok(undefined);
  }

  #draw(bytes: Uint8Array): void {
    const { counters, renderer, scanout } = this.#tools;
    const drawable = this.compat ? parseCompatDrawable(bytes) : parseDrawable(bytes);
    if (!drawable.ok) return this.#drop(drawable.error);
    const drawn = renderer.draw(drawable.value);
    if (!drawn.ok) return this.#drop(drawn.error);
    const { type } = drawable.value.operation;
    counters.drawn[type] = (counters.drawn[type] ?? 0) + 1;
    if (drawable.value.surface === PRIMARY) scanout.damage(drawn.value.box);
  }

  #surface({ data }: RingCommand): Result<void, CommandError> {
    const { slots, images, surfaces } = this.#tools;
    const host = slots.translate(data, Q.SURFACE_CMD_BYTES);
    if (host === undefined) return err("bad-address");
    const command = parseSurfaceCommand(images.copy(host, Q.SURFACE_CMD_BYTES));
    if (command === undefined || command.id === PRIMARY) {
      this.#drop("a surface command that makes no sense");
      this.#giveBack(host);
    } else if (command.type === "destroy") {
      if (!this.destroySurface(command.id)) this.#drop("a surface to destroy that is not there");
      this.#giveBack(host);
    } else {
      this.destroySurface(command.id);
      const translate = slots.translate.bind(slots);
      const made = surfaces.create(command.id, command.shape, { keepData: command.keepData, release: host, translate });
      // The memory of the command stays lent as long as the surface lives.
      if (made === undefined) {
        this.#drop("a surface that cannot be");
        this.#giveBack(host);
      }
    }
    return ok(undefined);
  }

  #moveCursor(bytes: Uint8Array): void {
    const command = parseCursorCommand(bytes);
    if (command === undefined) return this.#drop("a cursor command of an unknown kind");
    switch (command.type) {
      case "set": {
        const shape = readCursor(this.#tools.images, command.shape);
        if (!shape.ok) return this.#drop(shape.error);
        this.#cursor = shape.value;
        this.#cursorAt = { x: command.x, y: command.y };
        this.#cursorVisible = command.visible;
        break;
      }
      case "move":
        this.#cursorAt = { x: command.x, y: command.y };
        this.#cursorVisible = true;
        break;
      case "hide":
        this.#cursorVisible = false;
        break;
      case "trail":
        return;
    }
    this.#showCursor();
  }

  #showCursor(): void {
    const { x, y } = this.#cursorAt;
    this.#tools.scanout.setCursor(this.#cursorVisible ? this.#cursor : undefined, x, y);
  }

  #giveBack(host: number): void {
    this.#tools.release.add(host);
    this.#tools.counters.released++;
  }

  #drop(why: ParseError | DrawError | (string & {})): void {
    this.#tools.counters.dropped++;
    this.#tools.dropped(why);
  }
}
