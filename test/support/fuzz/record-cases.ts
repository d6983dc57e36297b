/** Records with one thing wrong, and what becomes of them by the description of the wire alone. */
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Dice } from './dice.ts'
import { brokenText, changedJson } from './odd-json.ts'

/** Reasons of its one dead letter of which one must be it; `ignored`: it has none. */
export type Becomes = readonly string[]

/** Some bytes were flipped: what becomes of it is one of what is written, and nothing else. */
export const ANYTHING: Becomes = []

export interface RecordCase {
  readonly topic: string
  readonly record: NewRecord
  readonly becomes: Becomes
}

/** A record as it stands in the log, and what becomes of it when it comes again. */
export interface Specimen {
  readonly topic: string
  readonly kind: 'start' | 'act' | 'reply' | 'command'
  readonly record: NewRecord
  readonly becomes: Becomes
  /** Whether anyone looks at its value. */
  readonly readsValue: boolean
  /** Headers without which it is `missing-header`. */
  readonly needs: readonly string[]
  /** Headers and values that they cannot have: `bad-header`. */
  readonly forms: Readonly<Record<string, readonly string[]>>
}

type Spoil = (specimen: Specimen, dice: Dice) => Omit<RecordCase, 'topic'>
type Header = NewRecord['headers'][number]

export function withHeader(record: NewRecord, name: string, value: string | Uint8Array | undefined): NewRecord {
  const others = record.headers.filter((header) => header[0] !== name)
  const own: readonly Header[] = value === undefined ? [] : [[name, value]]
  return { ...record, headers: [...others, ...own] }
}

const textOf = ({ value }: NewRecord): string => Buffer.from(value ?? 'null').toString()

const asItIs: Spoil = ({ record, becomes }, dice) => {
  const headers = [...record.headers]
  if (dice.chance(0.5)) headers.reverse()
  if (dice.chance(0.5)) headers.push([dice.pick(['x', 'ce_unknown', '', ' ']), dice.bytes(dice.below(40))])
  return { record: { ...record, headers }, becomes }
}

const withoutHeader: Spoil = ({ record, needs }, dice) => {
  const name = dice.pick(needs)
  // What is not UTF-8 is not there.
  const gone = withHeader(record, name, dice.chance(0.3) ? new Uint8Array([0xff, 0x41]) : undefined)
  return { record: gone, becomes: ['missing-header'] }
}

const oddHeader: Spoil = ({ record, forms }, dice) => {
  const name = dice.pick(Object.keys(forms))
  return { record: withHeader(record, name, dice.pick(forms[name] ?? [''])), becomes: ['bad-header'] }
}

const otherKey: Spoil = ({ record }, dice) => ({
  record: { ...record, key: dice.pick(['another', null, new Uint8Array([0xff]), '']) },
  becomes: ['key-mismatch'],
})

const noHeaders: Spoil = ({ record }) => ({ record: { ...record, headers: [] }, becomes: ['missing-header'] })

const otherType: Spoil = ({ record, kind, becomes }, dice) => {
  const odd = withHeader(record, H.type, dice.pick(['kasaga.start.v9', 'x', 'payment.charge', '😀']))
  // A reply is known by what it answers.
  const known = { start: ['unknown-type'], act: ['unknown-type'], command: ['unknown-command'], reply: becomes }
  return { record: odd, becomes: known[kind] }
}

const brokenValue: Spoil = ({ record }, dice) => {
  const { bytes, fault } = brokenText(dice, textOf(record))
  return { record: { ...record, value: bytes }, becomes: [fault] }
}

const noValue: Spoil = ({ record, kind, becomes }) => ({
  // An act without a value carries null.
  record: { ...record, value: null },
  becomes: kind === 'act' ? becomes : ['not-json'],
})

/** JSON still, but something else. */
const otherValue: Spoil = ({ record, kind, becomes }, dice) => {
  const value = JSON.stringify(changedJson(dice, JSON.parse(textOf(record))))
  const known = {
    start: ['start-conflict', 'invalid-input', ...becomes],
    command: ['invalid-payload', ...becomes],
    act: becomes,
    reply: becomes,
  }
  return { record: { ...record, value }, becomes: known[kind] }
}

const flipped: Spoil = ({ record }, dice) => {
  const flip = (part: string | Uint8Array): Buffer => {
    const bytes = Buffer.from(part)
    for (let flips = 1 + dice.below(3); bytes.length > 0 && flips > 0; flips--)
      bytes[dice.below(bytes.length)] = dice.below(256)
    return dice.chance(0.2) ? bytes.subarray(0, dice.below(bytes.length + 1)) : bytes
  }
  const at = dice.below(record.headers.length + 2)
  if (at === 0) return { record: { ...record, key: flip(record.key ?? '') }, becomes: ANYTHING }
  if (at === 1) return { record: { ...record, value: flip(record.value ?? '') }, becomes: ANYTHING }
  const headers = record.headers.map((header, i): Header => (i === at - 2 ? [header[0], flip(header[1])] : header))
  return { record: { ...record, headers }, becomes: ANYTHING }
}

const SPOILS: readonly Spoil[] = [
  asItIs,
  withoutHeader,
  withoutHeader,
  oddHeader,
  oddHeader,
  otherKey,
  noHeaders,
  otherType,
  flipped,
  flipped,
]
const SPOILS_OF_VALUES: readonly Spoil[] = [
  ...SPOILS,
  brokenValue,
  brokenValue,
  brokenValue,
  noValue,
  otherValue,
  otherValue,
]

/** One record with something wrong, or nothing. */
export function recordCase(dice: Dice, specimens: readonly Specimen[]): RecordCase {
  const specimen = dice.pick(specimens)
  const spoil = dice.pick(specimen.readsValue ? SPOILS_OF_VALUES : SPOILS)
  return { topic: specimen.topic, ...spoil(specimen, dice) }
}
