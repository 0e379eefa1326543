/** Envelopes to typed arrays: the only file that knows dtypes on the wire. */

/** @typedef {import("./types").Envelope} Envelope */
/** @typedef {import("./types").Decoded} Decoded */
/** @typedef {import("./types").Bytes} Bytes */

const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
};

/**
 * The bytes of a buffer as the host handed it over (DataView, Uint8Array or ArrayBuffer);
 * null when the host dropped it.
 * @param {Bytes | unknown} data
 * @returns {Uint8Array | null}
 */
export function bytes(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return null;
}

/**
 * Decode an envelope, or null when its data has not arrived.
 * @param {Envelope | null | undefined} envelope
 * @returns {Decoded | null}
 */
export function decode(envelope) {
  const raw = envelope ? bytes(envelope.data) : null;
  if (!envelope || !raw) return null;
  const Type = ARRAYS[/** @type {keyof typeof ARRAYS} */ (envelope.dtype)];
  if (!Type) throw new Error(`unknown dtype on the wire: ${envelope.dtype}`);
  const count = envelope.shape.reduce((product, size) => product * size, 1);
  const size = Type.BYTES_PER_ELEMENT;
  if (raw.byteLength < count * size) return null;
  const aligned = raw.byteOffset % size === 0 ? raw : raw.slice();
  const data = new Type(/** @type {ArrayBuffer} */ (aligned.buffer), aligned.byteOffset, count);
  let scale = null;
  if (envelope.scale) {
    const decoded = decode(envelope.scale);
    if (!decoded) return null;
    scale = /** @type {Float32Array} */ (decoded.data);
  }
  return { data, shape: envelope.shape, axes: envelope.axes, scale };
}
