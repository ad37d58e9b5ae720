// What the tests of the platform call. The names say that they are of the test build only.

export { busMmioRead as testMmioRead, busMmioWrite as testMmioWrite } from "./bus";
export { busPortRead as testPortRead, busPortWrite as testPortWrite } from "./bus";
export { dateInto as testDateInto, daysOf as testDaysOf } from "./platform/calendar";
export {
  guestNow as testGuestNow,
  ticksAt as testTicksAt,
  timeOfTick as testTimeOfTick,
  tscNow as testTscNow,
} from "./platform/clock";
export { raiseMsi as testRaiseMsi } from "./platform/delivery";
export { acknowledgeInterrupt as testAcknowledge } from "./platform/interrupts";
export { setIrqLine as testSetIrqLine } from "./platform/irq";
export { clockPause as testClockPause, clockResume as testClockResume } from "./platform/kvmclock";
export { lapicInit as testLapicInit } from "./platform/lapic";
export { lapicReadTpr as testReadTpr, lapicWriteTpr as testWriteTpr } from "./platform/lapic_registers";
export { platformReadMsr as testReadMsr, platformWriteMsr as testWriteMsr } from "./platform/msr";
export {
  pressPowerButton as testPressPowerButton,
  raiseGpe as testRaiseGpe,
  wakeUp as testWakeUp,
} from "./platform/pm";
export { platformInit as testPlatformInit, platformReset as testPlatformReset } from "./platform/reset";
export { platformPoll as testPlatformPoll } from "./platform/timers";
