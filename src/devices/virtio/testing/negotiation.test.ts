// Every device in every way in which a driver may start it: each feature left out, each alone, all subsets or many of
// them; by the modern interface and the legacy one; with messages and with the pin. It always does its work and interrupts.
import { describe, expect, it } from "vitest";
import { Session, type Subject, subjects } from "../../../../tests/main_work";
import { type TestBus, testBus } from "../../../../tests/virtio";
import { bit, VERSION_1 } from "../features";
import { randomFrom } from "./hostile";
import type { MockDriver } from "./mock_driver";

const WORKING = 15;
/** Up to so many features all subsets are tried, of more those that leave out or have one or two, and some by chance. */
const ALL_SUBSETS_OF = 7;
const BY_CHANCE = 100;

function subsetsOf(features: bigint): bigint[] {
  const bits = Array.from({ length: 64 }, (_, i) => bit(i)).filter((one) => (features & one) !== 0n);
  const union = (wanted: (index: number) => boolean): bigint =>
    bits.reduce((sum, one, index) => (wanted(index) ? sum | one : sum), 0n);
  if (bits.length <= ALL_SUBSETS_OF) {
    return Array.from({ length: 1 << bits.length }, (_, subset) => union((index) => ((subset >> index) & 1) !== 0));
  }
  const random = randomFrom(bits.length);
  const few = [0n, ...bits, ...bits.flatMap((one, i) => bits.slice(i + 1).map((other) => one | other))];
  return [
    ...few,
    ...few.map((some) => features & ~some),
    ...Array.from({ length: BY_CHANCE }, () => union(() => random(2) === 0)),
  ];
}

interface Setup {
  readonly t: TestBus;
  readonly driver: MockDriver;
  readonly subject: Subject;
}

function setUp(make: () => Subject, msix: boolean): Setup {
  const t = testBus();
  const subject = make();
  const driver = t.driver(t.plug(subject.device));
  if (msix) driver.enableMsix();
  return { t, driver, subject };
}

/** Lets the device work, and expects interrupts of the kind that the driver has chosen. */
function expectWork({ t, driver, subject }: Setup, features: bigint, kick: (queue: number) => void): void {
  t.messages.length = 0;
  subject.work(new Session(t, driver, features, kick));
  const pin = [...t.lines.values()].some((level) => level);
  expect({ messages: t.messages.length > 0, pin }).toEqual({ messages: driver.usesMsix, pin: !driver.usesMsix });
}

describe.each(Object.entries(subjects))("%s", (_name, make) => {
  it.each([true, false])("works with every choice of features, MSI-X %s", (msix) => {
    const setup = setUp(make, msix);
    const { driver } = setup;
    const subsets = subsetsOf(driver.offered & ~VERSION_1);
    expect(subsets.length).toBeGreaterThan(3);
    for (const subset of subsets) {
      const features = subset | VERSION_1;
      driver.start(features);
      expectWork(setup, features, (queue) => driver.kick(queue));
      expect(driver.status).toBe(WORKING);
      driver.readIsr();
    }
  });

  it.each([true, false])("works through the legacy interface, if it has one, MSI-X %s", (msix) => {
    const setup = setUp(make, msix);
    const { driver } = setup;
    if (!driver.transitional) {
      expect(setup.subject.device.name).toBe("virtio-keyboard");
      return;
    }
    for (const features of subsetsOf(BigInt(driver.legacyRead(0, 4)))) {
      driver.startLegacy(Number(features));
      expectWork(setup, features, (queue) => driver.legacyKick(queue));
      expect(driver.status & 64).toBe(0);
      driver.legacyRead(19, 1);
    }
  });
});
