// What is wrong with a configuration: always the option's name, the reason, and what would be accepted.

export interface ConfigIssue {
  /** In the words of the query string: "drive", "device isa-debug-exit: iobase". */
  readonly option: string;
  readonly reason: string;
  readonly accepted: readonly string[];
}

export function configIssue(option: string, reason: string, accepted: readonly string[] = []): ConfigIssue {
  return { option, reason, accepted };
}

/** One sentence or two for a person. */
export function formatIssue(issue: ConfigIssue): string {
  const accepted = issue.accepted.length === 0 ? "" : ` Accepted: ${issue.accepted.join(", ")}.`;
  return `Option ${issue.option}: ${issue.reason}.${accepted}`;
}

/** The same as an exception, for callers of the embedding API. */
export class ConfigError extends Error {
  readonly issue: ConfigIssue;

  constructor(issue: ConfigIssue) {
    super(formatIssue(issue));
    this.name = "ConfigError";
    this.issue = issue;
  }
}
