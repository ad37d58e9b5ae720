// The PS/2 keyboard behind the i8042 (IBM PS/2 Technical Reference, keyboard commands). `chip` is the i8042's state.

import * as I8042 from "../layout/i8042";
import { queueClear, queuePut } from "./ps2_queue";
import { BREAK, toSet1 } from "./scancode";

const ACK: u32 = 0xfa;
const RESEND: u32 = 0xfe;
const BAT_OK: u32 = 0xaa;

const SET_LEDS: u32 = 0xed;
const ECHO: u32 = 0xee;
const SCANCODE_SET: u32 = 0xf0;
const IDENTIFY: u32 = 0xf2;
const TYPEMATIC: u32 = 0xf3;
const ENABLE: u32 = 0xf4;
const DISABLE: u32 = 0xf5;
const DEFAULTS: u32 = 0xf6;
const RESET: u32 = 0xff;

function reply(chip: usize, byte: u32): void {
  queuePut(chip + I8042.kbdQueue, byte);
}

function setDefaults(chip: usize, scanning: u32): void {
  store<u8>(chip, <u8>scanning, I8042.kbdScanning);
  store<u8>(chip, 2, I8042.kbdSet);
  store<u8>(chip, 0x2b, I8042.kbdTypematic);
  store<u8>(chip, 0, I8042.kbdCommand);
  store<u8>(chip, 0, I8042.kbdBreak);
  queueClear(chip + I8042.kbdQueue);
}

export function keyboardReset(chip: usize): void {
  setDefaults(chip, 1);
  store<u8>(chip, 0, I8042.kbdLeds);
}

/** The byte after a command that takes one. */
function parameter(chip: usize, command: u32, value: u32): void {
  store<u8>(chip, 0, I8042.kbdCommand);
  if (command == SCANCODE_SET && value > 3) {
    reply(chip, RESEND);
    return;
  }
  reply(chip, ACK);
  if (command == SET_LEDS) store<u8>(chip, <u8>(value & 7), I8042.kbdLeds);
  else if (command == TYPEMATIC) store<u8>(chip, <u8>(value & 0x7f), I8042.kbdTypematic);
  else if (command == SCANCODE_SET && value == 0) reply(chip, load<u8>(chip, I8042.kbdSet));
  else if (command == SCANCODE_SET) store<u8>(chip, <u8>value, I8042.kbdSet);
}

/** A byte from the controller. */
export function keyboardWrite(chip: usize, value: u32): void {
  const command = <u32>load<u8>(chip, I8042.kbdCommand);
  if (command != 0 && value < SET_LEDS) {
    parameter(chip, command, value);
    return;
  }
  store<u8>(chip, 0, I8042.kbdCommand);
  switch (value) {
    case ECHO:
      reply(chip, ECHO);
      break;
    case IDENTIFY:
      reply(chip, ACK);
      reply(chip, 0xab);
      reply(chip, 0x83);
      break;
    case ENABLE:
      queueClear(chip + I8042.kbdQueue);
      store<u8>(chip, 1, I8042.kbdScanning);
      reply(chip, ACK);
      break;
    case DISABLE:
      setDefaults(chip, 0);
      reply(chip, ACK);
      break;
    case DEFAULTS:
      setDefaults(chip, 1);
      reply(chip, ACK);
      break;
    case RESEND:
      reply(chip, load<u8>(chip, I8042.kbdLast));
      break;
    case RESET:
      keyboardReset(chip);
      reply(chip, ACK);
      reply(chip, BAT_OK);
      break;
    default:
      otherCommand(chip, value);
  }
}

function otherCommand(chip: usize, value: u32): void {
  const wantsParameter =
    value == SET_LEDS || value == SCANCODE_SET || value == TYPEMATIC || (value >= 0xfb && value <= 0xfd);
  if (wantsParameter) store<u8>(chip, <u8>value, I8042.kbdCommand);
  // F7-FA set the type of all keys, which only matters to set 3.
  reply(chip, wantsParameter || (value >= 0xf7 && value <= 0xfa) ? ACK : RESEND);
}

/** A scan code byte (set 2) from the host. */
export function keyboardInput(chip: usize, byte: u32): void {
  if (!load<u8>(chip, I8042.kbdScanning)) return;
  if (load<u8>(chip, I8042.kbdSet) != 1) {
    reply(chip, byte);
  } else if (byte == BREAK) {
    store<u8>(chip, 1, I8042.kbdBreak);
  } else {
    reply(chip, toSet1(byte) | (load<u8>(chip, I8042.kbdBreak) ? 0x80 : 0));
    store<u8>(chip, 0, I8042.kbdBreak);
  }
}
