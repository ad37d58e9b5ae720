// Days since 1970 to and from dates of the Gregorian calendar, by counting from 1 March of year 0, so that the leap day
// is the last of its year.

const DAYS_PER_ERA: i64 = 146097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH: i64 = 719468;

/** Days since 1970. Months and days outside their range are taken to the nearest month, and counted on. */
export function daysOf(year: u32, month: u32, day: u32): i64 {
  const m = <i64>min<u32>(max<u32>(month, 1), 12);
  const y = <i64>year + (m <= 2 ? 399 : 400);
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + <i64>day - 1;
  return era * DAYS_PER_ERA + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - EPOCH - DAYS_PER_ERA;
}

/** year << 16 | month << 8 | day of a day since 1970; days before year 0 are taken as its first. */
export function dateInto(days: i64): u64 {
  const z = max<i64>(days + EPOCH, 0);
  const era = z / DAYS_PER_ERA;
  const dayOfEra = z - era * DAYS_PER_ERA;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * shifted + 2) / 5 + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return ((<u64>year) << 16) | ((<u64>month) << 8) | (<u64>day);
}
