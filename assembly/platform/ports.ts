// Ports of the chips that live here, and ports at which a PC of ours has nothing.

import * as DebugExit from "../layout/debug_exit";
import * as Machine from "../layout/machine";
import * as Mailbox from "../layout/mailbox";
import * as Pm from "../layout/pm";
import * as Uart from "../layout/uart";
import { i8042Read, i8042Write } from "./i8042";
import { setIsaIrq, takeLines } from "./irq";
import { requestEvent } from "./kick";
import { elcrRead, elcrWrite, picRead, picWrite } from "./pic";
import { pitRead, pitWrite, port61Read, port61Write } from "./pit";
import {
  apmRead,
  apmWrite,
  cf9Read,
  cf9Write,
  gpeRead,
  gpeWrite,
  pmRead,
  pmWrite,
  port92Read,
  port92Write,
} from "./pm";
import { rtcRead, rtcWrite } from "./rtc";
import { uartRead, uartWrite } from "./uart";

/** No chip here: ask the device model. */
export const PORT_MODEL = 0;
/** Nothing there: reads all ones, writes are dropped. */
export const PORT_NONE = 1;
/** A chip with byte registers. */
export const PORT_BYTES = 2;
/** The ACPI registers, which are wider than a byte. */
export const PORT_PM = 3;
export const PORT_DEBUG_EXIT = 4;

/** A write here ends the x87's error interrupt; the bus raises IGNNE# with it (SDM vol. 1, appendix D). */
export const FPU_PORT = 0xf0;
const IRQ_FPU: u32 = 13;

/** Who answers an access of `size` bytes at `port`. */
export function portOwner(m: usize, port: u32, size: u32): i32 {
  if (port - Uart.PORT < 8) return PORT_BYTES;
  if (isDebugExit(m, port)) return PORT_DEBUG_EXIT;
  if (port >= 0x1000) return port - Pm.GPE_PORT < 4 ? PORT_BYTES : PORT_MODEL;
  if (port - Pm.PORT < 12) return PORT_PM;
  if (port - 0xcf8 < 8) return port == 0xcf9 && size == 1 ? PORT_BYTES : PORT_MODEL;
  // QEMU's fw_cfg is the only other device of the model below 1000; everything else there is legacy that we lack:
  // more serial ports, VGA, IDE, floppy, DMA, debug ports. Probing it must be cheap.
  if (port - 0x510 < 12) return PORT_MODEL;
  if (isVgaPort(port) && load<u32>(m, Machine.vga) != 0) return PORT_MODEL;
  return isLegacyChip(port) ? PORT_BYTES : PORT_NONE;
}

/** The VGA's registers. */
function isVgaPort(port: u32): bool {
  return port - 0x3b0 < 0x30;
}

function isDebugExit(m: usize, port: u32): bool {
  const first = load<u32>(m + Machine.debugExit, DebugExit.port);
  return first != 0 && port - first < load<u32>(m + Machine.debugExit, DebugExit.size);
}

function isLegacyChip(port: u32): bool {
  switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x60:
    case 0x61:
    case 0x64:
    case 0x70:
    case 0x71:
    case 0x92:
    case 0xb2:
    case 0xb3:
    case FPU_PORT:
    case 0x4d0:
    case 0x4d1:
      return true;
    default:
      return false;
  }
}

/** A byte register; wants the lock. */
export function readPortByte(m: usize, port: u32): u32 {
  if (port - Uart.PORT < 8) return uartRead(m, port);
  switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
      takeLines(m);
      return picRead(m, port);
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
      return pitRead(m, port);
    case 0x60:
    case 0x64:
      return i8042Read(m, port);
    case 0x61:
      return port61Read(m);
    case 0x70:
    case 0x71:
      return rtcRead(m, port);
    case 0x92:
      return port92Read(m);
    case 0xb2:
    case 0xb3:
      return apmRead(m, port);
    case 0x4d0:
    case 0x4d1:
      return elcrRead(m, port);
    case 0xcf9:
      return cf9Read(m);
    default:
      return port - Pm.GPE_PORT < 4 ? gpeRead(m, port) : 0xff;
  }
}

/** A byte register; wants the lock. */
export function writePortByte(m: usize, port: u32, value: u32): void {
  if (port - Uart.PORT < 8) {
    uartWrite(m, port, value);
    return;
  }
  switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
      takeLines(m);
      picWrite(m, port, value);
      break;
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
      pitWrite(m, port, value);
      break;
    case 0x60:
    case 0x64:
      i8042Write(m, port, value);
      break;
    case 0x61:
      port61Write(m, value);
      break;
    case 0x70:
    case 0x71:
      rtcWrite(m, port, value);
      break;
    case 0x92:
      port92Write(m, value);
      break;
    case 0xb2:
    case 0xb3:
      apmWrite(m, port, value);
      break;
    case 0x4d0:
    case 0x4d1:
      elcrWrite(m, port, value);
      break;
    case FPU_PORT:
      setIsaIrq(m, IRQ_FPU, false);
      break;
    case 0xcf9:
      cf9Write(m, value);
      break;
    default:
      if (port - Pm.GPE_PORT < 4) gpeWrite(m, port, value);
  }
}

/** isa-debug-exit ends the machine with exit code value << 1 | 1. */
export function debugExit(m: usize, value: u32): void {
  requestEvent(m, Mailbox.EVENT_SHUTDOWN, ((value << 1) | 1) + 1);
}

export function pmPortRead(m: usize, port: u32): u32 {
  return pmRead(m, port - Pm.PORT);
}

export function pmPortWrite(m: usize, port: u32, size: u32, value: u32): void {
  pmWrite(m, port - Pm.PORT, size, value);
}
