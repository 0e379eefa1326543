/**
 * Colours by meaning. Heads: Okabe–Ito and Tol hues, apart in the common colour-blindnesses,
 * lightness varied from the thirteenth head on so that no colour ever comes twice. Scales are
 * mixed in OKLab, where equal steps look equal.
 */

/** @typedef {import("./types").Theme} Theme */
/** @typedef {[number, number, number]} Triple */

const HEADS = {
  light: [
    ["#0072b2", "#d55e00", "#009e73", "#3f2f9e", "#dc5f98", "#41a3dc"],
    ["#b07d00", "#882255", "#8474dc", "#6a961c", "#b2182b", "#0a96a8"],
  ].flat(),
  dark: [
    ["#4aa8ea", "#ff8a47", "#2fcf9f", "#9a8cff", "#ff8fc0", "#a9ddff"],
    ["#e0b040", "#d1578f", "#cdc1ff", "#a8d65c", "#f2686f", "#3fc6d6"],
  ].flat(),
};
const PAPER = { light: "#ffffff", dark: "#161618" };
const INK = { light: "#1b1b1f", dark: "#ececf0" };
const NEUTRAL = { light: "#4a4f58", dark: "#c3c7cf" };
// The ends keep a lightness at which the theme's own ink stays readable: text of one ink is calm.
const ONE_HUE = { light: ["#ffffff", "#4f9fd8"], dark: ["#161618", "#2a6796"] };
const TWO_HUES = {
  light: ["#967fe0", "#ffffff", "#e8862a"],
  dark: ["#6c55b7", "#161618", "#9e5314"],
};

/**
 * `#rrggbb`, `rgb(…)` or `rgba(…)` as 0–255 and alpha 0–1; null for anything else.
 * @param {string} text
 * @returns {[number, number, number, number] | null}
 */
export function parseColour(text) {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (hex) {
    const value = Number.parseInt(hex[1], 16);
    return [value >> 16, (value >> 8) & 255, value & 255, 1];
  }
  const parts = /^rgba?\(([^)]+)\)$/.exec(text.trim());
  if (!parts) return null;
  const [r, g, b, a] = parts[1].split(/[\s,/]+/).map(Number);
  return [r, g, b, a ?? 1];
}

/** @param {Triple} rgb */
function hexOf(rgb) {
  const part = (/** @type {number} */ v) =>
    Math.round(Math.min(255, Math.max(0, v)))
      .toString(16)
      .padStart(2, "0");
  return `#${rgb.map(part).join("")}`;
}

/** @param {number} v */
const toLinear = (v) => (v <= 10.314 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4);
/** @param {number} v */
const fromLinear = (v) =>
  255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * Math.max(v, 0) ** (1 / 2.4) - 0.055);

/** OKLab (Ottosson 2020). @param {string} colour @returns {Triple} */
function labOf(colour) {
  const [r, g, b] = /** @type {number[]} */ (parseColour(colour)).slice(0, 3).map(toLinear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** @param {Triple} lab */
function colourOf([lightness, a, b]) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return hexOf([
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]);
}

/**
 * Between two colours, t in 0..1, in OKLab.
 * @param {string} from
 * @param {string} to
 * @param {number} t
 */
export function mix(from, to, t) {
  const a = labOf(from);
  const b = labOf(to);
  return colourOf([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]);
}

/** WCAG relative luminance, 0..1. @param {ArrayLike<number>} rgb 0–255 */
export function luminance(rgb) {
  return 0.2126 * toLinear(rgb[0]) + 0.7152 * toLinear(rgb[1]) + 0.0722 * toLinear(rgb[2]);
}

/**
 * WCAG contrast ratio of two colours, 1..21.
 * @param {string} a
 * @param {string} b
 */
export function contrast(a, b) {
  const [x, y] = [a, b].map((text) => luminance(parseColour(text) ?? [0, 0, 0]));
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/**
 * The ink to write on a fill: the theme's own when it reaches 4.5:1, else black or white.
 * @param {string} fill
 * @param {Theme} theme
 */
export function inkOn(fill, theme) {
  const own = INK[theme];
  if (contrast(own, fill) >= 4.5) return own;
  return contrast("#ffffff", fill) > contrast("#000000", fill) ? "#ffffff" : "#000000";
}

/** @param {string[]} stops @param {number} t 0..1 */
function ramp(stops, t) {
  const place = Math.min(1, Math.max(0, Number.isNaN(t) ? 0 : t)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  return mix(stops[low], stops[low + 1], place - low);
}

/**
 * The colour of a head; different for every index.
 * @param {number} index
 * @param {Theme} theme
 */
export function headColour(index, theme) {
  const base = HEADS[theme][index % HEADS[theme].length];
  const tier = Math.floor(index / HEADS[theme].length);
  if (tier === 0) return base;
  // Golden-ratio steps never land on the same lightness twice.
  const [lightness, a, b] = labOf(base);
  const [low, high] = theme === "dark" ? [0.6, 0.92] : [0.32, 0.7];
  const part = (tier * 0.618034 + (lightness - low) / (high - low)) % 1;
  return colourOf([low + (high - low) * part, a * 0.85, b * 0.85]);
}

/**
 * The one neutral colour of a mean over heads.
 * @param {Theme} theme
 */
export function neutral(theme) {
  return NEUTRAL[theme];
}

/** The theme's background and text colour. @param {Theme} theme */
export function paper(theme) {
  return { fill: PAPER[theme], ink: INK[theme] };
}

/**
 * Sequential scale of one hue, t in 0..1.
 * @param {number} t
 * @param {Theme} theme
 */
export function unsigned(t, theme) {
  const fill = ramp(ONE_HUE[theme], t);
  return { fill, ink: inkOn(fill, theme) };
}

/**
 * Diverging scale symmetric around zero, t in −1..1: purple below, orange above.
 * @param {number} t
 * @param {Theme} theme
 */
export function diverging(t, theme) {
  const fill = ramp(TWO_HUES[theme], (t + 1) / 2);
  return {
    fill: Number.isNaN(t) ? PAPER[theme] : fill,
    ink: inkOn(Number.isNaN(t) ? PAPER[theme] : fill, theme),
  };
}
