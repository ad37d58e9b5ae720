// The keyboard controller at ports 60 and 64 (IBM PS/2 Technical Reference). All functions want the lock of the chips.

import * as I8042 from "../layout/i8042";
import * as Machine from "../layout/machine";
import * as Mailbox from "../layout/mailbox";
import * as Platform from "../layout/platform";
import { setA20 } from "./a20";
import { setIsaIrq } from "./irq";
import { requestEvent } from "./kick";
import { keyboardInput, keyboardReset, keyboardWrite } from "./ps2_keyboard";
import { mouseInput, mouseReset, mouseWrite } from "./ps2_mouse";
import { queueClear, queuePut, queueRoom, queueTake } from "./ps2_queue";
import { ringFill, ringPop } from "./ring";
import { BREAK, toSet1 } from "./scancode";

const CONFIG_KBD_IRQ: u32 = 1;
const CONFIG_AUX_IRQ: u32 = 2;
const CONFIG_SYSTEM: u32 = 4;
const CONFIG_KBD_OFF: u32 = 0x10;
const CONFIG_AUX_OFF: u32 = 0x20;
const CONFIG_TRANSLATE: u32 = 0x40;
const AUX_INPUT: u32 = 0x100;
/** Output port, and commands DD and DF, which switch it alone. */
const OUT_A20: u32 = 2;

@inline
function chipOf(m: usize): usize {
  return m + Machine.i8042;
}

function configHas(chip: usize, bit: u32): bool {
  return ((<u32>load<u8>(chip, I8042.config)) & bit) != 0;
}

function updateIrqs(m: usize): void {
  const chip = chipOf(m);
  const source = load<u8>(chip, I8042.outSource);
  const full = source != I8042.SOURCE_NONE;
  setIsaIrq(m, 1, full && source != I8042.SOURCE_AUX && configHas(chip, CONFIG_KBD_IRQ));
  setIsaIrq(m, 12, full && source == I8042.SOURCE_AUX && configHas(chip, CONFIG_AUX_IRQ));
}

function fillOutput(chip: usize, byte: u32, source: u32): void {
  store<u8>(chip, <u8>byte, I8042.outByte);
  store<u8>(chip, <u8>source, I8042.outSource);
}

/** The next byte of the keyboard, translated if the configuration says so; -1 if there is none. */
function nextKeyboardByte(chip: usize): i32 {
  while (true) {
    const byte = queueTake(chip + I8042.kbdQueue);
    if (byte < 0) return -1;
    store<u8>(chip, <u8>byte, I8042.kbdLast);
    if (!configHas(chip, CONFIG_TRANSLATE)) return byte;
    if (byte == BREAK) {
      store<u8>(chip, 1, I8042.xlateBreak);
      continue;
    }
    const broken = load<u8>(chip, I8042.xlateBreak) ? 0x80 : 0;
    store<u8>(chip, 0, I8042.xlateBreak);
    return toSet1(byte) | broken;
  }
}

/** Fills the output buffer if it is empty: the controller's own bytes first, then the keyboard's, then the mouse's. */
function refill(m: usize): void {
  const chip = chipOf(m);
  if (load<u8>(chip, I8042.outSource) != I8042.SOURCE_NONE) return;
  takeInput(m);
  // Entries of the controller's queue carry their source in front.
  const source = queueTake(chip + I8042.controllerQueue);
  if (source >= 0) {
    fillOutput(chip, queueTake(chip + I8042.controllerQueue), source);
    return;
  }
  let byte = configHas(chip, CONFIG_KBD_OFF) ? -1 : nextKeyboardByte(chip);
  if (byte >= 0) {
    fillOutput(chip, byte, I8042.SOURCE_KEYBOARD);
    return;
  }
  byte = configHas(chip, CONFIG_AUX_OFF) ? -1 : queueTake(chip + I8042.auxQueue);
  if (byte >= 0) fillOutput(chip, byte, I8042.SOURCE_AUX);
}

/** Hands what the host has sent to the devices, as long as their queues have room for replies too. */
function takeInput(m: usize): void {
  const chip = chipOf(m);
  const ring = m + Machine.i8042In;
  while (ringFill(ring) >= 2) {
    if (queueRoom(chip + I8042.kbdQueue) < 16 || queueRoom(chip + I8042.auxQueue) < 16) return;
    const entry = <u32>ringPop<u16>(ring);
    if (entry & AUX_INPUT) mouseInput(chip, entry & 0xff);
    else keyboardInput(chip, entry & 0xff);
  }
}

/** Fills the output buffer and sets the interrupt lines. */
export function i8042Update(m: usize): void {
  refill(m);
  updateIrqs(m);
}

/** Whether bytes from the host could be taken now; without the lock a hint. */
export function i8042Waits(m: usize): bool {
  return ringFill(m + Machine.i8042In) >= 2 && load<u8>(chipOf(m), I8042.outSource) == I8042.SOURCE_NONE;
}

function answer(chip: usize, byte: u32, source: u32): void {
  if (queueRoom(chip + I8042.controllerQueue) < 2) return;
  queuePut(chip + I8042.controllerQueue, source);
  queuePut(chip + I8042.controllerQueue, byte);
}

function own(chip: usize, byte: u32): void {
  answer(chip, byte, I8042.SOURCE_CONTROLLER);
}

function setConfigBits(chip: usize, set: u32, clear: u32): void {
  store<u8>(chip, <u8>(((<u32>load<u8>(chip, I8042.config)) & ~clear) | set), I8042.config);
}

/** Port 64: a command of the controller. */
function writeCommand(m: usize, value: u32): void {
  const chip = chipOf(m);
  store<u8>(chip, 0, I8042.command);
  switch (value) {
    case 0x20:
      own(chip, load<u8>(chip, I8042.config));
      break;
    case 0xa7:
      setConfigBits(chip, CONFIG_AUX_OFF, 0);
      break;
    case 0xa8:
      setConfigBits(chip, 0, CONFIG_AUX_OFF);
      break;
    case 0xa9:
    case 0xab:
      own(chip, 0);
      break;
    case 0xaa:
      setConfigBits(chip, CONFIG_SYSTEM, 0);
      own(chip, 0x55);
      break;
    case 0xad:
      setConfigBits(chip, CONFIG_KBD_OFF, 0);
      break;
    case 0xae:
      setConfigBits(chip, 0, CONFIG_KBD_OFF);
      break;
    case 0xc0:
      // The input port: keyboard not locked.
      own(chip, 0x80);
      break;
    case 0xd0:
      own(chip, load<u8>(chip, I8042.outputPort));
      break;
    case 0x60:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
      store<u8>(chip, <u8>value, I8042.command);
      break;
    case 0xdd:
    case 0xdf:
      setA20(m, (value & OUT_A20) != 0);
      store<u8>(chip, <u8>((load<u8>(chip, I8042.outputPort) & ~OUT_A20) | (value & OUT_A20)), I8042.outputPort);
      break;
    default:
      // F0-FF pull bits 0-3 of the output port low for a moment; bit 0 is the reset line.
      if (value >= 0xf0 && (value & 1) == 0) requestEvent(m, Mailbox.EVENT_RESET, Platform.RESET_KEYBOARD);
  }
}

/** Port 60: the parameter of a command, or a byte for the keyboard. */
function writeData(m: usize, value: u32): void {
  const chip = chipOf(m);
  const command = load<u8>(chip, I8042.command);
  store<u8>(chip, 0, I8042.command);
  switch (command) {
    case 0x60:
      store<u8>(chip, <u8>value, I8042.config);
      break;
    case 0xd1:
      // Bit 1 is A20; bit 0 low resets.
      store<u8>(chip, <u8>value, I8042.outputPort);
      setA20(m, (value & OUT_A20) != 0);
      if ((value & 1) == 0) requestEvent(m, Mailbox.EVENT_RESET, Platform.RESET_KEYBOARD);
      break;
    case 0xd2:
      answer(chip, value, I8042.SOURCE_KEYBOARD);
      break;
    case 0xd3:
      answer(chip, value, I8042.SOURCE_AUX);
      break;
    case 0xd4:
      mouseWrite(chip, value);
      break;
    default:
      setConfigBits(chip, 0, CONFIG_KBD_OFF);
      keyboardWrite(chip, value);
  }
}

function status(m: usize): u32 {
  const chip = chipOf(m);
  const source = load<u8>(chip, I8042.outSource);
  // Bit 4: keyboard not locked.
  let value = 0x10 | ((<u32>load<u8>(chip, I8042.lastCommand)) << 3);
  if (configHas(chip, CONFIG_SYSTEM)) value |= 4;
  if (source != I8042.SOURCE_NONE) value |= 1;
  if (source == I8042.SOURCE_AUX) value |= 0x20;
  return value;
}

function readData(m: usize): u32 {
  const chip = chipOf(m);
  const byte = load<u8>(chip, I8042.outByte);
  if (load<u8>(chip, I8042.outSource) == I8042.SOURCE_NONE) return byte;
  store<u8>(chip, I8042.SOURCE_NONE, I8042.outSource);
  // The line falls before the next byte raises it: every byte is an edge.
  updateIrqs(m);
  i8042Update(m);
  return byte;
}

export function i8042Read(m: usize, port: u32): u32 {
  i8042Update(m);
  return port & 4 ? status(m) : readData(m);
}

export function i8042Write(m: usize, port: u32, value: u32): void {
  store<u8>(chipOf(m), port & 4 ? 1 : 0, I8042.lastCommand);
  if (port & 4) writeCommand(m, value);
  else writeData(m, value);
  i8042Update(m);
}

export function i8042Reset(m: usize): void {
  const chip = chipOf(m);
  memory.fill(chip, 0, I8042.SIZE);
  // As firmware leaves it: tested, both interrupts on, translating.
  store<u8>(chip, <u8>(CONFIG_KBD_IRQ | CONFIG_AUX_IRQ | CONFIG_SYSTEM | CONFIG_TRANSLATE), I8042.config);
  store<u8>(chip, 0xcf, I8042.outputPort);
  keyboardReset(chip);
  mouseReset(chip);
  queueClear(chip + I8042.controllerQueue);
}
