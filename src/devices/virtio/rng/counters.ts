export interface RngCounters {
  requests: number;
  bytes: number;
}

export function newRngCounters(): RngCounters {
  return { requests: 0, bytes: 0 };
}
