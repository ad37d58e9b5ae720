// Debian with its root on virtio-scsi, and the tools that know SCSI best. One boot for all checks.
import { expect, test } from "@playwright/test";
import { Guest } from "./fixtures/guest";
import { isoImage } from "./fixtures/iso";

declare global {
  /** The next movement of the tray that a test waits for. */
  var trayMoved: Promise<void>;
}

const prompt = /root@tabvisor:~# /;
let guest: Guest;

test.describe.configure({ mode: "serial", timeout: 900_000 });

test.beforeAll(async ({ browser }) => {
  test.setTimeout(900_000);
  guest = new Guest(await browser.newPage());
  await guest.open(
    "image=debian&image-if=scsi&drive=size=64M,if=none,id=scratch,serial=SCRATCH&drive=size=16M,if=none,id=large" +
      "&device=virtio-scsi-pci&device=scsi-hd,drive=scratch,scsi-id=5,wwn=0x5000c50015ea71ac" +
      "&device=scsi-hd,drive=large,scsi-id=5,lun=2,logical_block_size=4096" +
      "&device=scsi-cd,id=cd",
  );
  await guest.waitFor(prompt, { timeout: 880_000 });
  await guest.output("udevadm settle; D=/dev/disk/by-id/wwn-0x5000c50015ea71ac; ls -l $D", 120_000);
});

test.afterAll(async () => {
  await guest.page.close();
});

test("the root is on a SCSI disk", { tag: "@slow" }, async () => {
  expect(await guest.output("findmnt -n -o SOURCE /")).toMatch(/^\/dev\/sd[a-z]$/);
  expect(await guest.output("lspci -k | grep -A3 -i scsi")).toContain("Kernel driver in use: virtio-pci");
  // udev names a disk that has a WWN by that; the serial number is a property.
  expect(await guest.output("udevadm info --query=property $D | cat")).toContain("SCRATCH");
  expect(await guest.output("lsblk -dn -o LOG-SEC,SIZE /dev/disk/by-path/*-scsi-0:0:5:2")).toMatch(/4096\s+16M/);
});

test("sg3-utils find what the standards ask for", { tag: "@slow" }, async () => {
  expect(await guest.output("sg_inq $D")).toMatch(/TABVISOR[^]*HARDDISK[^]*SCRATCH/);
  const supported = await guest.output("sg_vpd -p sv $D");
  for (const page of ["Unit serial number", "Device identification", "Block limits", "Logical block provisioning"]) {
    expect(supported).toContain(page);
  }
  for (const page of ["di", "bl", "bdc", "lbpv"]) await guest.output(`sg_vpd -p ${page} $D`);
  expect(await guest.output("sg_readcap -l $D")).toMatch(/lbpme=1[^]*Last LBA=131071/);
  expect(await guest.output("sg_luns $D")).toMatch(/Report luns[^]*0000000000000000[^]*0002000000000000/);
  expect(await guest.output("sg_modes -a $D")).toMatch(/Caching[^]*Control/);
  expect(await guest.output("sg_opcodes -q $D | grep -c .")).toMatch(/^[4-9]\d$/);
  await guest.output(
    "sg_turs $D && sg_requests $D && sg_sync $D && sg_verify --lba=0 --count=128 $D && sg_senddiag -t $D",
  );
  await guest.output("sg_wr_mode -h 2>/dev/null; sg_get_lba_status --lba=0 $D");
  expect((await guest.run("sg_raw $D 85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ec 00")).output).toContain(
    "Invalid command operation code",
  );
});

test("blocks are written alike, unmapped, and compared", { tag: "@slow" }, async () => {
  await guest.output("head -c 512 /dev/urandom >/tmp/block; head -c 512 /dev/zero >/tmp/zero");
  await guest.output(
    "sg_write_same --16 --in=/tmp/block --lba=64 --num=64 $D && sg_verify --lba=64 --count=64 --16 --bytchk=3 --in=/tmp/block $D",
  );
  expect((await guest.run("sg_verify --lba=64 --count=1 --bytchk=1 --in=/tmp/zero --ndo=512 $D")).code).toBe(14);
  await guest.output("sg_unmap --lba=64 --num=32 $D && sg_write_same --10 --unmap --in=/tmp/zero --lba=96 --num=32 $D");
  await guest.output("dd if=$D bs=512 skip=96 count=32 iflag=direct status=none | cmp - <(head -c 16384 /dev/zero)");
});

test("a unit stops, starts, and is reset", { tag: "@slow" }, async () => {
  await guest.output("sg_start --stop $D; ! sg_turs $D; sg_start --start $D && sg_turs $D");
  await guest.output("sg_reset -d $D && sg_turs $D || sg_turs $D", 120_000);
  await guest.output(
    "sdparm=x; sg_wr_mode --page=8 --contents=8,12,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 --mask=0,0,4 $D",
  );
  expect(await guest.output("sg_modes -p 8 $D")).toMatch(/08 12 00/);
});

test("the tray is moved by the guest, and by udev when the host asks for it", { tag: "@slow" }, async () => {
  const moved = (open: boolean) =>
    guest.page.evaluate(async (wanted) => {
      const machine = await tabvisor.machine;
      const { promise, resolve } = Promise.withResolvers<void>();
      machine?.on("tray", (tray) => {
        if (tray.open === wanted) resolve();
      });
      globalThis.trayMoved = promise;
    }, open);
  const arrival = () => guest.page.evaluate(() => globalThis.trayMoved);
  const disc = [...isoImage("DISC", "HELLO.TXT", "a disc\n")];
  await guest.page.evaluate(async (bytes) => {
    await (await tabvisor.machine)?.changeMedium("cd", { file: new Uint8Array(bytes) });
  }, disc);
  expect(await guest.output("mount -r /dev/sr0 /mnt && cat /mnt/hello.txt && umount /mnt", 120_000)).toBe("a disc");
  await moved(true);
  // udev locks the tray over a disc that it has seen, as on any machine; eject(1) unlocks it first too.
  await guest.output("udevadm settle; sg_prevent --allow /dev/sr0 && sg_start --eject /dev/sr0");
  await arrival();
  await moved(false);
  await guest.output("sg_start --load /dev/sr0");
  await arrival();
  // udev looks for requests every two seconds, and lets go of the tray.
  await moved(true);
  await guest.output("sg_turs /dev/sr0; sg_prevent --prevent=1 /dev/sr0");
  const refused = await guest.page.evaluate(async () =>
    (await tabvisor.machine)?.eject("cd").then(
      () => "ejected",
      (error: Error) => error.message,
    ),
  );
  expect(refused).toContain("locked");
  await arrival();
  await guest.page.evaluate(async () => (await tabvisor.machine)?.eject("cd"));
  expect((await guest.run("dd if=/dev/sr0 of=/dev/null bs=2k count=1")).output).toMatch(/No medium found/);
});

test("fio verifies what it wrote, several at a time", { tag: "@slow" }, async () => {
  const job = "--ioengine=libaio --direct=1 --iodepth=16 --verify=crc32c --verify_fatal=1 --group_reporting --minimal";
  await guest.output(`fio --name=random --filename=$D --rw=randwrite --bs=4k --size=8M ${job} >/tmp/fio1`, 600_000);
  await guest.output(`fio --name=sequential --filename=$D --rw=write --bs=128k --size=32M ${job} >/tmp/fio2`, 600_000);
  // A colon separates names for fio.
  const large = "$(readlink -f /dev/disk/by-path/*-scsi-0:0:5:2)";
  await guest.output(
    `fio --name=mixed --filename=${large} --rw=randrw --bs=4k-64k --size=8M ${job} >/tmp/fio3`,
    600_000,
  );
});

test("a file system is made, discarded, and checked", { tag: "@slow" }, async () => {
  await guest.output(
    "mkfs.ext4 -q -F $D && mount $D /mnt && cp -r /usr/bin/p* /mnt && fstrim /mnt && umount /mnt && e2fsck -f -n $D",
    300_000,
  );
});

test("the kernel has nothing to complain about", { tag: "@slow" }, async () => {
  const log = await guest.output("dmesg --level=emerg,alert,crit,err,warn --notime; echo");
  const harmless = [
    /^$/,
    /^hrtimer: interrupt took \d+ ns/,
    /^clocksource: Long readout interval, skipping watchdog check/,
    // What sg_unmap, sg_write_same and resets do beside the file system's back.
    /Power-on or device reset occurred/,
  ];
  const complaints = log.split("\n").filter((line) => !harmless.some((pattern) => pattern.test(line.trim())));
  expect(complaints).toEqual([]);
  expect((await guest.stats()).counters["virtio failures"]).toBe(0);
});
