// virtio-scsi in the small guest: a controller full of disks, and one whose devices come, go and are changed.
import { expect, mergeTests } from "@playwright/test";
import { isoImage } from "./fixtures/iso";
import { type Guest, test as guestTest } from "./fixtures/guest";
import { test as originTest } from "./fixtures/other_origin";

const test = mergeTests(guestTest, originTest);
const ready = /tabvisor: shell ready/;

test.describe.configure({ timeout: 900_000 });

/** Waits in the guest until a command succeeds. */
const until = (command: string): string =>
  `i=0; until ${command}; do i=$((i+1)); [ $i -lt 600 ] || break; sleep 0.1; done; ${command}`;

/** What the kernel has to say that is worse than a notice, but for what it says of every disk that is new. */
const complaints = (guest: Guest): Promise<string> =>
  guest.output(
    "dmesg -r | grep -E '^<[0-4]>' | grep -iE 'scsi|sd |sr |blk|I/O|virtio' | grep -v 'Power-on or device reset' || true",
  );

test("finds 256 disks on one controller, each with its own data", { tag: "@slow" }, async ({ guest }) => {
  const drives = Array.from({ length: 256 }, () => "drive=size=1M,if=scsi");
  await guest.open(`image=tiny&${drives.join("&")}`);
  await guest.waitFor(ready, { timeout: 400_000 });
  const count = "$(ls -d /sys/block/sd* | wc -l)";
  await guest.output(until(`[ ${count} = 256 ]`), 200_000);
  expect(await guest.output("ls -d /sys/bus/scsi/devices/0:0:255:0")).toContain("255");
  // Past the page cache: written to the device, and read from it.
  await guest.output(
    "for d in /sys/block/sd*; do n=${d##*/}; printf %-512s $n | dd of=/dev/$n bs=512 oflag=direct 2>/dev/null || echo $n; done",
    300_000,
  );
  const wrong =
    "for d in /sys/block/sd*; do n=${d##*/}; [ $(dd if=/dev/$n bs=512 count=1 iflag=direct 2>/dev/null) = $n ] || echo $n; done";
  expect(await guest.output(wrong, 300_000)).toBe("");
  expect(await complaints(guest)).toBe("");
});

test("devices come, go and are changed while the guest runs", async ({ page, guest, otherOrigin }) => {
  const first = otherOrigin.put("first.iso", Buffer.from(isoImage("FIRST", "HELLO.TXT", "the first disc\n")));
  await guest.open(
    `image=tiny&drive=size=4M,if=scsi&drive=size=4M,if=none,id=far&drive=file=${first},if=none,id=disc,media=cdrom` +
      "&device=virtio-scsi-pci,id=hba&device=scsi-hd,drive=far,scsi-id=7,lun=300&device=scsi-cd,id=cd,drive=disc,scsi-id=3",
  );
  await guest.waitFor(ready, { timeout: 400_000 });

  await test.step("disks at any address", async () => {
    expect(await guest.output("ls /sys/bus/scsi/devices | grep ^0: | sort | tr '\\n' ' '")).toBe(
      "0:0:0:0 0:0:3:0 0:0:7:16684",
    );
  });

  await test.step("a disc is mounted, locked, and let go", async () => {
    expect(await guest.output("mkdir -p /mnt; mount -r -t iso9660 /dev/sr0 /mnt && cat /mnt/hello.txt")).toBe(
      "the first disc",
    );
    const refused = await page.evaluate(async () => {
      const machine = await tabvisor.machine;
      return machine?.eject("cd").then(
        () => "ejected",
        (error: Error) => error.message,
      );
    });
    expect(refused).toContain("locked");
    await guest.output("umount /mnt");
  });

  await test.step("another disc is laid in", async () => {
    const second = [...isoImage("SECOND", "OTHER.TXT", "the second disc\n")];
    const moves = await page.evaluate(async (bytes) => {
      const machine = await tabvisor.machine;
      const seen: boolean[] = [];
      const closed = new Promise<void>((resolve) => {
        machine?.on("tray", ({ open }) => {
          seen.push(open);
          if (!open) resolve();
        });
      });
      await machine?.changeMedium("cd", { file: new Uint8Array(bytes) });
      await closed;
      return seen;
    }, second);
    expect(moves).toEqual([true, false]);
    expect(await guest.output("mount -r -t iso9660 /dev/sr0 /mnt && cat /mnt/other.txt && umount /mnt")).toBe(
      "the second disc",
    );
  });

  await test.step("the disc is taken out", async () => {
    await page.evaluate(async () => (await tabvisor.machine)?.eject("cd"));
    expect((await guest.run("dd if=/dev/sr0 of=/dev/null bs=2k count=1")).output).toMatch(/[Nn]o medium/);
  });

  await test.step("a disk is plugged in, used and taken away", async () => {
    await page.evaluate(async () => {
      const machine = await tabvisor.machine;
      await machine?.addScsiDevice(
        { driver: "scsi-hd", id: "late", drive: "late", "scsi-id": 0, lun: 5 },
        { size: 2 << 20 },
      );
    });
    const block = "/sys/bus/scsi/devices/0:0:0:5/block";
    await guest.output(until(`[ -d ${block} ]`));
    const name = await guest.output(`ls ${block}`);
    expect(await guest.output(`cat /sys/block/${name}/size`)).toBe("4096");
    expect(
      await guest.output(
        `echo plugged | dd of=/dev/${name} conv=sync oflag=direct; dd if=/dev/${name} iflag=direct bs=512 count=1 2>/dev/null | head -n 1`,
      ),
    ).toContain("plugged");
    await page.evaluate(async () => (await tabvisor.machine)?.removeScsiDevice("late"));
    await guest.output(until("[ ! -e /sys/bus/scsi/devices/0:0:0:5 ]"));
  });

  await test.step("the driver is unbound and bound, unloaded and loaded, the function removed and found", async () => {
    // Disks are named in the order in which their probes, which run side by side, end.
    const disk = '"/dev/$(cd /sys/bus/scsi/devices/*:0:0:0/block && ls)"';
    await guest.output(`echo kept | dd of=${disk} conv=sync oflag=direct`);
    const kept = `${until(`[ -b ${disk} ]`)}; dd if=${disk} bs=512 count=1 iflag=direct 2>/dev/null | head -n 1`;
    const driver = "/sys/bus/virtio/drivers/virtio_scsi";
    await guest.output(
      `v=$(basename $(ls -d ${driver}/virtio*)); echo $v > ${driver}/unbind; ls -d /sys/block/sd* && echo still || true; echo $v > ${driver}/bind`,
    );
    expect(await guest.output(kept)).toContain("kept");
    await guest.output("rmmod virtio_scsi && modprobe virtio_scsi", 120_000);
    expect(await guest.output(kept)).toContain("kept");
    await guest.output(
      "p=$(dirname $(ls -d /sys/bus/pci/devices/*/virtio*/host*)); echo 1 > ${p%/*}/remove; sleep 1; echo 1 > /sys/bus/pci/rescan",
      120_000,
    );
    expect(await guest.output(kept)).toContain("kept");
  });

  await test.step("nothing went wrong on the way", async () => {
    expect(await complaints(guest)).not.toMatch(/reset failed|timed out|Medium Error|Buffer I\/O/);
    expect((await guest.stats()).counters["virtio failures"]).toBe(0);
  });
});
