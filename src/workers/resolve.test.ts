import { afterEach, describe, expect, it, vi } from "vitest";
import { resolveMachine, resolveNewDrive } from "./resolve";

const base = "https://page.example/site/?image=tiny";
const manifest = {
  schema: 1,
  memoryMb: 128,
  append: "console=hvc0",
  drives: [],
  devices: ["virtio-serial-pci", "virtconsole"],
  files: { vmlinux: { size: 10, sha256: "" } },
};

function serve(status: number, body: string): void {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
}

afterEach(() => vi.unstubAllGlobals());

describe("resolveNewDrive", () => {
  it("has a name for what comes without one", () => {
    const medium = resolveNewDrive({ file: "disc.iso", media: "cdrom" }, base);
    expect(medium.ok && medium.value).toMatchObject({
      id: "#drive",
      source: { url: "https://page.example/site/disc.iso" },
    });
    expect(resolveNewDrive({ size: 4096 }, base, "d1")).toMatchObject({ ok: true, value: { id: "d1" } });
    expect(resolveNewDrive({ file: "http://:x" }, base).ok).toBe(false);
  });
});

describe("resolveMachine", () => {
  it("makes addresses absolute from the page's", async () => {
    const resolved = await resolveMachine({ kernel: "boot/vmlinuz" }, base);
    expect(resolved.ok && resolved.value.kernel).toMatchObject({ url: "https://page.example/site/boot/vmlinuz" });
  });

  it("takes what an image says", async () => {
    serve(200, JSON.stringify(manifest));
    const resolved = await resolveMachine({ image: "tiny" }, base);
    expect(resolved.ok && resolved.value).toMatchObject({
      memory: 128,
      kernel: { url: "https://page.example/site/guests/tiny/vmlinux" },
    });
  });

  it.each([
    [404, "", /404/],
    [200, "<html>", /not JSON/],
    [200, "{}", /schema/],
  ])("says what is wrong with an image (%d %j)", async (status, body, words) => {
    serve(status, body);
    const resolved = await resolveMachine({ image: "tiny" }, base);
    expect(resolved.ok ? "" : `${resolved.error.option}: ${resolved.error.reason}`).toMatch(words);
  });

  it("refuses what is no address", async () => {
    const resolved = await resolveMachine({ kernel: "http://:x" }, base);
    expect(resolved.ok ? "" : resolved.error.reason).toContain("http://:x");
  });
});
