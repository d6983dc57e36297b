/** Figures as people read them: a line for each, nested names joined by a dot. */
import type { Spread } from './spread.ts'

export function linesOf(figures: object, prefix = ''): string[] {
  return Object.entries(figures).flatMap(([name, value]) => {
    const label = `${prefix}${name}`
    if (Array.isArray(value)) return value.flatMap((one: object, i) => linesOf(one, `${label}[${i}].`))
    if (isSpread(value)) return [`${label.padEnd(34)} ${value.median}   (${value.min} to ${value.max})`]
    if (typeof value === 'object' && value !== null) return linesOf(value, `${label}.`)
    return [`${label.padEnd(34)} ${value}`]
  })
}

function isSpread(value: unknown): value is Spread {
  return typeof value === 'object' && value !== null && 'median' in value
}
