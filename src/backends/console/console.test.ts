import { describe, expect, it } from "vitest";
import { ConsoleInput } from "./console_input";
import { ConsoleLog } from "./console_log";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const string = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

describe("ConsoleLog", () => {
  it("gives every reader all that is kept, and then follows", async () => {
    const log = new ConsoleLog(16);
    log.append(text("early "));
    const a = log.reader();
    expect(string(await a.read())).toBe("early ");
    const next = a.read();
    log.append(text("later"));
    expect(string(await next)).toBe("later");
    expect(string(await log.reader().read())).toBe("early later");
    log.close();
    expect(await a.read()).toBeUndefined();
  });

  it("drops the oldest, counts it, and tells a reader what it lost", async () => {
    const log = new ConsoleLog(8);
    const slow = log.reader();
    log.append(text("0123456789"));
    expect(log.dropped).toBe(2);
    log.append(text("ab"));
    expect(string(log.snapshot())).toBe("456789ab");
    expect(string(await slow.read())).toBe("456789ab");
    expect(slow.lost).toBe(4);
    log.append(text("a very long line"));
    expect(string(await slow.read())).toBe("ong line");
    expect(log.written).toBe(28);
  });

  it("is a stream for each who asks", async () => {
    const log = new ConsoleLog();
    log.append(text("hello"));
    const [a, b] = [log.stream().getReader(), log.stream().getReader()];
    expect(string((await a.read()).value)).toBe("hello");
    await a.cancel();
    log.append(text("!"));
    expect(string((await b.read()).value)).toBe("hello!");
    log.close();
    expect((await b.read()).done).toBe(true);
  });

  it("hands out copies, so that one reader cannot change what another sees", async () => {
    const log = new ConsoleLog();
    log.append(text("abc"));
    (await log.reader().read())?.fill(0);
    expect(string(await log.reader().read())).toBe("abc");
  });

  it("lets a waiting reader be cancelled", async () => {
    const log = new ConsoleLog();
    const reader = log.reader();
    const pending = reader.read();
    reader.cancel();
    expect(await pending).toBeUndefined();
    const stream = log.stream().getReader();
    const waiting = stream.read();
    await stream.cancel();
    expect((await waiting).done).toBe(true);
  });
});

describe("ConsoleInput", () => {
  it("holds writers back and loses nothing", async () => {
    const input = new ConsoleInput(4);
    let calls = 0;
    input.onData = () => calls++;
    await input.write(text("abc"));
    let accepted = false;
    const second = input.write(text("defg")).then(() => (accepted = true));
    const third = input.write(text("h"));
    await Promise.resolve();
    expect(accepted).toBe(false);
    expect(calls).toBe(1);
    const got: string[] = [];
    const target = new Uint8Array(2);
    for (let n = input.take(target); n > 0; n = input.take(target)) got.push(string(target.subarray(0, n)) ?? "");
    expect(got.join("")).toBe("abcdefgh");
    await Promise.all([second, third]);
    expect(input.length).toBe(0);
  });

  it("takes a piece that is larger than its room, alone", async () => {
    const input = new ConsoleInput(4);
    await input.write(text("0123456789"));
    expect(input.length).toBe(10);
    const waiting = input.write(text("x"));
    input.close();
    await waiting;
    expect(input.take(new Uint8Array(4))).toBe(0);
    await input.write(text("ignored"));
  });
});
