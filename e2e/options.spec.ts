// What a query string can get wrong, and what the page says to it.
import { expect, type Locator, type Page, test } from "@playwright/test";

const cases = [
  { query: "image=tiny&nonsense=1", option: "nonsense", accepted: "kernel" },
  { query: "image=tiny&m=lots", option: "m", accepted: "512" },
  { query: "image=tiny&m=100000", option: "m", accepted: "MiB" },
  { query: "image=tiny&drive=file=x.img,if=floppy", option: "drive", accepted: "virtio" },
  { query: "image=tiny&device=warp-drive", option: "device", accepted: "virtio-serial-pci" },
  { query: "m=64", option: "kernel", accepted: "image" },
];

for (const { query, option, accepted } of cases) {
  test(`?${query} names the option and what it accepts`, async ({ page }) => {
    await page.goto(`./?${query}`);
    const alert = page.getByRole("alert");
    await expect(alert).toContainText(new RegExp(`Option ${option}\\b`));
    await expect(alert.getByRole("list")).toContainText(accepted);
    await expect(alert.getByRole("link", { name: "To the start page" })).toBeVisible();
    const message = await page.evaluate(() =>
      Promise.resolve(tabvisor.machine).then(
        () => "no error",
        (error: unknown) => String(error),
      ),
    );
    expect(message).toContain(option);
  });
}

/** Other images have busybox in their names too, where they are built. */
const tiny = (page: Page): Locator => page.getByRole("radio").and(page.locator("[value=tiny]"));

test("without options the start screen offers the images", async ({ page }) => {
  await page.goto("./");
  await expect(tiny(page)).toBeVisible();
  await expect(page.getByRole("radio").first()).toBeChecked();
  await page.getByText("Your own kernel").click();
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("alert")).toContainText("kernel");
});

test("the start screen's choice ends up in the address", async ({ page }) => {
  await page.goto("./");
  await tiny(page).check({ force: true });
  await page.getByRole("combobox", { name: /^Memory/ }).selectOption("128");
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page).toHaveURL(/\?image=tiny&m=128$/);
});
