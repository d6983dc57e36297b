/**
 * Where a saga stands, when a part of it may be parked while others go on. Its events tell what is parked, and what is no
 * more; whether it is stuck follows from all of them together. So each event leaves a note, and the notes are read in
 * their order against what the row remembers: `{ parked: [[step, code, message], ...], back: [scope, ...] }` as JSON,
 * the newest last, or the empty text when there is nothing to remember.
 */
import { isWithin, ROOT } from '../message/step-path.ts'

/** What a saga is at, apart from what is parked. */
export type SagaPhase = 'running' | 'compensating' | 'completed' | 'compensated' | 'failed'
export type SagaStatus = SagaPhase | 'stuck' | 'paused'

/** A step that waits for a person; `null`: the saga's output does. */
export type ParkedStep = readonly [step: string | null, code: string, message: string]

export interface Standing {
  readonly parked: readonly ParkedStep[]
  /** Scopes that had turned back while others went on: what was parked inside them since then is parked on the way back. */
  readonly back: readonly string[]
  /** A person holds the saga, and what becomes of its times meanwhile. */
  readonly paused?: 'hold' | 'run'
  /** Present names of steps of its own scope, by each that they had before. */
  readonly renamed?: Readonly<Record<string, string>>
}

const NOTHING: Standing = { parked: [], back: [] }

/** A step is parked. */
export function parkedNote(step: ParkedStep): string {
  return `!${JSON.stringify(step)}`
}

/** That step is parked no more; the empty text: the saga's output. */
export function unparkedNote(step: string): string {
  return `-${step}`
}

/** A step has another name from now on. */
export function renamedNote(names: readonly [from: string, to: string]): string {
  return `=${JSON.stringify(names)}`
}

/** A scope turns back, the saga's own or one of a block. */
export function turnedNote(scope: string): string {
  return `<${scope}`
}

/** A person holds the saga, or lets it go on. */
export function pausedNote(timers: 'hold' | 'run'): string {
  return `${PAUSED}${timers}`
}

const PAUSED = '|'
export const RESUMED = '>'

/** Nothing is parked any more: a person said to try again. */
export const ALL_UNPARKED = '*'

function noted(now: Standing, note: string): Standing {
  const text = note.slice(1)
  switch (note[0]) {
    case '!': {
      const step = JSON.parse(text) as ParkedStep
      return { ...now, parked: [...now.parked.filter(([name]) => name !== step[0]), step] }
    }
    case '-':
      return { ...now, parked: now.parked.filter(([name]) => (name ?? ROOT) !== text) }
    case '=': {
      const [from, to] = JSON.parse(text) as readonly [string, string]
      const parked = now.parked.map(([name, ...why]) => [name === from ? to : name, ...why] as const)
      const before = Object.entries(now.renamed ?? {}).map(([old, name]) => [old, name === from ? to : name])
      return { ...now, parked, renamed: { ...Object.fromEntries(before), [from]: to } }
    }
    case '<':
      return turned(now, text)
    case PAUSED:
      return { ...now, paused: text === 'run' ? 'run' : 'hold' }
    case RESUMED: {
      const { paused: _over, ...rest } = now
      return rest
    }
    default:
      return { ...now, parked: [] }
  }
}

/** What is parked on the way forward is asked for no more; what is parked on the way back stays. */
function turned({ parked, back, ...held }: Standing, scope: string): Standing {
  const isBack = (step: string) => back.some((own) => isWithin(step, own))
  const stays = (step: string | null) => (step === null ? scope !== ROOT : !isWithin(step, scope) || isBack(step))
  return { parked: parked.filter(([step]) => stays(step)), back: scope === ROOT ? [] : [...back, scope], ...held }
}

/** Reads what a row remembers. */
export function standingOf(text: string | null): Standing {
  return text === null || text === '' ? NOTHING : (JSON.parse(text) as Standing)
}

function textOf(standing: Standing): string {
  const { parked, back, paused, renamed } = standing
  return parked.length === 0 && back.length === 0 && !paused && !renamed ? '' : JSON.stringify(standing)
}

/** What a row remembers once it has read further notes, one a line. */
export function afterNotes(remembered: string, notes: string): string {
  const matters = remembered !== '' || /[!<|=]/.test(notes)
  return matters ? textOf(notes.split('\n').reduce(noted, standingOf(remembered))) : ''
}
