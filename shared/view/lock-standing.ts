/**
 * Who holds a lock, and who waits for it: read off notes that its events leave, one a line, against what the row remembers:
 * the open asks as JSON, in order of arrival, or the empty text when there are none.
 */
import type { LockEvent } from '../message/lock-events.ts'
import type { Reading, Value, Values } from './table.ts'

/** An ask that is not over, as a view remembers it. */
export interface OpenAsk {
  readonly saga: string
  readonly step: string
  readonly attempt: number
  /** When it was taken, milliseconds since the epoch. */
  readonly since: number
  /** It holds the lock: under which token, and since when. */
  readonly token?: number
  readonly heldSince?: number
}

/** What an event leaves to be read; `undefined`: nothing. */
export function lockNote(event: LockEvent, at: number): string | undefined {
  switch (event.type) {
    case 'lock-asked':
      return JSON.stringify(['asked', event.saga, event.step, event.attempt, at])
    case 'lock-granted':
      return JSON.stringify(['granted', event.saga, event.step, event.attempt, at, event.token])
    case 'lock-freed':
      return JSON.stringify(['freed', event.saga, event.step, event.attempt])
    case 'lock-left':
    case 'lock-taken-away':
      return JSON.stringify(['gone', event.saga])
    case 'lock-refused':
      return undefined
  }
}

type Note = readonly [what: string, saga: string, step: string, attempt: number, at: number, token: number]

function after(asks: readonly OpenAsk[], text: string): readonly OpenAsk[] {
  const [what, saga, step, attempt, at, token] = JSON.parse(text) as Note
  const isThis = (ask: OpenAsk) => ask.saga === saga && ask.step === step && ask.attempt === attempt
  switch (what) {
    case 'asked':
      return [...asks, { saga, step, attempt, since: at }]
    case 'granted':
      return asks.map((ask) => (isThis(ask) ? { ...ask, token, heldSince: at } : ask))
    case 'freed':
      return asks.filter((ask) => !isThis(ask))
    default:
      return asks.filter((ask) => ask.saga !== saga)
  }
}

/** Reads what a row remembers. */
export function openAsks(text: string | null): readonly OpenAsk[] {
  return text === null || text === '' ? [] : (JSON.parse(text) as readonly OpenAsk[])
}

const asText = (value: Value | undefined): string => (typeof value === 'string' ? value : '')

function read(row: Values | undefined, change: Values): Values {
  const notes = asText(change.asks)
  if (notes === '') return change
  const asks = notes.split('\n').reduce(after, openAsks(asText(row?.asks)))
  const holding = new Set(asks.flatMap(({ saga, token }) => (token === undefined ? [] : [saga])))
  const waiting = new Set(asks.flatMap(({ saga, token }) => (token === undefined ? [saga] : [])))
  return {
    ...change,
    asks: asks.length === 0 ? '' : JSON.stringify(asks),
    holders: holding.size,
    waiters: waiting.size,
  }
}

/** Reads the notes of `asks` into `asks`, `holders` and `waiters`. */
export const lockReading: Reading = { column: 'asks', looksAt: ['asks'], read }
