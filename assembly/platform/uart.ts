// 16550A serial port (PC16550D data sheet). Bytes leave at once into Machine.uartOut; when the host does not keep up, THR
// stays full. The timeout interrupt needs no timer: whatever has arrived is reported. All functions want the lock.

import * as Machine from "../layout/machine";
import * as Uart from "../layout/uart";
import { guestNow } from "./clock";
import { ringDevices } from "./doorbell";
import { setIsaIrq } from "./irq";
import { ringFill, ringFull, ringPop, ringPush } from "./ring";

const NEVER: u64 = u64.MAX_VALUE;
const RETRY_NS: u64 = 1000000;

const IER_RECEIVE: u32 = 1;
const IER_TRANSMIT: u32 = 2;
const IER_LINE: u32 = 4;
const IER_MODEM: u32 = 8;
const LCR_DLAB: u32 = 0x80;
const MCR_OUT2: u32 = 8;
const MCR_LOOP: u32 = 0x10;
const LSR_READY: u32 = 1;
const LSR_OVERRUN: u32 = 2;
const LSR_EMPTY: u32 = 0x60;
const IIR_NONE: u32 = 1;
const IIR_MODEM: u32 = 0;
const IIR_TRANSMIT: u32 = 2;
const IIR_RECEIVE: u32 = 4;
const IIR_LINE: u32 = 6;
const IIR_TIMEOUT: u32 = 0xc;
/** CTS, DSR and DCD: somebody listens. */
const MODEM_LINES: u32 = 0xb0;

@inline
function get(m: usize, field: usize): u32 {
  return load<u8>(m + Machine.uart + field);
}

@inline
function put(m: usize, field: usize, value: u32): void {
  store<u8>(m + Machine.uart + field, <u8>value);
}

@inline
function looped(m: usize): bool {
  return (get(m, Uart.mcr) & MCR_LOOP) != 0;
}

/** Bytes of the receive FIFO that make an interrupt at once. */
function trigger(m: usize): u32 {
  const fcr = get(m, Uart.fcr);
  if ((fcr & 1) == 0) return 1;
  const level = fcr >> 6;
  return level == 0 ? 1 : level == 1 ? 4 : level == 2 ? 8 : 14;
}

/** The interrupt with the highest priority (table 4 of the data sheet). */
function identify(m: usize): u32 {
  const ier = get(m, Uart.ier);
  const fill = get(m, Uart.fifoCount);
  if (ier & IER_LINE && get(m, Uart.overrun)) return IIR_LINE;
  if (ier & IER_RECEIVE && fill != 0) return fill >= trigger(m) ? IIR_RECEIVE : IIR_TIMEOUT;
  if (ier & IER_TRANSMIT && get(m, Uart.thrEmpty)) return IIR_TRANSMIT;
  if (ier & IER_MODEM && get(m, Uart.msrDelta)) return IIR_MODEM;
  return IIR_NONE;
}

/** OUT2 gates the interrupt on a PC. */
function update(m: usize): void {
  setIsaIrq(m, Uart.IRQ, identify(m) != IIR_NONE && (get(m, Uart.mcr) & MCR_OUT2) != 0 && !looped(m));
}

function fifoPush(m: usize, byte: u32): void {
  const fill = get(m, Uart.fifoCount);
  const size: u32 = get(m, Uart.fcr) & 1 ? Uart.FIFO_SIZE : 1;
  if (fill >= size) {
    put(m, Uart.overrun, 1);
    return;
  }
  put(m, Uart.fifo + ((get(m, Uart.fifoFirst) + fill) & 15), byte);
  put(m, Uart.fifoCount, fill + 1);
}

function fifoPop(m: usize): u32 {
  const fill = get(m, Uart.fifoCount);
  if (fill == 0) return 0;
  const first = get(m, Uart.fifoFirst);
  put(m, Uart.fifoFirst, (first + 1) & 15);
  put(m, Uart.fifoCount, fill - 1);
  return get(m, Uart.fifo + first);
}

/** Moves what the host has sent into the FIFO as far as there is room: the host never overruns it. */
export function uartReceive(m: usize): void {
  if (looped(m)) return;
  const ring = m + Machine.uartIn;
  const size: u32 = get(m, Uart.fcr) & 1 ? Uart.FIFO_SIZE : 1;
  let moved = false;
  while (get(m, Uart.fifoCount) < size && ringFill(ring) != 0) {
    fifoPush(m, ringPop<u8>(ring));
    moved = true;
  }
  if (moved) update(m);
}

/** Whether bytes from the host could be taken now; without the lock a hint. */
export function uartWaits(m: usize): bool {
  return ringFill(m + Machine.uartIn) != 0 && get(m, Uart.fifoCount) == 0;
}

function transmit(m: usize, byte: u32): void {
  put(m, Uart.thrEmpty, 0);
  update(m);
  if (looped(m)) {
    fifoPush(m, byte);
  } else {
    const ring = m + Machine.uartOut;
    // A driver that did not look at LSR loses the byte, as it would by overwriting THR.
    if (!ringFull(ring)) ringPush(ring, byte);
    ringDevices(m);
    if (ringFull(ring)) {
      store<u64>(m + Machine.uart, guestNow(m) + RETRY_NS, Uart.retry);
      return;
    }
  }
  put(m, Uart.thrEmpty, 1);
  update(m);
}

/** Modem status: in loopback the outputs (DTR, RTS, OUT1, OUT2) come back as (DSR, CTS, RI, DCD). */
function modemLines(m: usize): u32 {
  const mcr = get(m, Uart.mcr);
  if ((mcr & MCR_LOOP) == 0) return MODEM_LINES;
  return ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 0xc) << 4);
}

function writeMcr(m: usize, value: u32): void {
  const before = modemLines(m);
  put(m, Uart.mcr, value & 0x1f);
  const after = modemLines(m);
  const changed = (before ^ after) >> 4;
  // The ring indicator (bit 2) only counts when it goes away.
  const delta = (changed & 0xb) | (((before & ~after) >> 4) & 4);
  put(m, Uart.msrDelta, get(m, Uart.msrDelta) | delta);
  update(m);
}

function writeIer(m: usize, value: u32): void {
  const before = get(m, Uart.ier);
  put(m, Uart.ier, value & 15);
  // Enabling the interrupt with THR empty raises it, however often.
  if (value & IER_TRANSMIT && (before & IER_TRANSMIT) == 0 && !ringFull(m + Machine.uartOut)) put(m, Uart.thrEmpty, 1);
  update(m);
}

function writeFcr(m: usize, value: u32): void {
  const toggled = ((value ^ get(m, Uart.fcr)) & 1) != 0;
  put(m, Uart.fcr, value & 1 ? value & 0xc9 : 0);
  if (toggled || value & 2) {
    put(m, Uart.fifoCount, 0);
    put(m, Uart.fifoFirst, 0);
  }
  if (value & 4 && !ringFull(m + Machine.uartOut)) put(m, Uart.thrEmpty, 1);
  uartReceive(m);
  update(m);
}

function readIir(m: usize): u32 {
  const source = identify(m);
  if (source == IIR_TRANSMIT) {
    put(m, Uart.thrEmpty, 0);
    update(m);
  }
  return get(m, Uart.fcr) & 1 ? source | 0xc0 : source;
}

function readLsr(m: usize): u32 {
  uartReceive(m);
  let lsr: u32 = ringFull(m + Machine.uartOut) && !looped(m) ? 0 : LSR_EMPTY;
  if (get(m, Uart.fifoCount)) lsr |= LSR_READY;
  if (get(m, Uart.overrun)) lsr |= LSR_OVERRUN;
  if (lsr & LSR_OVERRUN) {
    put(m, Uart.overrun, 0);
    update(m);
  }
  return lsr;
}

function readMsr(m: usize): u32 {
  const value = modemLines(m) | get(m, Uart.msrDelta);
  put(m, Uart.msrDelta, 0);
  update(m);
  return value;
}

function readData(m: usize): u32 {
  const byte = fifoPop(m);
  uartReceive(m);
  update(m);
  return byte;
}

export function uartRead(m: usize, port: u32): u32 {
  const dlab = (get(m, Uart.lcr) & LCR_DLAB) != 0;
  switch (port & 7) {
    case 0:
      return dlab ? get(m, Uart.divisor) : readData(m);
    case 1:
      return dlab ? get(m, Uart.divisor + 1) : get(m, Uart.ier);
    case 2:
      return readIir(m);
    case 3:
      return get(m, Uart.lcr);
    case 4:
      return get(m, Uart.mcr);
    case 5:
      return readLsr(m);
    case 6:
      return readMsr(m);
    default:
      return get(m, Uart.scratch);
  }
}

export function uartWrite(m: usize, port: u32, value: u32): void {
  const dlab = (get(m, Uart.lcr) & LCR_DLAB) != 0;
  switch (port & 7) {
    case 0:
      if (dlab) put(m, Uart.divisor, value);
      else transmit(m, value);
      break;
    case 1:
      if (dlab) put(m, Uart.divisor + 1, value);
      else writeIer(m, value);
      break;
    case 2:
      writeFcr(m, value);
      break;
    case 3:
      put(m, Uart.lcr, value);
      break;
    case 4:
      writeMcr(m, value);
      break;
    case 7:
      put(m, Uart.scratch, value);
      break;
    default:
      break;
  }
}

export function uartDeadline(m: usize): u64 {
  return load<u64>(m + Machine.uart, Uart.retry);
}

/** Looks whether the host has made room, and then says that THR is empty. */
export function uartFire(m: usize, now: u64): void {
  if (now < uartDeadline(m)) return;
  if (ringFull(m + Machine.uartOut)) {
    store<u64>(m + Machine.uart, now + RETRY_NS, Uart.retry);
    return;
  }
  store<u64>(m + Machine.uart, NEVER, Uart.retry);
  put(m, Uart.thrEmpty, 1);
  update(m);
}

export function uartReset(m: usize): void {
  memory.fill(m + Machine.uart, 0, Uart.SIZE);
  store<u64>(m + Machine.uart, NEVER, Uart.retry);
  put(m, Uart.divisor, 12);
  put(m, Uart.mcr, MCR_OUT2);
}
