// Devices that come and go, and the ports and the balloon of a running guest. One boot for all checks.
import { expect, test } from "@playwright/test";
import { Guest } from "./fixtures/guest";
import { findKeyboard, keyArrives } from "./fixtures/keyboard";
import { receiveFrom, sendTo } from "./fixtures/port";

const mebibyte = 1 << 20;
const query = [
  "image=tiny",
  "device=virtio-balloon-pci,id=balloon0",
  "device=virtserialport,name=org.example.data,id=data0",
  "device=virtconsole,id=second",
  "drive=size=16M,if=none,id=spare",
  "drive=size=4M,if=none,id=unit",
  "netdev=user,id=n0",
].join("&");
let guest: Guest;

test.describe.configure({ mode: "serial", timeout: 900_000 });

test.beforeAll(async ({ browser }) => {
  guest = new Guest(await browser.newPage());
});

test.afterAll(async () => {
  await guest.page.close();
});

/** In the guest: the device of the named port. */
const device = "/dev/$(basename $(dirname $(grep -l org.example.data /sys/class/virtio-ports/*/name)))";

const patient = { timeout: 60_000 };

async function deleted(device: string): Promise<void> {
  const event = { device, path: `/machine/peripheral/${device}` };
  await expect.poll(() => guest.events("DEVICE_DELETED"), patient).toContainEqual(event);
}

const mapped = async (): Promise<number> => (await guest.stats()).mappedBytes / mebibyte;

test("boots with a balloon, a second console and a named port", async () => {
  await guest.open(query);
  await guest.waitFor(/tabvisor: shell ready/, { timeout: 300_000 });
  // The image has no udev that would load the drivers of devices that come later.
  await guest.output("modprobe -a virtio_blk virtio_rng virtio_net virtio_input evdev virtio_scsi sd_mod sr_mod");
  expect(await guest.output("ls /sys/bus/virtio/drivers/virtio_balloon | grep -c ^virtio")).toBe("1");
  expect(await guest.output("cat /sys/class/virtio-ports/*/name")).toBe("org.example.data");
  expect(await guest.qmp("query-status")).toEqual({ status: "running", running: true });
  const names = (await guest.qmp("query-commands")).map(({ name }) => name);
  expect(names).toContain("device_add");
});

test("memory that the guest frees goes back to the pool, and comes back as it was written", async () => {
  const before = await mapped();
  await guest.output("dd if=/dev/zero of=/tmp/big bs=1M count=96 2>/dev/null", 200_000);
  expect(await mapped()).toBeGreaterThan(before + 80);
  await guest.output("rm /tmp/big");
  await expect.poll(mapped, { timeout: 60_000 }).toBeLessThan(before + 40);
  const random = "dd if=/dev/urandom of=/tmp/big bs=1M count=16 2>/dev/null";
  const [first, second] = (await guest.output(`${random}; md5sum < /tmp/big; md5sum < /tmp/big`, 200_000)).split("\n");
  expect(second).toBe(first);
  await guest.output("rm /tmp/big");
});

test("a balloon of half the memory, and back", async () => {
  const all = 256 * mebibyte;
  expect(await guest.qmp("query-balloon")).toEqual({ actual: all });
  // The cache of the file system counts as used: it must go, too.
  await guest.output("dd if=/dev/zero of=/tmp/kept bs=1M count=24 2>/dev/null");
  await guest.qmp("balloon", { value: all / 2 });
  await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 60_000 }).toBe(all / 2);
  expect(await mapped()).toBeLessThanOrEqual(128);
  await expect(guest.page.getByRole("contentinfo")).toContainText("128 MiB in the balloon");
  expect(await guest.output("tr -d '\\000' < /tmp/kept | wc -c")).toBe("0");
  await guest.qmp("balloon", { value: all });
  await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 60_000 }).toBe(all);
  const low = await mapped();
  await guest.output("dd if=/dev/zero of=/tmp/big bs=1M count=72 2>/dev/null", 200_000);
  expect(await mapped()).toBeGreaterThan(low + 60);
  await guest.output("rm /tmp/big /tmp/kept");
  expect(await guest.events("BALLOON_CHANGE")).toContainEqual({ actual: all / 2 });
  await expect.poll(async () => (await guest.stats()).guestMemory.totalMemory).toBeGreaterThan(200 * mebibyte);
});

test("bytes go through a named port in both directions, in spite of a slow reader", async () => {
  const length = 4 * mebibyte;
  await guest.run(`dd if=/dev/urandom of=/tmp/data bs=1M count=${length / mebibyte} 2>/dev/null`);
  const command = `cat /tmp/data > ${device}; sha256sum < /tmp/data`;
  const received = await receiveFrom(guest, "org.example.data", { length, command, pauseEvery: mebibyte });
  expect(received.length).toBe(length);
  expect(received.output).toContain(received.sum);
  expect(await guest.events("VSERPORT_CHANGE")).toContainEqual({ id: "data0", open: true });
  await expect.poll(() => guest.events("VSERPORT_CHANGE"), patient).toContainEqual({ id: "data0", open: false });

  const sent = await sendTo(guest, "org.example.data", { length, command: `head -c ${length} ${device} | sha256sum` });
  expect(sent.output).toContain(sent.sum);
});

test("100 MiB go through a named port in both directions @slow", async () => {
  test.setTimeout(1_800_000);
  const [length, timeout] = [100 * mebibyte, 600_000];
  const data = `i=0; while [ $i -lt 200 ]; do cat /bin/busybox; i=$((i + 1)); done | head -c ${length}`;
  const sum = (await guest.output(`(${data}) | sha256sum`, timeout)).split(" ")[0];
  const received = await receiveFrom(guest, "org.example.data", { length, command: `(${data}) > ${device}`, timeout });
  expect(received).toMatchObject({ length, sum });
  const command = `head -c ${length} ${device} | sha256sum`;
  const sent = await sendTo(guest, "org.example.data", { length, command, timeout });
  expect(sent.output).toContain(sent.sum);
});

test("a second console has a tab of its own", async () => {
  const { page } = guest;
  await guest.run("(setsid sh -i </dev/hvc1 >/dev/hvc1 2>&1 &)");
  await page.getByRole("tab", { name: "hvc1" }).click();
  await page.getByRole("textbox", { name: "Console hvc1" }).focus();
  await page.keyboard.type("echo six times seven is $((6 * 7)) > /tmp/typed\n");
  await guest.becomes("cat /tmp/typed", "six times seven is 42");
  await guest.becomes("stty size < /dev/hvc1", await guest.output("stty size"));
});

test("a disk is plugged in, used, and taken out", async () => {
  const disk = "test -b /dev/vda && echo there || echo none";
  expect(await guest.qmp("query-block")).toMatchObject([
    { device: "spare", qdev: "" },
    { device: "unit", qdev: "" },
  ]);
  await guest.qmp("device_add", { driver: "virtio-blk-pci", id: "disk1", drive: "spare", serial: "plugged" });
  await guest.becomes(disk, "there");
  expect(await guest.output("cat /sys/block/vda/serial")).toBe("plugged");
  await guest.output("echo kept | dd of=/dev/vda conv=fsync 2>/dev/null");
  expect(await guest.qmp("query-block")).toContainEqual(
    expect.objectContaining({ device: "spare", qdev: "disk1", removable: false }),
  );
  await expect(guest.qmp("device_add", { driver: "virtio-blk-pci", drive: "spare" })).rejects.toThrow(/in use/);
  await guest.qmp("device_del", { id: "disk1" });
  await deleted("disk1");
  await guest.becomes(disk, "none");
  await guest.qmp("device_add", { driver: "virtio-blk-pci", id: "disk2", drive: "spare", addr: "0x1f" });
  await guest.becomes(disk, "there");
  expect(await guest.output("dd if=/dev/vda bs=5 count=1 2>/dev/null; ls /sys/bus/pci/devices")).toMatch(
    /^kept\n[^]*00:1f.0/,
  );
  await guest.qmp("device_del", { id: "disk2" });
  await deleted("disk2");
  await guest.becomes(disk, "none");
});

test("every other device comes and goes too", async () => {
  await guest.qmp("device_add", { driver: "virtio-rng-pci", id: "rng1" });
  await guest.becomes("cat /sys/class/misc/hw_random/rng_available", "virtio_rng");
  await guest.qmp("device_del", { id: "rng1" });
  await deleted("rng1");
  await guest.qmp("device_del", { id: "balloon0" });
  await deleted("balloon0");
  await expect(guest.qmp("query-balloon")).rejects.toThrow(/No balloon device has been activated/);
  expect(
    await guest.page.evaluate(async () => (await tabvisor.machine)?.qmp("query-balloon").catch((e) => e.class)),
  ).toBe("DeviceNotActive");
  await guest.qmp("device_add", { driver: "virtio-balloon-pci", id: "balloon0" });
  await guest.becomes("ls /sys/bus/virtio/drivers/virtio_balloon", /virtio\d+/);

  await guest.qmp("device_del", { id: "data0" });
  await deleted("data0");
  await guest.becomes("grep -l org.example.data /sys/class/virtio-ports/*/name 2>/dev/null; echo gone", /^gone$/);
  await guest.qmp("device_add", { driver: "virtserialport", id: "late", name: "org.example.late" });
  await guest.becomes("cat /sys/class/virtio-ports/*/name", "org.example.late");
  await guest.qmp("device_del", { id: "second" });
  const tab = guest.page.getByRole("tab", { name: "hvc1" });
  await expect(tab).toHaveCount(0);
  await guest.qmp("device_add", { driver: "virtconsole", id: "third" });
  await expect(tab).toBeVisible();
  await guest.becomes(
    "cat /sys/class/virtio-ports/*/dev | wc -l; stty size < /dev/hvc1",
    await guest.output("stty size"),
  );
  await guest.output("echo hello from the new one > /dev/hvc1");
  const said = await guest.page.evaluate(async () => {
    const reader = (await tabvisor.machine)?.console("hvc1").readable.getReader();
    let text = "";
    while (!text.includes("new one")) text += new TextDecoder().decode((await reader?.read())?.value);
    return text;
  });
  expect(said).toContain("hello from the new one");
});

test("a network card comes, loses its cable, and goes", async () => {
  await guest.qmp("device_add", { driver: "virtio-net-pci", id: "card", netdev: "n0", mac: "52:54:00:00:00:07" });
  await guest.becomes("cat /sys/class/net/eth0/address", "52:54:00:00:00:07");
  expect(await guest.output("udhcpc -i eth0 -q -n && ping -c 1 10.0.2.2")).toContain("1 packets received");
  expect(await guest.events("NIC_RX_FILTER_CHANGED")).toEqual([{ name: "card", path: "/machine/peripheral/card" }]);
  const [filter] = await guest.qmp("query-rx-filter", { name: "card" });
  expect(filter).toMatchObject({ name: "card", promiscuous: false, "main-mac": "52:54:00:00:00:07" });
  expect(filter?.["multicast-table"]).toContain("01:00:5e:00:00:01");
  await guest.qmp("set_link", { name: "card", up: false });
  await guest.becomes("cat /sys/class/net/eth0/carrier", /^0$/);
  await guest.qmp("set_link", { name: "card", up: true });
  await guest.becomes("cat /sys/class/net/eth0/carrier", /^1$/);
  await guest.qmp("device_del", { id: "card" });
  await deleted("card");
  await guest.becomes("ls /sys/class/net", /^lo$/);
});

test("an adapter comes with disks and a drive whose medium is changed, and goes", async () => {
  await guest.qmp("device_add", { driver: "virtio-scsi-pci", id: "hba" });
  await guest.qmp("device_add", { driver: "scsi-hd", id: "unit0", drive: "unit", bus: "hba.0" });
  await guest.becomes("cat /sys/block/sda/size", /^8192$/);
  await guest.qmp("device_add", { driver: "scsi-cd", id: "cd", bus: "hba.0" });
  await guest.becomes("test -b /dev/sr0 && echo there", "there");
  // A file of the page's own server: an archive, which begins with these characters.
  await guest.qmp("blockdev-change-medium", { id: "cd", filename: "guests/tiny/initrd" });
  await guest.becomes("head -c 6 /dev/sr0", /^070701$/);
  expect(await guest.qmp("query-block")).toContainEqual(
    expect.objectContaining({ qdev: "cd", removable: true, tray_open: false }),
  );
  await guest.qmp("eject", { id: "cd" });
  await guest.becomes("dd if=/dev/sr0 of=/dev/null bs=2k count=1", /[Nn]o medium/);
  await expect(guest.qmp("eject", { id: "unit0" })).rejects.toThrow(/is not removable/);
  await guest.qmp("device_del", { id: "unit0" });
  await guest.becomes("ls -d /sys/block/sd*", "No such file");
  await guest.qmp("device_del", { id: "hba" });
  await deleted("hba");
  await guest.becomes("ls /sys/class/scsi_host | wc -l", /^0$/);
});

test("a keyboard comes, types, and goes", async () => {
  await guest.qmp("device_add", { driver: "virtio-keyboard-pci", id: "keys" });
  await keyArrives(guest, patient.timeout);
  await guest.qmp("device_del", { id: "keys" });
  await deleted("keys");
  await guest.becomes(`${findKeyboard}; echo gone`, /^gone$/);
});

test("the panel shows devices, features and queues", async () => {
  const { page } = guest;
  await page.getByRole("button", { name: "Devices", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Devices" });
  await panel.getByText("balloon0").click();
  await expect(panel).toContainText(/STATS_VQ DEFLATE_ON_OOM.*REPORTING.*VERSION_1/);
  await expect(panel.getByRole("row", { name: /^statistics 128 1 \d+ \d+ 0$/ })).toBeVisible();
  await expect(panel).toContainText("modern interface, MSI-X");
  await test.info().attach("devices", { body: await page.screenshot(), contentType: "image/png" });
  await page.getByRole("button", { name: "Close devices" }).click();
  await expect(panel).toBeHidden();
  const reports = await page.evaluate(async () => (await tabvisor.machine)?.devices());
  expect(reports?.map(({ driver, state, failures }) => ({ driver, state, failures }))).toContainEqual({
    driver: "virtio-serial-pci",
    state: "working",
    failures: 0,
  });
});

test("refuses in QMP's words", async () => {
  await expect(guest.qmp("device_del", { id: "nobody" })).rejects.toThrow("Device 'nobody' not found");
  await expect(guest.qmp("device_add", { driver: "warp-drive" })).rejects.toThrow(/unknown device/);
  await expect(guest.qmp("human-monitor-command" as "stop")).rejects.toThrow("has not been found");
  await expect(guest.qmp("balloon", {} as { value: number })).rejects.toThrow("Parameter 'value' is missing");
  const classes = await guest.page.evaluate(async () => {
    const machine = await tabvisor.machine;
    const classOf = (answer: Promise<unknown> | undefined) =>
      answer?.then(
        () => "none",
        (error: { class?: string }) => error.class,
      );
    return Promise.all([
      classOf(machine?.qmp("human-monitor-command" as "stop")),
      classOf(machine?.qmp("device_del", { id: "nobody" })),
      classOf(machine?.qmp("set_link", { name: "nobody", up: true })),
      classOf(machine?.qmp("eject", { id: "nobody" })),
      classOf(machine?.qmp("balloon", { value: -1 })),
    ]);
  });
  expect(classes).toEqual(["CommandNotFound", "DeviceNotFound", "DeviceNotFound", "DeviceNotFound", "GenericError"]);
});

test("stops, goes on, powers off and resets by command", async () => {
  await guest.qmp("stop");
  expect(await guest.qmp("query-status")).toEqual({ status: "paused", running: false });
  await expect(guest.page.getByRole("contentinfo")).toContainText("Paused");
  await guest.qmp("cont");
  await expect(guest.page.getByRole("contentinfo")).toContainText("Running");
  expect(await guest.output("dmesg | grep -ciE 'oops|bug:|call trace|acpi (bios )?error|not responding' || true")).toBe(
    "0",
  );
  await guest.qmp("system_powerdown");
  await expect.poll(() => guest.state(), { timeout: 60_000 }).toBe("stopped");
  expect(await guest.qmp("query-status")).toEqual({ status: "shutdown", running: false });
  // So much was said at the first boot.
  await guest.waitFor(/Linux version/, { console: "ttyS0" });
  await guest.qmp("system_reset");
  await guest.waitFor(/Linux version/, { console: "ttyS0" });
  expect(await guest.events("RESET")).toEqual([{ guest: false, reason: "host-qmp-system-reset" }]);
});
