// The network: the guest's own driver and tools, through the page's gateway to a server on this computer.
import { createHash } from "node:crypto";
import { expect, mergeTests, type Page } from "@playwright/test";
import { Guest, test as guestTest } from "./fixtures/guest";
import { test as originTest } from "./fixtures/other_origin";
import { putMirror } from "./fixtures/package_mirror";

const test = mergeTests(guestTest, originTest);
const ready = /tabvisor: shell ready/;
/** Several guests share the processor. */
const patient = { timeout: 240_000 };

/** What the guest at the other end of a connection says, to its end. */
async function talk(page: Page, port: number, text: string): Promise<string> {
  return page.evaluate(
    async ([number, request]) => {
      const machine = await tabvisor.machine;
      if (machine === undefined) throw new Error("the page has no machine");
      const { readable, writable } = await machine.net.connect(number);
      const writer = writable.getWriter();
      await writer.write(new TextEncoder().encode(request));
      await writer.close();
      return new Response(readable).text();
    },
    [port, text] as const,
  );
}

/** Boots a second machine in a page and types a command into its shell. */
async function startWithoutView(
  page: Page,
  query: string,
  { ready: said, command }: { ready: RegExp; command: string },
) {
  await page.evaluate(
    async ([options, pattern, line]) => {
      const machine = await tabvisor.Machine.create(options);
      await machine.start();
      const { readable, writable } = machine.console("hvc0");
      const decoder = new TextDecoder();
      let output = "";
      for await (const bytes of readable) {
        output += decoder.decode(bytes, { stream: true });
        if (new RegExp(`${pattern}[^]*# `).test(output)) break;
      }
      await writable.getWriter().write(new TextEncoder().encode(`${line}\r`));
    },
    [query, said.source, command] as const,
  );
}

test("a guest gets an address, reaches this computer by HTTP, and is reached", async ({ page, guest, otherOrigin }) => {
  test.setTimeout(900_000);
  const body = Buffer.alloc(3_000_000);
  for (let i = 0; i < body.length; i++) body[i] = (i * 2654435761) >>> 13;
  const { port } = new URL(otherOrigin.put("some/file", body));
  await guest.open("image=tiny&netdev=user,id=n0,hostfwd=tcp::8080-:80&device=virtio-net-pci,netdev=n0,id=card");
  await guest.waitFor(ready, patient);
  expect(await guest.output("basename $(readlink /sys/class/net/eth0/device/driver)")).toBe("virtio_net");

  await test.step("DHCP, ARP and ICMP", async () => {
    await guest.output("udhcpc -i eth0 -q -n");
    expect(await guest.output("ip -4 address show dev eth0")).toContain("10.0.2.15/24");
    expect(await guest.output("ping -c 2 10.0.2.2")).toContain("2 packets received");
    expect(await guest.output("ping -c 1 -s 5000 10.0.2.2")).toContain("1 packets received");
  });

  await test.step("a server of this computer", async () => {
    await guest.output(`wget -q -O /tmp/file http://10.0.2.2:${port}/some/file`, 120_000);
    const sum = createHash("sha256").update(body).digest("hex");
    expect(await guest.output("sha256sum </tmp/file")).toContain(sum);
    expect((await guest.run(`wget -q -O - http://10.0.2.2:${port}/missing/file`)).output).toContain("404");
  });

  await test.step("what a page cannot do is refused at once, and said", async () => {
    const refused = await guest.run("time wget -q -O - http://deb.debian.org:443/");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("refused");
    const notices = page.getByRole("log", { name: "Notices" });
    await expect(notices).toContainText(/deb\.debian\.org, port 443.*HTTPS/);
  });

  await test.step("servers in the guest", async () => {
    await guest.output("mkdir -p /www; echo from the guest >/www/index.html; httpd -h /www; (nc -l -p 9 -e cat &)");
    expect(await talk(page, 8080, "GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.[01] 200 OK[^]*from the guest\n$/);
    const long = "many words ".repeat(40_000);
    expect(await talk(page, 9, long)).toBe(long);
    await expect(talk(page, 81, "")).rejects.toThrow("does not accept connections to port 81");
  });

  await test.step("the cable and a recording of what passes", async () => {
    const capture = page.evaluateHandle(async () => (await tabvisor.machine)?.net.capture());
    await (await capture).evaluate(() => undefined);
    await guest.output("ping -c 1 10.0.2.2");
    const link = (up: boolean) =>
      page.evaluate(async (state) => (await tabvisor.machine)?.net.setLink("card", state), up);
    await link(false);
    await expect.poll(() => guest.output("cat /sys/class/net/eth0/carrier")).toBe("0");
    expect((await guest.run("ping -c 1 -W 2 10.0.2.2")).code).not.toBe(0);
    await link(true);
    await expect.poll(() => guest.output("cat /sys/class/net/eth0/carrier")).toBe("1");
    const file = await (
      await capture
    ).evaluate(async (recording) => {
      await recording?.stop();
      return [...new Uint8Array(await new Response(recording?.readable).arrayBuffer())];
    });
    const bytes = Buffer.from(file);
    expect(bytes.readUInt32LE(0)).toBe(0x0a0d0d0a);
    // The ping's request: ICMP to the gateway.
    expect(bytes.includes(Buffer.from([10, 0, 2, 15, 10, 0, 2, 2, 8, 0]))).toBe(true);
  });

  await test.step("the driver goes and comes back", async () => {
    await guest.output("cd /sys/bus/virtio/drivers/virtio_net; d=$(basename $(ls -d virtio*)); echo $d >unbind; cd /");
    expect((await guest.run("ip link show eth0")).code).not.toBe(0);
    await guest.output("echo $d >/sys/bus/virtio/drivers/virtio_net/bind; udhcpc -i eth0 -q -n");
    expect(await guest.output("ping -c 1 10.0.2.2")).toContain("1 packets received");
    expect(await guest.output("dmesg | grep -iE 'virtio_net.*(fail|error|bad)|NETDEV WATCHDOG' || true")).toBe("");
  });
});

test(
  "machines on one switch reach each other, in one tab and in another",
  { tag: "@slow" },
  async ({ context, page, guest }) => {
    test.setTimeout(900_000);
    const options = "image=tiny&m=128&nic=socket,mcast=lan";
    await guest.open(options);
    await guest.waitFor(ready, patient);
    const setUp = (host: number) => `ip address add 10.1.1.${host}/24 dev eth0; ip link set eth0 up`;
    await guest.output(setUp(1));
    const secondTab = await context.newPage();
    const second = new Guest(secondTab);
    await second.open(options, new URL(page.url()).origin + "/");
    await second.waitFor(ready, patient);
    await second.output(setUp(2));
    // In the first tab.
    await startWithoutView(page, options, { ready, command: `${setUp(3)}; nc -l -p 9 </bin/busybox` });
    await expect.poll(async () => (await guest.run("ping -c 1 -W 5 10.1.1.3")).code, { timeout: 60_000 }).toBe(0);
    expect((await guest.run("ping -c 2 -W 5 10.1.1.2")).code).toBe(0);
    // With an input that never ends: nc would break off with it.
    await guest.output("mkfifo /tmp/open; nc 10.1.1.3 9 <>/tmp/open >/tmp/got", 240_000);
    expect(await guest.output("cmp /tmp/got /bin/busybox && echo same")).toBe("same");
  },
);

test("iperf3 measures the way between two machines in one tab", { tag: "@slow" }, async ({ page, guest }) => {
  test.setTimeout(1_800_000);
  const query = "image=debian&m=384&nic=socket,mcast=lan";
  // Nobody there would answer who asks for an address.
  const setUp = (host: number) =>
    `systemctl stop systemd-networkd.socket systemd-networkd; d=$(ls /sys/class/net | grep ^en); ip address add 10.1.1.${host}/24 dev $d; ip link set $d up`;
  await guest.open(query);
  await guest.waitFor(/root@tabvisor:~# /, { timeout: 600_000 });
  await startWithoutView(page, query, { ready: /root@tabvisor:~/, command: `${setUp(2)}; iperf3 -s -D` });
  await guest.output(setUp(1));
  await expect.poll(async () => (await guest.run("ping -c 1 -W 5 10.1.1.2")).code, patient).toBe(0);
  for (const options of ["", "-R", "-P 4"]) {
    const report = await guest.output(`iperf3 -c 10.1.1.2 -f m -t 10 ${options} | grep receiver | tail -n 1`, 120_000);
    test.info().annotations.push({ type: `iperf3 ${options}`, description: report.trim() });
    expect(Number(/([\d.]+) Mbits\/sec/.exec(report)?.[1])).toBeGreaterThan(20);
  }
  expect(await guest.output("dmesg --level=emerg,alert,crit,err | grep -v '^$' || true")).toBe("");
});

test(
  "Debian asks for an address by itself, and installs a package from this computer",
  { tag: "@slow" },
  async ({ guest, otherOrigin }) => {
    test.setTimeout(1_200_000);
    putMirror(otherOrigin, "mirror", "it works");
    await guest.open("image=debian");
    await guest.waitFor(/root@tabvisor:~# /, { timeout: 600_000 });
    await expect
      .poll(() => guest.output("networkctl --no-pager --no-legend list"), { timeout: 300_000 })
      .toMatch(/ en\w+ +ether +routable +configured/);
    expect(await guest.output("ip -4 route")).toMatch(/default via 10\.0\.2\.2 /);
    expect(await guest.output("lspci -k -d 1af4:1000 | cat")).toContain("driver in use: virtio-pci");
    const { port } = new URL(otherOrigin.url);
    await guest.output(`echo 'deb [trusted=yes] http://10.0.2.2:${port}/mirror ./' >/etc/apt/sources.list`);
    await guest.output("apt-get update -q", 300_000);
    await guest.output("apt-get install -q -y greeting", 300_000);
    expect(await guest.output("greeting")).toBe("it works");
    expect(await guest.output("systemctl --failed --no-legend --plain")).toBe("");
  },
);
