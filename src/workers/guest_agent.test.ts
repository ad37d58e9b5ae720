// The calls against an agent of a few lines, over a real port.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NamedPort } from "../backends/console/named_port";
import { GuestAgent } from "./guest_agent";
import { MachinePort, servePort } from "./port_link";

interface Command {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

let guest: NamedPort;
let agent: GuestAgent;
let asked: Command[];
let runs: boolean;
/** What the agent says to a command: undefined = nothing. */
let answers: (command: Command) => object | undefined;

/** qemu-guest-agent as far as the protocol goes: lines in, lines out, 0xff resets what was half read. */
function serve(port: NamedPort): void {
  let line: number[] = [];
  const say = (answer: object, mark: boolean): void => {
    const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
    port.output(Uint8Array.from(mark ? [0xff, ...bytes] : bytes));
  };
  port.input.onData = () => {
    const bytes = new Uint8Array(port.input.length);
    port.input.take(bytes);
    for (const byte of bytes) {
      if (byte === 0xff) line = [];
      else if (byte !== 0x0a) line.push(byte);
      else {
        const command = JSON.parse(new TextDecoder().decode(Uint8Array.from(line))) as Command;
        line = [];
        if (command.execute === "guest-sync-delimited") say({ return: command.arguments?.["id"] }, true);
        else {
          asked.push(command);
          const answer = answers(command);
          if (answer !== undefined) say(answer, false);
        }
      }
    }
  };
}

beforeEach(() => {
  guest = new NamedPort();
  guest.guestOpened(true);
  runs = true;
  asked = [];
  answers = () => ({ return: {} });
  serve(guest);
  agent = new GuestAgent(
    () => {
      const { port1, port2 } = new MessageChannel();
      const port = new MachinePort("org.qemu.guest_agent.0", port1);
      if (!servePort(guest, port2)) {
        port.finish("refused");
        return Promise.reject(new Error("in use"));
      }
      return Promise.resolve(port);
    },
    () => runs,
  );
});

afterEach(() => agent.close());

describe("calls to the guest agent", () => {
  it("come after an agreement on where answers begin", async () => {
    guest.onHostOpen = (open) => {
      if (open) setTimeout(() => guest.output(new TextEncoder().encode('{"return": "of an older call"}\n')));
    };
    await agent.ping();
    expect(asked).toEqual([{ execute: "guest-ping" }]);
  });

  it("run programs, with their output as bytes", async () => {
    let looked = 0;
    answers = ({ execute }) => {
      if (execute === "guest-exec") return { return: { pid: 7 } };
      if (++looked < 3) return { return: { exited: false } };
      return {
        return: {
          exited: true,
          "out-truncated": true,
          exitcode: 3,
          "out-data": btoa("out\xff"),
          "err-data": btoa("err"),
        },
      };
    };
    const result = await agent.exec("/bin/sh", ["-c", "x"], { input: Uint8Array.of(1, 2), env: ["A=1"] });
    expect(asked[0]?.arguments).toEqual({
      path: "/bin/sh",
      arg: ["-c", "x"],
      "capture-output": true,
      env: ["A=1"],
      "input-data": btoa("\x01\x02"),
    });
    expect(result).toMatchObject({ exitcode: 3, truncated: true });
    expect([...result.stdout]).toEqual([0x6f, 0x75, 0x74, 0xff]);
    expect(new TextDecoder().decode(result.stderr)).toBe("err");
  });

  it("read and write files", async () => {
    answers = ({ execute }) => {
      if (execute === "guest-file-open") return { return: 1000 };
      if (execute === "guest-file-read") return { return: { "buf-b64": btoa("text"), count: 4, eof: true } };
      return { return: execute === "guest-file-write" ? { count: 5 } : {} };
    };
    const handle = await agent.openFile("/etc/hostname", "r+");
    expect(new TextDecoder().decode((await agent.readFile(handle, 100)).bytes)).toBe("text");
    expect(await agent.writeFile(handle, new TextEncoder().encode("hello"))).toBe(5);
    await agent.closeFile(handle);
    expect(asked.map(({ arguments: args }) => args?.["buf-b64"])).toContain(btoa("hello"));
    expect(asked.at(-1)).toEqual({ execute: "guest-file-close", arguments: { handle: 1000 } });
  });

  it("reject with what the agent refuses", async () => {
    answers = () => ({ error: { class: "CommandNotFound", desc: "no such thing" } });
    await expect(agent.info()).rejects.toMatchObject({ name: "AgentError", class: "CommandNotFound" });
  });

  it("reject when no answer comes, and begin anew afterwards", async () => {
    answers = () => undefined;
    await expect(agent.ping(40)).rejects.toThrow(/has not answered in 40 ms$/);
    guest.guestOpened(false);
    await expect(agent.ping(40)).rejects.toThrow(/in 40 ms: no program in the guest has its port open/);
    runs = false;
    await expect(agent.ping(40)).rejects.toThrow(/in 40 ms: the machine does not run/);
    answers = () => ({ return: {} });
    await agent.ping();
    expect(asked).toHaveLength(4);
  });

  it("set the time in nanoseconds", async () => {
    await agent.setTime(new Date("2030-01-01T00:00:00.123Z"));
    expect(asked[0]?.arguments).toEqual({ time: 1893456000123000000 });
    await agent.setTime();
    expect(asked[1]).toEqual({ execute: "guest-set-time" });
  });

  it("take silence for a shutdown under way, and a refusal for one", async () => {
    answers = () => ({ error: { class: "GenericError", desc: "not now" } });
    await expect(agent.shutdown()).rejects.toThrow("not now");
    answers = () => undefined;
    const began = performance.now();
    await agent.shutdown("reboot");
    expect(performance.now() - began).toBeGreaterThan(1000);
    expect(asked.at(-1)?.arguments).toEqual({ mode: "reboot" });
  });
});
