import { describe, expect, test } from "vitest";
import { AttentionData } from "../../src/attention/data.js";
import { bytes, decode } from "../../src/core/wire.js";

/** The same files that hold the Python half: tests/fixtures/wire. */
const fixtures = Object.entries(
  import.meta.glob("../../../tests/fixtures/wire/*.json", { eager: true, import: "default" }),
).map(([path, fixture]) => ({
  name: /** @type {string} */ (path.split("/").pop()),
  .../** @type {any} */ (fixture),
}));

/** @param {string} text @param {number} offset of the bytes inside a larger buffer */
function fromBase64(text, offset = 0) {
  const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const larger = new Uint8Array(raw.length + offset + 3);
  larger.set(raw, offset);
  return new DataView(larger.buffer, offset, raw.length);
}

/** Every `data_base64` as bytes. @param {any} packed @param {(text: string) => any} convert @returns {any} */
function unpack(packed, convert) {
  if (Array.isArray(packed) || packed === null || typeof packed !== "object") return packed;
  return Object.fromEntries(
    Object.entries(packed).map(([key, value]) =>
      key === "data_base64" ? ["data", convert(value)] : [key, unpack(value, convert)],
    ),
  );
}

/** @type {Record<string, (text: string) => any>} */
const carriers = {
  DataView: (text) => fromBase64(text),
  "misaligned DataView": (text) => fromBase64(text, 1),
  Uint8Array: (text) => {
    const view = fromBase64(text, 4);
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  },
  ArrayBuffer: (text) => {
    const view = fromBase64(text);
    return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  },
};

/** @param {(number | null)[]} found @param {(number | null)[]} wanted */
function expectSame(found, wanted) {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) {
    if (value === null || Number.isNaN(value)) expect(found[i]).toBeNaN();
    else expect(Math.abs(/** @type {number} */ (found[i]) - value)).toBeLessThanOrEqual(1e-6);
  }
}

/** @param {import("../../src/core/types").Decoded} decoded */
function values({ data, scale, shape }) {
  const columns = shape[shape.length - 1];
  return Array.from(data, (value, i) => (scale ? value * scale[Math.floor(i / columns)] : value));
}

test("the fixtures are there", () => expect(fixtures.length).toBeGreaterThan(5));

describe.each(Object.entries(carriers))("as %s", (_, carrier) => {
  test.each(fixtures)("$name", ({ kind, packed, shape, values: wanted }) => {
    if (kind === "envelope") {
      const decoded = decode(unpack(packed, carrier));
      expect(decoded?.shape).toEqual(shape);
      expectSame(values(/** @type {any} */ (decoded)), wanted.flat(9));
    } else {
      expectAttention(unpack(packed, carrier), shape, wanted.flat(9));
    }
  });
});

/** @param {any} packed @param {number[]} shape layers, heads, queries, keys @param {number[]} wanted */
function expectAttention(packed, shape, wanted) {
  const data = /** @type {AttentionData} */ (AttentionData.decode(packed));
  const [layers, heads, queries, keys] = shape;
  expect([data.layers.length, data.heads, data.queries]).toEqual([layers, heads, queries]);
  const found = [];
  for (const layer of data.layers) {
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < queries; query++) {
        for (let key = 0; key < keys; key++) found.push(data.weight(layer, head, query, key) ?? 0);
      }
    }
  }
  expectSame(found, wanted);
}

describe("what hosts do to buffers", () => {
  const empty = { dtype: "uint8", shape: [2], axes: ["token"], scale: null };

  test("a dropped buffer decodes to null, not to an error", () => {
    for (const data of [undefined, null, {}]) {
      expect(decode(/** @type {any} */ ({ ...empty, data }))).toBeNull();
    }
    expect(decode(undefined)).toBeNull();
  });

  test("a short buffer is a missing one", () => {
    expect(decode({ ...empty, shape: [4], data: new Uint8Array(3) })).toBeNull();
  });

  test("a missing scale makes the whole envelope missing", () => {
    const scale = /** @type {any} */ ({ ...empty, dtype: "float32", shape: [1], data: null });
    expect(decode({ ...empty, shape: [1, 2], data: new Uint8Array(2), scale })).toBeNull();
  });

  test("an unknown dtype is named", () => {
    const data = new Uint8Array(4);
    expect(() => decode({ ...empty, dtype: "float64", data })).toThrow("float64");
  });

  test("bytes respects offset and length", () => {
    const buffer = Uint8Array.from([1, 2, 3, 4]).buffer;
    expect([.../** @type {Uint8Array} */ (bytes(new DataView(buffer, 1, 2)))]).toEqual([2, 3]);
  });
});
