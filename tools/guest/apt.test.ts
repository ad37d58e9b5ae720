import { describe, expect, it } from "vitest";
import { formatSources, parsePlan } from "./apt.mjs";

describe("parsePlan", () => {
  it("reads the packages of a simulated installation in their order", () => {
    const plan = `Reading package lists...
The following NEW packages will be installed:
  busybox-static gcc-12-base
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
Inst busybox-static (1:1.35.0-4+deb12u1+b1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst netbase (6.4 Debian:12.15/oldstable [all]) []
Conf gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
`;
    expect(parsePlan(plan)).toEqual([
      { name: "gcc-12-base", version: "12.2.0-14+deb12u1", architecture: "amd64" },
      { name: "busybox-static", version: "1:1.35.0-4+deb12u1+b1", architecture: "amd64" },
      { name: "netbase", version: "6.4", architecture: "all" },
    ]);
  });
});

describe("formatSources", () => {
  const targets = `http://mirror.example/debian/ bookworm main Packages
http://mirror.example/debian/ bookworm main Contents-deb
http://mirror.example/debian/ bookworm contrib Packages
http://mirror.example/security/ bookworm-security main Packages
http://other.example/ stable main Packages
`;
  const line = (rest: string) => `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${rest} main\n`;

  it("puts another release in the place of the images'", () => {
    expect(formatSources(targets, "trixie")).toBe(
      line("http://mirror.example/debian/ trixie") + line("http://mirror.example/security/ trixie-security"),
    );
  });

  it("adds the release that a suite builds upon", () => {
    expect(formatSources(targets, "trixie-backports")).toBe(
      line("http://mirror.example/debian/ trixie") +
        line("http://mirror.example/debian/ trixie-backports") +
        line("http://mirror.example/security/ trixie-security"),
    );
  });
});
