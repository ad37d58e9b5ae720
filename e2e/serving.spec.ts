// How files reach the page: guest images whole, by range and precompressed, and nothing in place of what is missing.
import { expect, test } from "@playwright/test";

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

test("a part of a guest image can be fetched by its range", async ({ request }) => {
  const response = await request.get("guests/tiny/vmlinux", { headers: { Range: "bytes=0-3" } });
  expect(response.status()).toBe(206);
  expect(response.headers()["content-range"]).toMatch(/^bytes 0-3\/\d{7,}$/);
  expect(await response.body()).toEqual(elfMagic);
});

test("a whole guest image is compressed in transit", async ({ page }) => {
  await page.goto("./");
  const [arrived, unpacked] = await page.evaluate(async () => {
    const response = await fetch("guests/tiny/vmlinux");
    return [Number(response.headers.get("content-length")), (await response.arrayBuffer()).byteLength] as const;
  });
  expect(unpacked).toBeGreaterThan(10_000_000);
  expect(arrived).toBeLessThan(unpacked / 2);
});

for (const path of ["guests/tiny/missing", "missing", "missing/"]) {
  test(`${path} is answered with 404, not with the page`, async ({ request }) => {
    expect((await request.get(path)).status()).toBe(404);
  });
}
