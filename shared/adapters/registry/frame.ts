/** A registry's wire format: a zero byte, the schema's id as four bytes, the payload. No JSON text begins with a zero byte. */

const FRAME_BYTES = 5

export function isFramed(value: Uint8Array | string | null): value is Uint8Array {
  return value instanceof Uint8Array && value[0] === 0
}

/** The id and the payload; `undefined` when the frame is cut short. */
export function openFrame(value: Uint8Array): { readonly id: number; readonly payload: Uint8Array } | undefined {
  if (value.length < FRAME_BYTES) return undefined
  const id = new DataView(value.buffer, value.byteOffset).getInt32(1)
  return { id, payload: value.subarray(FRAME_BYTES) }
}

export function framed(id: number, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(FRAME_BYTES + payload.length)
  new DataView(value.buffer).setInt32(1, id)
  value.set(payload, FRAME_BYTES)
  return value
}
