// What the tests of the platform call. The names say that they are of the test build only.

export { busMmioRead as testMmioRead, busMmioWrite as testMmioWrite } from "../bus";
export { busPortRead as testPortRead, busPortWrite as testPortWrite } from "../bus";
export { dateInto as testDateInto, daysOf as testDaysOf } from "./calendar";
export {
  guestNow as testGuestNow,
  ticksAt as testTicksAt,
  timeOfTick as testTimeOfTick,
  tscNow as testTscNow,
} from "./clock";
export { raiseMsi as testRaiseMsi } from "./delivery";
export { acknowledgeInterrupt as testAcknowledge } from "./interrupts";
export { setIrqLine as testSetIrqLine } from "./irq";
export { clockPause as testClockPause, clockResume as testClockResume } from "./kvmclock";
export { lapicInit as testLapicInit } from "./lapic";
export { lapicReadTpr as testReadTpr, lapicWriteTpr as testWriteTpr } from "./lapic_registers";
export { platformReadMsr as testReadMsr, platformWriteMsr as testWriteMsr } from "./msr";
export { pressPowerButton as testPressPowerButton, raiseGpe as testRaiseGpe } from "./pm";
export { platformInit as testPlatformInit, platformReset as testPlatformReset } from "./reset";
export { platformPoll as testPlatformPoll } from "./timers";
