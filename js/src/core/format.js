/** Numbers in words and figures. A no-break space keeps a unit with its number. */

/**
 * `digits` significant digits, without an exponent for what appears in figures.
 * @param {number} value
 * @param {number} [digits]
 */
export function number(value, digits = 2) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const rounded = Number(size.toPrecision(digits)); // 0.9997 is shown as 1.0, not 1.00
  const sign = value < 0 ? "−" : "";
  if (size < 1e-5) return sign + size.toExponential(digits - 1).replace("-", "−");
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
  return sign + size.toFixed(Math.min(20, decimals));
}

/**
 * A share to four decimals, as in tables and tooltips: "0.0628".
 * @param {number} value 0..1
 */
export function share(value) {
  if (Number.isNaN(value)) return "NaN";
  if (value === 0) return "0";
  return value < 5e-5 ? "<0.0001" : value.toFixed(4);
}

/**
 * A share as per cent: "62 %", "0.4 %", "under 0.1 %".
 * @param {number} share
 */
export function percent(share) {
  if (Number.isNaN(share)) return "not a number";
  const value = share * 100;
  if (value === 0) return "0\u00a0%";
  if (Math.abs(value) < 0.1) return "under 0.1\u00a0%";
  if (Math.abs(value) < 0.95) return `${value.toFixed(1)}\u00a0%`;
  if (value > 99 && value < 100) return `${Math.min(value, 99.9).toFixed(1)}\u00a0%`;
  return `${value.toFixed(0)}\u00a0%`;
}

/**
 * A duration as people say it: "8 s", "2 min".
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 0.95) return "under 1\u00a0s";
  if (seconds < 90) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${(seconds / 3600).toFixed(1)}\u00a0h`;
}

/**
 * A count with thin grouping: 14212 → "14,212".
 * @param {number} value
 */
export function count(value) {
  return value.toLocaleString("en");
}

/** The nearest value that is not below `low` nor above `high`. @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
