// Numbers as people read them.

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 -> "1.5 KiB". */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${digits(value, unit === 0)} ${units[unit] ?? ""}`;
}

/** 87_400_000 -> "87.4 M". */
export function formatCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  let value = count;
  let prefix = "";
  for (const next of ["k", "M", "G", "T"]) {
    if (value < 999.5) break;
    value /= 1000;
    prefix = next;
  }
  return `${digits(value, false)} ${prefix}`;
}

/** 0.123 -> "12 %". */
export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function digits(value: number, whole: boolean): string {
  if (whole || value >= 99.95) return value.toFixed(0);
  return value.toFixed(1);
}
