/** What qemu-guest-agent says when it refuses a command. */
export interface AgentFault {
  readonly class: string;
  readonly desc: string;
}

export class AgentError extends Error {
  readonly class: string;

  constructor(fault: AgentFault) {
    super(fault.desc);
    this.name = "AgentError";
    this.class = fault.class;
  }
}
