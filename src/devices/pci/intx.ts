// The four interrupt wires of the PCI bus. A device drives INTA..INTD of its slot; the board swizzles them over four
// wires, as QEMU's and SeaBIOS's i440fx do. Each wire reaches the IOAPIC at a GSI of its own (16..19: what the DSDT's
// _PRT says) and, through a PIRQ register of the PIIX3, one of the ISA interrupts of the PIC (what a guest without
// APIC finds in the interrupt line register).

export const PIRQ_WIRES = 4;
export const FIRST_GSI = 16;
/** ISA interrupts that firmware programs into the PIRQ registers, wire by wire. */
export const PIRQ_DEFAULTS: readonly number[] = [10, 10, 11, 11];

/** Wire 0..3 of pin 1..4 (INTA..INTD) of a slot. */
export function wireOf(slot: number, pin: number): number {
  return (slot + pin + 2) & 3;
}

/** The IOAPIC input for a slot's pin: the DSDT's _PRT is made with this. */
export function gsiOf(slot: number, pin: number): number {
  return FIRST_GSI + wireOf(slot, pin);
}

/** What firmware puts into a function's interrupt line register. */
export function interruptLineOf(slot: number, pin: number): number {
  return PIRQ_DEFAULTS[wireOf(slot, pin)] ?? 0xff;
}

/** Where interrupts leave the device model: `setIrqLine` and `raiseMsi` of the wasm module, bound to a machine. */
export interface InterruptSink {
  setIrqLine(gsi: number, level: boolean): void;
  /** `address` is the low half: interrupt messages lie at 0xFEExxxxx. */
  raiseMsi(address: number, data: number): void;
}

/** Several devices share a wire; it is up while any of them drives it. */
export class IntxWires {
  readonly #sink: InterruptSink;
  readonly #drivers: Set<object>[] = Array.from({ length: PIRQ_WIRES }, () => new Set<object>());
  readonly #routes: number[] = [...PIRQ_DEFAULTS];
  /** Level of each GSI as it was last said, by number. */
  readonly #levels = new Map<number, boolean>();

  constructor(sink: InterruptSink) {
    this.#sink = sink;
  }

  drive(driver: object, wire: number, level: boolean): void {
    const drivers = this.#drivers[wire];
    if (drivers === undefined) return;
    if (level) drivers.add(driver);
    else drivers.delete(driver);
    this.#update();
  }

  /** PIRQ register of a wire (PIIX3 60h-63h): bit 7 = not routed, bits 0-3 the ISA interrupt. */
  route(wire: number, register: number): void {
    this.#routes[wire] = register;
    this.#update();
  }

  #update(): void {
    const levels = new Map<number, boolean>();
    for (let wire = 0; wire < PIRQ_WIRES; wire++) {
      const up = (this.#drivers[wire]?.size ?? 0) > 0;
      levels.set(FIRST_GSI + wire, up);
      const route = this.#routes[wire] ?? 0x80;
      if (isIsaRoute(route)) levels.set(route, up || levels.get(route) === true);
    }
    // An ISA interrupt that lost its last route goes down.
    for (const gsi of this.#levels.keys()) if (!levels.has(gsi)) levels.set(gsi, false);
    for (const [gsi, level] of levels) {
      if ((this.#levels.get(gsi) ?? false) === level) continue;
      this.#levels.set(gsi, level);
      this.#sink.setIrqLine(gsi, level);
    }
  }
}

/** The PIIX3 cannot route to the interrupts of the timer, keyboard, cascade, RTC and coprocessor. */
function isIsaRoute(register: number): boolean {
  return (register & 0x80) === 0 && [3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15].includes(register);
}
