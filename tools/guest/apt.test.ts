import { describe, expect, it } from "vitest";
import { parsePlan } from "./apt.mjs";

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
