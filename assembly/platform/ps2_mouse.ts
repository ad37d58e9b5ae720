// The IntelliMouse on the i8042's auxiliary port (PS/2 mouse protocol). `chip` is the i8042's state.

import * as I8042 from "../layout/i8042";
import { queueClear, queuePut, queueRoom } from "./ps2_queue";

const ACK: u32 = 0xfa;
const RESEND: u32 = 0xfe;
const ERROR: u32 = 0xfc;
const RESOLUTION: u32 = 0xe8;
const RATE: u32 = 0xf3;
const RESET_WRAP: u32 = 0xec;
const RESET: u32 = 0xff;

function reply(chip: usize, byte: u32): void {
  store<u8>(chip, <u8>byte, I8042.auxLast);
  queuePut(chip + I8042.auxQueue, byte);
}

function setDefaults(chip: usize): void {
  store<u8>(chip, 0, I8042.auxReporting);
  store<u8>(chip, 0, I8042.auxRemote);
  store<u8>(chip, 0, I8042.auxWrap);
  store<u8>(chip, 0, I8042.auxCommand);
  store<u8>(chip, 2, I8042.auxResolution);
  store<u8>(chip, 100, I8042.auxRate);
  store<u8>(chip, 0, I8042.auxScaling);
  queueClear(chip + I8042.auxQueue);
}

export function mouseReset(chip: usize): void {
  setDefaults(chip);
  store<u8>(chip, 0, I8042.auxId);
  store<u8>(chip, 0, I8042.auxRate1);
  store<u8>(chip, 0, I8042.auxRate2);
  store<u8>(chip, 0, I8042.auxButtons);
}

/** Sample rates 200, 100, 80 make it a wheel mouse, 200, 200, 80 one with five buttons as well. */
function setRate(chip: usize, rate: u32): void {
  const before = load<u8>(chip, I8042.auxRate1);
  if (rate == 80 && load<u8>(chip, I8042.auxRate2) == 200) {
    if (before == 100) store<u8>(chip, 3, I8042.auxId);
    if (before == 200 && load<u8>(chip, I8042.auxId) >= 3) store<u8>(chip, 4, I8042.auxId);
  }
  store<u8>(chip, before, I8042.auxRate2);
  store<u8>(chip, <u8>rate, I8042.auxRate1);
  store<u8>(chip, <u8>rate, I8042.auxRate);
}

function parameter(chip: usize, command: u32, value: u32): void {
  store<u8>(chip, 0, I8042.auxCommand);
  if (command == RESOLUTION && value > 3) {
    reply(chip, ERROR);
    return;
  }
  if (command == RESOLUTION) store<u8>(chip, <u8>value, I8042.auxResolution);
  else setRate(chip, value);
  reply(chip, ACK);
}

function sendStatus(chip: usize): void {
  const buttons = <u32>load<u8>(chip, I8042.auxButtons);
  const modes =
    ((<u32>load<u8>(chip, I8042.auxRemote)) << 6) |
    ((<u32>load<u8>(chip, I8042.auxReporting)) << 5) |
    ((<u32>load<u8>(chip, I8042.auxScaling)) << 4);
  // Left is bit 2 here and right bit 0, the other way round than in a packet.
  reply(chip, modes | ((buttons & 1) << 2) | ((buttons & 4) >> 1) | ((buttons & 2) >> 1));
  reply(chip, load<u8>(chip, I8042.auxResolution));
  reply(chip, load<u8>(chip, I8042.auxRate));
}

/** A packet without movement, for whoever asks for one. */
function sendPosition(chip: usize): void {
  reply(chip, 8 | load<u8>(chip, I8042.auxButtons));
  reply(chip, 0);
  reply(chip, 0);
  if (load<u8>(chip, I8042.auxId) >= 3) reply(chip, 0);
}

/** A byte from the controller. */
export function mouseWrite(chip: usize, value: u32): void {
  const command = <u32>load<u8>(chip, I8042.auxCommand);
  if (command != 0) {
    parameter(chip, command, value);
    return;
  }
  if (load<u8>(chip, I8042.auxWrap) && value != RESET && value != RESET_WRAP) {
    reply(chip, value);
    return;
  }
  if (value == 0xfe) {
    reply(chip, load<u8>(chip, I8042.auxLast));
    return;
  }
  execute(chip, value);
}

function execute(chip: usize, value: u32): void {
  switch (value) {
    case 0xe6:
    case 0xe7:
      store<u8>(chip, <u8>(value & 1), I8042.auxScaling);
      break;
    case RESOLUTION:
    case RATE:
      store<u8>(chip, <u8>value, I8042.auxCommand);
      break;
    case 0xea:
      store<u8>(chip, 0, I8042.auxRemote);
      break;
    case RESET_WRAP:
    case 0xee:
      store<u8>(chip, value == RESET_WRAP ? 0 : 1, I8042.auxWrap);
      break;
    case 0xf0:
      store<u8>(chip, 1, I8042.auxRemote);
      break;
    case 0xf4:
    case 0xf5:
      store<u8>(chip, value == 0xf4 ? 1 : 0, I8042.auxReporting);
      break;
    case 0xf6:
      setDefaults(chip);
      break;
    case RESET:
      mouseReset(chip);
      break;
    case 0xe9:
    case 0xeb:
    case 0xf2:
      break;
    default:
      reply(chip, RESEND);
      return;
  }
  reply(chip, ACK);
  if (value == 0xe9) sendStatus(chip);
  else if (value == 0xeb) sendPosition(chip);
  else if (value == 0xf2) reply(chip, load<u8>(chip, I8042.auxId));
  else if (value == RESET) {
    reply(chip, 0xaa);
    reply(chip, 0);
  }
}

/** A byte of a packet from the host; the fourth completes it. */
export function mouseInput(chip: usize, byte: u32): void {
  const at = <usize>(load<u8>(chip, I8042.auxGathered) & 3);
  // Bit 3 of the flags is always set: packets cannot get out of step with the host's groups.
  store<u8>(chip + at, <u8>(at == 0 ? byte | 8 : byte), I8042.auxPacket);
  store<u8>(chip, <u8>((at + 1) & 3), I8042.auxGathered);
  if (at == 3) sendPacket(chip);
}

function sendPacket(chip: usize): void {
  store<u8>(chip, load<u8>(chip, I8042.auxPacket) & 7, I8042.auxButtons);
  if (!load<u8>(chip, I8042.auxReporting) || load<u8>(chip, I8042.auxRemote)) return;
  // A packet goes as a whole or not at all.
  if (queueRoom(chip + I8042.auxQueue) < 4) return;
  const id = load<u8>(chip, I8042.auxId);
  for (let i: usize = 0; i < 3; i++) queuePut(chip + I8042.auxQueue, load<u8>(chip + i, I8042.auxPacket));
  if (id < 3) return;
  const last = <u32>load<u8>(chip + 3, I8042.auxPacket);
  // With three buttons the wheel fills the byte, sign-extended; with five it has four bits.
  const wheel = last & 8 ? last | 0xf0 : last & 15;
  queuePut(chip + I8042.auxQueue, id == 4 ? last & 0x3f : wheel);
}
