// Drivers that let go of their devices and take them again, in every way that Linux knows, with both interfaces of
// virtio. One boot for each interface; the shell is on the serial port, so that virtio_console can go too.
import { expect, test } from "@playwright/test";
import { Guest } from "./fixtures/guest";
import { sendTo } from "./fixtures/port";

const mebibyte = 1 << 20;
const port = "org.example.data";

test.describe.configure({ timeout: 600_000 });

const interfaces = [
  {
    name: "modern, with MSI-X",
    option: ",disable-legacy=on",
    append: "",
    interrupts: "MSI-X",
    kind: "modern",
    tag: [],
  },
  {
    name: "legacy, with INTx",
    option: ",disable-modern=on",
    append: "+pci=nomsi",
    interrupts: "INTx",
    kind: "legacy",
    tag: ["@slow"],
  },
];

for (const { name, option, append, interrupts, kind, tag } of interfaces) {
  test(`drivers come and go: ${name}`, { tag }, async ({ page }) => {
    const guest = new Guest(page);
    guest.shell = "ttyS0";
    const devices = [
      `virtio-serial-pci${option}`,
      `virtserialport,name=${port}`,
      `virtio-balloon-pci${option}`,
      `virtio-rng-pci${option}`,
      `virtio-blk-pci,drive=disk${option}`,
      `virtio-scsi-pci${option}`,
      "scsi-hd,drive=unit",
      `virtio-net-pci,netdev=n0${option}`,
    ];
    const query = ["kernel=guests/tiny/bzImage", "initrd=guests/tiny/initrd", `append=console=ttyS0${append}`];
    const backends = ["drive=size=8M,if=none,id=disk", "drive=size=4M,if=none,id=unit", "netdev=user,id=n0"];
    await guest.open([...query, ...backends, ...devices.map((text) => `device=${text}`)].join("&"));
    await guest.waitFor(/tabvisor: shell ready/, { timeout: 300_000 });
    const complaints =
      "dmesg | grep -iE 'oops|bug:|call trace|not responding|fail|error|nobody cared' | grep -v 'suspend debug' || true";
    const before = await guest.output(complaints);

    const works: Record<string, () => Promise<void>> = {
      virtio_blk: async () => {
        await guest.becomes("test -b /dev/vda && echo there", "there");
        const both = "echo marked | dd of=/dev/vda conv=fsync 2>/dev/null; dd if=/dev/vda bs=6 count=1 2>/dev/null";
        expect(await guest.output(both)).toBe("marked");
      },
      virtio_scsi: async () => {
        await guest.becomes("test -b /dev/sda && echo there", "there");
        // Past the page cache.
        const write = "echo scsi | dd of=/dev/sda conv=sync oflag=direct 2>/dev/null";
        const read = "dd if=/dev/sda bs=512 count=1 iflag=direct 2>/dev/null | head -n 1";
        expect(await guest.output(`${write}; ${read}`)).toBe("scsi");
      },
      virtio_net: async () => {
        await guest.becomes("udhcpc -i eth0 -q -n 2>&1; ip -4 address show dev eth0", "10.0.2.15/24");
        expect(await guest.output("ping -c 1 10.0.2.2")).toContain("1 packets received");
      },
      virtio_rng: () => guest.becomes("head -c 16 /dev/hwrng | wc -c", "16"),
      virtio_balloon: async () => {
        for (const value of [200 * mebibyte, 256 * mebibyte]) {
          await guest.qmp("balloon", { value });
          await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 60_000 }).toBe(value);
        }
      },
      virtio_console: async () => {
        const device = `/dev/$(basename $(dirname $(grep -l ${port} /sys/class/virtio-ports/*/name)))`;
        await guest.becomes("cat /sys/class/virtio-ports/*/name", port);
        const { sum, output } = await sendTo(guest, port, {
          length: 1000,
          command: `head -c 1000 ${device} | sha256sum`,
        });
        expect(output).toContain(sum);
      },
    };
    for (const [driver, use] of Object.entries(works)) {
      await test.step(driver, async () => {
        await use();
        const link = await guest.output(`cd /sys/bus/virtio/drivers/${driver}; readlink -f virtio*`);
        const [pci = "", virtio = ""] = link.split("/").slice(-2);
        const bound = `/sys/bus/virtio/drivers/${driver}`;
        const function0 = "/sys/bus/pci/drivers/virtio-pci";
        for (const cycle of [
          `echo ${virtio} > ${bound}/unbind; echo ${virtio} > ${bound}/bind`,
          `echo ${pci} > ${function0}/unbind; echo ${pci} > ${function0}/bind`,
          `rmmod ${driver}; modprobe ${driver}`,
          `echo 1 > /sys/bus/pci/devices/${pci}/remove; echo 1 > /sys/bus/pci/rescan`,
        ]) {
          await guest.output(`cd /; ${cycle}`);
          await use();
        }
      });
    }
    await test.step("the machine sleeps, all drivers let go and take up again", async () => {
      for (const level of ["devices", "platform"]) {
        // Linux tests the way down to this level: it waits five seconds there and comes back.
        await guest.output(`echo ${level} > /sys/power/pm_test; echo freeze > /sys/power/state`, 120_000);
        for (const use of Object.values(works)) await use();
      }
      const alarm = "echo +3 > /sys/class/rtc/rtc0/wakealarm";
      await guest.output(`echo none > /sys/power/pm_test; ${alarm}; echo freeze > /sys/power/state`, 120_000);
      for (const use of Object.values(works)) await use();
      // From outside: nothing else wakes it. It takes a moment to be asleep.
      await expect(guest.qmp("system_wakeup")).rejects.toThrow(/not in suspended state/);
      const asleep = guest.output("echo freeze > /sys/power/state", 120_000);
      await expect(() => guest.qmp("system_wakeup")).toPass({ timeout: 60_000 });
      await asleep;
      for (const use of Object.values(works)) await use();
      expect(await guest.events("POWERDOWN")).toEqual([]);
      expect(await guest.output("grep -h . /sys/power/suspend_stats/success /sys/power/suspend_stats/fail")).toBe(
        "4\n0",
      );
    });
    const reports = (await page.evaluate(async () => (await tabvisor.machine)?.devices())) ?? [];
    for (const report of reports.filter(({ slot }) => slot !== undefined)) {
      expect(report).toMatchObject({ state: "working", interface: kind, interrupts, failures: 0 });
    }
    expect(await guest.output(complaints)).toBe(before);
  });
}
