/** A hash of 53 bits over the text's UTF-16 units: two FNV-like lanes. To tell contents apart, not to prove them. */
export function contentHash(text: string): number {
  let low = 0x811c9dc5
  let high = 0x1b873593
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b) ^ (high >>> 13)
  }
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0)
}
