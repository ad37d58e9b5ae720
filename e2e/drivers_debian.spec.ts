// All paravirtual devices in one Debian: found by its tools, used, let go and taken again, through a sleep of the machine,
// and by a second kernel that the first one starts. One boot for all checks.
import { expect, test } from "@playwright/test";
import { Guest } from "./fixtures/guest";
import { keyArrives } from "./fixtures/keyboard";

const mebibyte = 1 << 20;
const patient = { timeout: 120_000 };
const prompt = /root@tabvisor:~# /;
let guest: Guest;

test.describe.configure({ mode: "serial", timeout: 900_000 });

test.beforeAll(async ({ browser }) => {
  test.setTimeout(900_000);
  guest = new Guest(await browser.newPage());
  const devices = [
    "virtio-blk-pci,drive=second,serial=second",
    "virtio-scsi-pci",
    "scsi-hd,drive=unit",
    "virtio-rng-pci",
    "virtio-keyboard-pci",
    "virtio-tablet-pci",
  ];
  const drives = ["size=8M,if=none,id=second", "size=8M,if=none,id=unit"];
  // What the second kernel is started from.
  const files = ["bzImage", "initrd"].map((name) => `file=guests/debian/${name},readonly=on,serial=${name},if=virtio`);
  const options = [...[...drives, ...files].map((text) => `drive=${text}`), ...devices.map((text) => `device=${text}`)];
  await guest.open(["image=debian", ...options].join("&"));
  await guest.waitFor(/Linux version/, { console: "ttyS0" });
  await guest.waitFor(prompt, { timeout: 880_000 });
});

test.afterAll(async () => {
  await guest.page.close();
});

const becomes = (command: string, wanted: string | RegExp): Promise<void> =>
  guest.becomes(command, wanted, patient.timeout);

/** Writes past the page cache to the first disk below a folder of sysfs, and reads it again. */
async function diskWorks(folder: string, text: string): Promise<void> {
  const name = `$(basename $(ls -d ${folder}/block/* | head -n 1))`;
  await becomes(`test -b /dev/${name} && echo there`, "there");
  const write = `echo ${text} | dd of=/dev/${name} conv=sync oflag=direct status=none`;
  expect(await guest.output(`${write} && dd if=/dev/${name} bs=512 count=1 iflag=direct status=none | head -n 1`)).toBe(
    text,
  );
}

/** What each driver is there for. */
const works: Record<string, () => Promise<void>> = {
  virtio_blk: () => diskWorks("/sys/block/$(lsblk -dno NAME,SERIAL | sed -n 's/ *second$//p')/device", "blocks"),
  virtio_scsi: () => diskWorks("/sys/bus/virtio/drivers/virtio_scsi/virtio*/host*/target*/*:*", "scsi"),
  virtio_net: () => becomes("ping -c 1 -W 2 10.0.2.2", "1 received"),
  virtio_rng: () => becomes("head -c 16 /dev/hwrng | wc -c", "16"),
  virtio_balloon: async () => {
    for (const value of [400 * mebibyte, 512 * mebibyte]) {
      await guest.qmp("balloon", { value });
      await expect.poll(async () => (await guest.qmp("query-balloon")).actual, patient).toBe(value);
    }
  },
  virtio_input: async () => {
    await keyArrives(guest, patient.timeout);
    await guest.output("kill %1; wait");
  },
};

async function allWork(): Promise<void> {
  for (const [driver, use] of Object.entries(works)) await test.step(driver, use);
}

/** What the kernel says that is worse than a notice. */
async function complaints(): Promise<string[]> {
  const log = await guest.output("dmesg --level=emerg,alert,crit,err,warn --notime; echo");
  const harmless = [/^$/, /^hrtimer: interrupt took \d+ ns/, /Power-on or device reset occurred/];
  return log.split("\n").filter((line) => !harmless.some((pattern) => pattern.test(line.trim())));
}

test("its tools find every device, with its driver", { tag: "@slow" }, async () => {
  const functions = await guest.output("lspci -k -d 1af4: | cat");
  const kinds = ["block device", "SCSI", "network device", "RNG", "memory balloon", "console", "[Ii]nput"];
  for (const kind of kinds) expect(functions).toMatch(new RegExp(`Virtio.*${kind}[^]*?driver in use: virtio-pci`));
  const disks = await guest.output("lsblk -dno NAME,SERIAL");
  for (const disk of [/^vd\w +second$/m, /^sda +unit$/m]) expect(disks).toMatch(disk);
  expect(await guest.output("ip -br link")).toMatch(/^en\w+ +UP /m);
  expect(await guest.output("ls /dev/virtio-ports")).toBe("org.qemu.guest_agent.0");
  await allWork();
});

test("every driver lets go of its devices and takes them again", { tag: "@slow" }, async () => {
  for (const [driver, use] of Object.entries(works)) {
    await test.step(driver, async () => {
      const folder = `/sys/bus/virtio/drivers/${driver}`;
      // The root is on a disk too, which stays.
      const second = "$(basename $(readlink -f /sys/block/$(lsblk -dno NAME,SERIAL | sed -n 's/ *second$//p')/device))";
      const list = driver === "virtio_blk" ? second : `$(cd ${folder} && ls -d virtio*)`;
      await guest.output(`list="${list}"; for d in $list; do echo $d >${folder}/unbind; done`);
      expect(await guest.output(`for d in $list; do ls -d ${folder}/$d 2>/dev/null; done; echo "$list"`)).toMatch(
        /^(virtio\d+\s*)+$/,
      );
      await guest.output(`for d in $list; do echo $d >${folder}/bind; done`);
      await use();
    });
  }
});

test("the machine sleeps and goes on", { tag: "@slow" }, async () => {
  await guest.output("rtcwake -m freeze -s 4", 200_000);
  await allWork();
  expect(await guest.output("cat /sys/power/suspend_stats/{success,fail}")).toBe("1\n0");
});

test("the kernel has nothing to complain about", { tag: "@slow" }, async () => {
  expect(await complaints()).toEqual([]);
});

test("a second kernel takes the devices over as the first one leaves them", { tag: "@slow" }, async () => {
  for (const name of ["bzImage", "initrd"])
    await guest.output(`cp /dev/disk/by-id/virtio-${name} /tmp/${name}`, 120_000);
  await guest.output("kexec --load /tmp/bzImage --initrd=/tmp/initrd --reuse-cmdline", 120_000);
  await guest.send("systemctl kexec\r");
  await guest.waitFor(/Linux version/, { console: "ttyS0", timeout: 300_000 });
  // The old shell may say its prompt once more.
  await guest.waitFor(/tabvisor login:/, { timeout: 600_000 });
  await guest.waitFor(prompt);
  await allWork();
  expect(await complaints()).toEqual([]);
  expect(await guest.events("RESET")).toEqual([]);
  const reports = (await guest.page.evaluate(async () => (await tabvisor.machine)?.devices())) ?? [];
  for (const report of reports.filter(({ slot }) => slot !== undefined)) {
    expect(report).toMatchObject({ state: "working", failures: 0 });
  }
});
