import { describe, expect, it } from "vitest";
import { KeptOutput } from "./kept_output";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function next(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<string | undefined> {
  const { value } = await reader.read();
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

describe("KeptOutput", () => {
  it("gives each reader all that is kept, then what comes", async () => {
    const output = new KeptOutput();
    output.append(bytes("early "));
    const first = output.readable().getReader();
    expect(await next(first)).toBe("early ");
    const pending = next(first);
    output.append(bytes("late"));
    expect(await pending).toBe("late");
    const second = output.readable().getReader();
    expect(await next(second)).toBe("early ");
    expect(await next(second)).toBe("late");
  });

  it("keeps no more than the limit and lets a slow reader skip what is gone", async () => {
    const output = new KeptOutput(8);
    output.append(bytes("1111"));
    const slow = output.readable().getReader();
    expect(await next(slow)).toBe("1111");
    for (const part of ["2222", "3333", "4444"]) output.append(bytes(part));
    expect(await next(slow)).toBe("3333");
    expect(await next(slow)).toBe("4444");
    expect(output.length).toBe(16);
  });

  it("keeps the newest chunk even if it alone exceeds the limit", async () => {
    const output = new KeptOutput(2);
    output.append(bytes("abcdef"));
    expect(await next(output.readable().getReader())).toBe("abcdef");
  });

  it("hands out copies, so that one reader cannot change what another sees", async () => {
    const output = new KeptOutput();
    output.append(bytes("abc"));
    const { value } = await output.readable().getReader().read();
    value?.fill(0);
    expect(await next(output.readable().getReader())).toBe("abc");
  });

  it("ends its readers when closed, after what is kept", async () => {
    const output = new KeptOutput();
    output.append(bytes("last"));
    const reader = output.readable().getReader();
    expect(await next(reader)).toBe("last");
    const pending = next(reader);
    output.close();
    expect(await pending).toBeUndefined();
    output.append(bytes("too late"));
    expect(await next(output.readable().getReader())).toBe("last");
  });

  it("lets a waiting reader be cancelled", async () => {
    const output = new KeptOutput();
    const reader = output.readable().getReader();
    const pending = reader.read();
    await reader.cancel();
    expect((await pending).done).toBe(true);
    output.append(bytes("x"));
    expect(output.length).toBe(1);
  });
});
