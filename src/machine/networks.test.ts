import { beforeEach, describe, expect, it } from "vitest";
import { DNS, MockGuest, settle } from "../backends/net/user/testing/mock_guest";
import { parseSegment } from "../backends/net/user/tcp/segment";
import { planOf } from "../shared/net/user_plan";
import { Networks } from "./networks";

let networks: Networks;
let guests: MockGuest[];

beforeEach(() => {
  const plan = planOf({});
  if (!plan.ok) throw new Error(plan.error.reason);
  const forward = { hostPort: 8080, guestPort: 80 };
  const host = { page: "p", origin: "http://localhost", notice: () => undefined };
  const user = { type: "user", plan: plan.value } as const;
  networks = new Networks(
    [
      { ...user, id: "a", forwards: [] },
      { ...user, id: "b", forwards: [forward] },
    ],
    host,
  );
  guests = networks.all.map(({ tap }) => new MockGuest(tap));
});

describe("two user networks of one machine", () => {
  it("are asked each for the ports that it forwards", async () => {
    // Each learns the guest's address.
    for (const guest of guests) guest.sendDatagram({ address: DNS, port: 53 }, new Uint8Array(12));
    for (const guest of guests) guest.take();
    const ports = async (port: number): Promise<(number | undefined)[]> => {
      void networks.connect(port);
      await settle();
      return guests.map((guest) => guest.take().map(({ payload }) => parseSegment(payload)?.destinationPort)[0]);
    };
    expect(await ports(8080)).toEqual([undefined, 80]);
    expect(await ports(22)).toEqual([22, undefined]);
    networks.close();
  });

  it("tell those who wait for the guest when it has gone, and take another one", async () => {
    const [guest] = guests;
    guest?.sendDatagram({ address: DNS, port: 53 }, new Uint8Array(12));
    guest?.take();
    const connected = networks.connect(22);
    await settle();
    networks.unplug();
    expect(await connected).toBeUndefined();
    expect(await networks.connect(22)).toBeUndefined();
    const [first] = networks.all;
    const next = first && new MockGuest(first.tap);
    next?.sendDatagram({ address: DNS, port: 53 }, new Uint8Array(12));
    next?.take();
    void networks.connect(22);
    await settle();
    expect(next?.take().map(({ payload }) => parseSegment(payload)?.destinationPort)).toEqual([22]);
    networks.close();
  });

  it("know each other's names", () => {
    const name = [1, 0x61, 3, 0x6f, 0x72, 0x67, 0];
    const [first, second] = guests;
    first?.sendDatagram(
      { address: DNS, port: 53 },
      Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1]),
    );
    const address = [...(first?.take()[0]?.payload.subarray(-4) ?? [])];
    const labels = [...address.map(String).reverse(), "in-addr", "arpa"].flatMap((label) => [
      label.length,
      ...new TextEncoder().encode(label),
    ]);
    second?.sendDatagram(
      { address: DNS, port: 53 },
      Uint8Array.from([0, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 12, 0, 1]),
    );
    expect([...(second?.take()[0]?.payload.subarray(-name.length) ?? [])]).toEqual(name);
  });
});
