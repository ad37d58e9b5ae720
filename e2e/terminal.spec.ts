// The terminal's own features: search, the tabs, paste.
import { expect, type Page } from "@playwright/test";
import { test, tiny } from "./fixtures/shared_guest";

test.use({ machine: tiny });

/** Finds text, which stays selected. */
async function find(page: Page, text: string, which: string): Promise<void> {
  await page.keyboard.press("Control+Shift+F");
  await page.getByRole("searchbox", { name: "Find in the terminal" }).fill(text);
  await expect(page.getByRole("search").getByRole("status")).toHaveText(which);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("search")).toBeHidden();
}

test("finds text in the scrollback", async ({ page, guest }) => {
  expect(await guest.output("seq 1000 1300 | sed s/^/line-/")).toContain("line-1300");
  await find(page, "line-1003", "1 of 1");
});

test("copies what is selected and pastes what is on the clipboard", async ({ page, guest }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const text = "echo pasted $((40 + 2))";
  expect(await guest.output(`echo '${text}'`)).toBe(text);
  // The first is the command that was typed.
  await find(page, text, "2 of 2");
  const rightClick = () => page.locator(".pane.visible").click({ button: "right" });
  await rightClick();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  await rightClick();
  await guest.waitFor(/echo pasted /);
  await guest.send("\r");
  await guest.waitFor(/pasted 42/);
});

test("each console() starts with what was said before and hears all that follows", async ({ page }) => {
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
