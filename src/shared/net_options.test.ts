import { describe, expect, it } from "vitest";
import { formatIssue } from "./config_issue";
import { parseIpv4 } from "./net/addresses";
import { formatQuery, parseQuery } from "./query_string";
import { resolveConfig, type ResolvedConfig } from "./resolve_config";
import { readGuestImage } from "./guest_image";

const image = readGuestImage("tiny", {
  schema: 1,
  memoryMb: 64,
  append: "",
  drives: [],
  devices: [],
  files: { vmlinux: { size: 1 } },
});

function resolve(query: string): ResolvedConfig | string {
  const config = parseQuery(query);
  if (!config.ok) return formatIssue(config.error);
  const resolved = resolveConfig(config.value, {
    ...(config.value.image !== undefined && image.ok ? { image: image.value } : {}),
    resolveUrl: (url) => url,
    imageUrl: (url) => url,
  });
  return resolved.ok ? resolved.value : formatIssue(resolved.error);
}

function cards(query: string): unknown {
  const config = resolve(query);
  if (typeof config === "string") return config;
  return config.devices.filter((device) => device.driver === "virtio-net-pci");
}

function netdevs(query: string): unknown {
  const config = resolve(query);
  return typeof config === "string" ? config : config.netdevs;
}

describe("network options", () => {
  it("give an image a card unless something is said about networks", () => {
    expect(cards("image=tiny")).toEqual([{ driver: "virtio-net-pci", netdev: "#net0" }]);
    expect(netdevs("image=tiny")).toMatchObject([{ type: "user", id: "#net0", plan: { host: parseIpv4("10.0.2.2") } }]);
    expect(cards("image=tiny&nic=none")).toEqual([]);
    expect(cards("kernel=x")).toEqual([]);
    expect(cards("image=tiny&netdev=user,id=a")).toEqual([]);
    expect(netdevs("image=tiny&netdev=user,id=a")).toMatchObject([{ type: "user", id: "a" }]);
  });

  it("are QEMU's", () => {
    const query =
      "image=tiny&netdev=user,id=n0,net=192.168.7.0/24,restrict=on,hostfwd=tcp::8080-:80,hostfwd=::2222-192.168.7.20:22" +
      "&netdev=socket,id=n1,mcast=lan&device=virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01&device=virtio-net,netdev=n1,host_mtu=9000";
    expect(cards(query)).toEqual([
      { driver: "virtio-net-pci", netdev: "n0", mac: "52:54:00:00:00:01" },
      { driver: "virtio-net-pci", netdev: "n1", host_mtu: 9000 },
    ]);
    expect(netdevs(query)).toMatchObject([
      {
        plan: { host: parseIpv4("192.168.7.2"), dhcpStart: parseIpv4("192.168.7.15"), restrict: true },
        forwards: [
          { hostPort: 8080, guestPort: 80 },
          { hostPort: 2222, guest: parseIpv4("192.168.7.20"), guestPort: 22 },
        ],
      },
      { type: "socket", id: "n1", name: "lan" },
    ]);
    expect(cards("image=tiny&nic=user,model=virtio,mac=52:54:00:00:00:02&nic=socket,mcast=x")).toMatchObject([
      { netdev: "#net0", mac: "52:54:00:00:00:02" },
      { netdev: "#net1" },
    ]);
  });

  it("can be written again", () => {
    const query =
      "image=tiny&netdev=user,id=n0,net=10.9.0.0/16,hostfwd=tcp::80-:81&nic=socket,mcast=lan&device=virtio-net-pci,netdev=n0";
    const config = parseQuery(query);
    const text = config.ok ? formatQuery(config.value) : config;
    expect(text.ok && parseQuery(text.value)).toEqual(config);
    expect(formatQuery({ image: "tiny", nics: [{ type: "none" }] })).toEqual({
      ok: true,
      value: "image=tiny&nic=none",
    });
  });

  it.each([
    ["nic=warp", "nic", "user"],
    ["nic=none&nic=user", "none contradicts", ""],
    ["netdev=user", "id", "missing"],
    ["netdev=user,id=a,net=10.0.0.0", "net", "10.0.2.0/24"],
    ["netdev=user,id=a,host=10.0.3.2", "host", "10.0.2.2"],
    ["netdev=user,id=a,dns=10.0.2.2", "dns", "gateway"],
    ["netdev=user,id=a,hostfwd=udp::53-:53", "hostfwd", "TCP ports only"],
    ["netdev=user,id=a,hostfwd=8080", "hostfwd", "tcp::8080-:80"],
    ["netdev=user,id=a,hostfwd=::1-:99999", "hostfwd", "does not exist"],
    ["netdev=user,id=a,hostfwd=::1-:2,hostfwd=::1-:3", "hostfwd", "twice"],
    ["netdev=user,id=a,hostfwd=::1-:2&netdev=user,id=b,hostfwd=::1-:3", "hostfwd", "port 1 is forwarded twice"],
    ["netdev=socket,id=a", "mcast", "missing"],
    ["netdev=user,id=a&netdev=user,id=a", "id=a", "twice"],
    ["device=virtio-net-pci", "netdev", "missing"],
    ["netdev=user,id=a,hostfwd=::1-10.0.3.1:2", "hostfwd", "10.0.3.1 is not in the network", "10.0.2.0/24"],
    ["netdev=user,id=a,net=10.0.2.0/31", "net", "/8 to /27"],
    ["netdev=user,id=1a", "id", '"1a" is no name'],
    ["netdev=user,id=b&device=virtio-net-pci,netdev=a", "netdev", "no netdev. Accepted: netdev=b"],
    ["netdev=user,id=a&device=virtio-net,netdev=a&device=virtio-net,netdev=a", "netdev", "in use by another device"],
    ["nic=user,mac=01:00:00:00:00:00", "mac", "52:54:00:12:34:56"],
  ])("?%s names what is wrong", (query, ...words) => {
    const said = resolve(`image=tiny&${query}`);
    for (const word of words) expect(said).toContain(word);
  });
});
