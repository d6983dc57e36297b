/** What a walk of all endings says of a definition is all that can become of a saga of it, whatever happens. */
import { expect, it } from 'vitest'
import type { SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Ending, endingKey, keyOfEnding } from '../../shared/saga/endings/ending.ts'
import { walkEndings } from '../../shared/saga/endings/walk.ts'
import { apply } from '../../shared/saga/evolve.ts'
import { isParked } from '../../shared/saga/parked.ts'
import { stepAt } from '../../shared/saga/plan-tree.ts'
import { type PlacedStep, Rehearsal, stepsThatWait } from '../../shared/saga/rehearsal.ts'
import { must } from './must.ts'
import { numbersFrom } from './plans/choices.ts'
import { definitionOf } from './plans/definition.ts'
import { Faults } from './plans/faults.ts'
import { runs } from './property-runs.ts'

const PLANS = 100
const STATES_MAX = 400
const LIVES = 12
const MOVES_MAX = 400
const ID = sagaId('s-1')

type Next = () => number

/** One life: anything that can come does, in any order, until nothing can but what a person does. */
function live(definition: Definition, next: Next): { key: string; undone: Set<string> } {
  const { name, version } = definition
  const input = { rows: [2, 1] } as Json
  const start = { kind: 'start', sagaId: ID, definition: name, version, input, inputHash: 'h' } as const
  const begun = decide({ definition, known: undefined, input: start, moment: { now: 0, chance: 0.5 } })
  must(begun.kind === 'events', () => 'a saga starts')
  const events: SagaEvent[] = begun.kind === 'events' ? [...begun.events] : []
  const state = events.reduce<Rehearsal['state'] | undefined>((known, event) => apply(known, event, ID), undefined)
  if (!state) throw new Error('a saga starts')
  const saga = new Rehearsal(definition, state, 0)
  for (let i = 0; i < MOVES_MAX; i++) {
    const open = [...stepsThatWait(saga.state)].filter(({ path }) => !isParked(saga.state, path))
    if (open.length === 0 && !saga.state.yielded) break
    events.push(...move(saga, open, next))
  }
  const undone = events.flatMap((event) => (event.type === 'compensation-succeeded' ? [alike(event.step)] : []))
  return { key: keyOfEnding(endingKey(saga.state)), undone: new Set(undone) }
}

const alike = (path: string) => path.replaceAll(/\[\d+\]/g, '[]')

function move(saga: Rehearsal, open: readonly PlacedStep[], next: Next): readonly SagaEvent[] {
  const placed = open[next() % Math.max(1, open.length)]
  const dice = next() % 100
  if (dice < 3) return saga.act('cancel')
  if (!placed || dice < 15) return saga.fire()
  const { path, step } = placed
  const planned = stepAt(saga.definition, path)
  if (step.status === 'waiting') {
    if (planned?.type !== 'signal' || dice < 40) return saga.fire()
    const { signal, approval } = planned
    const answer = approval?.answers[next() % approval.answers.length]
    const payload = approval ? { answer: answer ?? '' } : { n: 1 }
    const requestId = `r-${saga.state.seq}`
    const from = { actor: 'ann', roles: approval?.roles ?? [] }
    return saga.give({ kind: 'signal', sagaId: ID, requestId, name: signal.name, payload, ...from })
  }
  const outcome = dice < 65 ? 'success' : dice < 75 ? 'rejected' : dice < 90 ? 'failed' : 'fatal'
  if (step.status === 'retrying' || step.status === 'undo-retrying') return saga.fire()
  if (planned?.type === 'lock' && outcome !== 'success') return saga.fire()
  const granted = planned?.type === 'lock' ? { resource: 'a', token: 1 } : { n: 1 }
  return saga.answer(placed, { outcome, body: outcome === 'success' ? granted : { code: 'c' } })
}

it('every ending that a saga comes to is among those that were walked, and no more is undone in it', () => {
  const seen = new Map<string, number>()
  let complete = 0
  const first = Number(process.env.KASAGA_PROPERTY_SEED ?? Math.floor(Date.now() / 1_000))
  const plans = runs(PLANS)
  for (let i = 0; i < plans; i++) {
    const seed = (first + i * 7_919) >>> 0
    const next = numbersFrom(seed)
    const definition = definitionOf(Array.from({ length: 400 }, next), new Faults([]))
    const walked = walkEndings(definition, { statesMax: STATES_MAX })
    if (!walked.complete) continue
    complete++
    const endings = new Map<string, Ending>(walked.endings.map((ending) => [keyOfEnding(ending), ending]))
    for (let n = 0; n < LIVES; n++) {
      const { key, undone } = live(definition, next)
      const ending = endings.get(key)
      must(ending !== undefined, () => `seed ${seed}: it came to ${key}, and of ${[...endings.keys()]} is none that`)
      const told = new Set(ending?.undone.map(({ step }) => step))
      for (const step of undone)
        must(told.has(step), () => `seed ${seed}: ${step} was undone, and ${key} does not say so`)
      const status = key.split('|')[0] ?? ''
      seen.set(status, (seen.get(status) ?? 0) + 1)
    }
  }
  console.log(`endings: ${complete} of ${plans} plans walked whole; ${JSON.stringify(Object.fromEntries(seen))}`)
  if (plans < PLANS) return
  expect(complete).toBeGreaterThan(plans / 3)
  for (const status of ['completed', 'compensated', 'stuck'])
    expect([status, (seen.get(status) ?? 0) > 20]).toEqual([status, true])
}, 600_000)
