// The terminal's own features: search, the tabs, paste.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

test("finds text in the scrollback", async ({ page, guest }) => {
  await guest.open("image=tiny");
  await guest.waitFor(/tabvisor: shell ready/);
  expect(await guest.output("seq 1000 1300 | sed s/^/line-/")).toContain("line-1300");
  await page.keyboard.press("Control+Shift+F");
  await page.getByRole("searchbox", { name: "Find in the terminal" }).fill("line-1003");
  await expect(page.getByRole("search").getByRole("status")).toHaveText("1 of 1");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("search")).toBeHidden();
});

test("pastes what is on the clipboard and copies what is selected", async ({ page, context, guest }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await guest.open("image=tiny");
  await guest.waitFor(/tabvisor: shell ready/);
  await page.evaluate(() => navigator.clipboard.writeText("echo pasted $((40 + 2))\n"));
  await page.locator(".pane.visible").click({ button: "right" });
  await guest.waitFor(/pasted 42/);
});

test("each console() starts with what was said before and hears all that follows", async ({ page, guest }) => {
  await guest.open("image=tiny");
  await guest.waitFor(/tabvisor: shell ready/);
  const heard = await page.evaluate(async () => {
    const machine = await tabvisor.machine;
    if (machine === undefined) throw new Error("the page has no machine");
    const readers = [machine.console("hvc0"), machine.console("hvc0")].map(({ readable }) => readable.getReader());
    const first = await Promise.all(readers.map((reader) => reader.read()));
    await Promise.all(readers.map((reader) => reader.cancel()));
    return first.map(({ value }) => new TextDecoder().decode(value));
  });
  expect(heard[0]).toBe(heard[1]);
  expect(heard[0]?.length).toBeGreaterThan(0);
});
