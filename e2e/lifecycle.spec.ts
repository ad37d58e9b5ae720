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
    ];
    const query = ["kernel=guests/tiny/bzImage", "initrd=guests/tiny/initrd", `append=console=ttyS0${append}`];
    await guest.open([...query, "drive=size=8M,if=none,id=disk", ...devices.map((text) => `device=${text}`)].join("&"));
    await guest.waitFor(/tabvisor: shell ready/, { timeout: 300_000 });
    const complaints = "dmesg | grep -iE 'oops|bug:|call trace|not responding|fail|error|nobody cared' || true";
    const before = await guest.output(complaints);

    const works: Record<string, () => Promise<void>> = {
      virtio_blk: async () => {
        await becomes("test -b /dev/vda && echo there", "there");
        const both = "echo marked | dd of=/dev/vda conv=fsync 2>/dev/null; dd if=/dev/vda bs=6 count=1 2>/dev/null";
        expect(await guest.output(both)).toBe("marked");
      },
      virtio_rng: () => becomes("head -c 16 /dev/hwrng | wc -c", "16"),
      virtio_balloon: async () => {
        for (const value of [200 * mebibyte, 256 * mebibyte]) {
          await guest.qmp("balloon", { value });
          await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 60_000 }).toBe(value);
        }
      },
      virtio_console: async () => {
        const device = `/dev/$(basename $(dirname $(grep -l ${port} /sys/class/virtio-ports/*/name)))`;
        await becomes("cat /sys/class/virtio-ports/*/name", port);
        const { sum, output } = await sendTo(guest, port, {
          length: 1000,
          command: `head -c 1000 ${device} | sha256sum`,
        });
        expect(output).toContain(sum);
      },
    };
    async function becomes(command: string, wanted: string): Promise<void> {
      await expect.poll(async () => (await guest.run(command)).output, { timeout: 60_000 }).toContain(wanted);
    }

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
    const reports = (await page.evaluate(async () => (await tabvisor.machine)?.devices())) ?? [];
    for (const report of reports.filter(({ slot }) => slot !== undefined)) {
      expect(report).toMatchObject({ state: "working", interface: kind, interrupts, failures: 0 });
    }
    expect(await guest.output(complaints)).toBe(before);
  });
}
