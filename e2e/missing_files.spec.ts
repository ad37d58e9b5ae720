// Files from elsewhere, and files that cannot be had: the page says which one and why.
import { expect, mergeTests } from "@playwright/test";
import { test as guestTest } from "./fixtures/guest";
import { test as originTest } from "./fixtures/other_origin";

const test = mergeTests(guestTest, originTest);

test("a kernel that is not there: HTTP status and address", async ({ page }) => {
  await page.goto("./?kernel=no/such/vmlinuz");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("404");
  await expect(alert).toContainText("/no/such/vmlinuz");
});

test("a kernel whose server does not answer", async ({ page }) => {
  // Nothing listens on the discard port, and browsers block it too.
  await page.goto("./?kernel=http://127.0.0.1:9/vmlinuz");
  await expect(page.getByRole("alert")).toContainText("http://127.0.0.1:9/vmlinuz");
});

test("an image that is not there", async ({ page }) => {
  await page.goto("./?image=no-such-image");
  await expect(page.getByRole("alert")).toContainText("no-such-image");
});

test("a file that is no kernel", async ({ page, otherOrigin }) => {
  const url = otherOrigin.put("text", Buffer.from("This is no kernel. ".repeat(1000)));
  await page.goto(`./?kernel=${url}`);
  await expect(page.getByRole("alert")).toContainText(/kernel/);
});

test("kernel, initrd and disk of another origin, until its server dies", async ({ page, guest, otherOrigin }) => {
  const { url } = otherOrigin;
  const disk = otherOrigin.put("disk.img", Buffer.alloc(64 << 20, "tabvisor"));
  // The devices are of the kind that old systems know.
  await guest.open(
    [
      `kernel=${url}tiny/bzImage`,
      `initrd=${url}tiny/initrd`,
      "append=console=ttyS0+console=hvc0",
      `drive=file=${disk},if=none,id=disk,format=raw`,
      "device=virtio-blk-pci,drive=disk,disable-modern=on",
      "device=virtio-serial-pci,disable-modern=on",
      "device=virtconsole",
    ].join("&"),
  );
  await guest.waitFor(/tabvisor: shell ready/);
  expect(await guest.output("dd if=/dev/vda bs=64k count=1 2>/dev/null | head -c 8")).toBe("tabvisor");
  otherOrigin.dieAfter = otherOrigin.ranges;
  const read = await guest.run("dd if=/dev/vda of=/dev/null bs=1M skip=32 count=8");
  expect(read.code).not.toBe(0);
  expect(read.output).toContain("Input/output error");
  await expect(page.getByRole("log", { name: "Notices" })).toContainText(disk);
  expect(await guest.output("echo the guest lives")).toContain("the guest lives");
});
