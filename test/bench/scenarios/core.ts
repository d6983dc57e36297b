/** What one input costs in the core alone, and in a whole turn without I/O, on one thread. */
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { decide } from '../../../shared/saga/decide.ts'
import { type Effect, effectsOf } from '../../../shared/saga/effects.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaInput } from '../../../shared/saga/input.ts'
import { isLive, type SagaState } from '../../../shared/saga/state.ts'
import { calibrate } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { spreadOf } from '../measure/spread.ts'
import { benchAnswers } from '../work/answers.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { OnePartition } from '../work/one-partition.ts'
import { benchOrder } from '../work/order.ts'
import { done, isShipped, orderOf } from '../work/order-data.ts'

const SAGAS_A_ROUND = 2_000
const DONE = done('re', 'order-1')

export async function core({ seconds, repetitions, say }: Wanted): Promise<object> {
  const found = Array.from({ length: repetitions }, () => {
    const calibrationMs = calibrate()
    const one = {
      decideMicros: perInput(decideAlone, seconds),
      turnMicros: perInput(wholeTurns, seconds),
      calibrationMs,
    }
    say(`decide + evolve ${one.decideMicros.toFixed(2)} us an input, a whole turn ${one.turnMicros.toFixed(2)} us`)
    return one
  })
  const of = (what: 'decideMicros' | 'turnMicros' | 'calibrationMs') => spreadOf(found.map((one) => one[what]))
  return { decideMicros: of('decideMicros'), turnMicros: of('turnMicros'), calibrationMs: of('calibrationMs') }
}

/** Microseconds an input, of as many rounds as fit into the time. */
function perInput(round: () => number, seconds: number): number {
  round()
  const began = performance.now()
  let inputs = 0
  while (performance.now() - began < seconds * 1_000) inputs += round()
  return ((performance.now() - began) * 1_000) / inputs
}

/** Decide, evolve and effects of many sagas from start to end. Answers how many inputs there were. */
function decideAlone(): number {
  let inputs = 0
  for (let nth = 0; nth < SAGAS_A_ROUND; nth++) {
    const id = sagaId(`order-${nth}`)
    const { name: definition, version } = benchOrder
    const waiting: SagaInput[] = [
      { kind: 'start', sagaId: id, definition, version, input: orderOf(nth, id), inputHash: 'h' },
    ]
    let state: SagaState | undefined
    for (let input = waiting.pop(); input; input = waiting.pop()) {
      inputs++
      const decision = decide({ definition: benchOrder, known: state, input, moment: { now: 1_000, chance: 0.5 } })
      if (decision.kind !== 'events') throw new Error(`${input.kind}: ${decision.kind}`)
      for (const event of decision.events) {
        const seq: number = (state?.seq ?? 0) + 1
        const envelope: EventEnvelope = { sagaId: id, seq, at: 1_000, causationId: 'i', event }
        state = evolve(state, envelope)
        for (const effect of effectsOf(envelope)) waiting.push(answerTo(effect, nth))
      }
    }
    if (!state || isLive(state)) throw new Error(`${id} has not ended`)
  }
  return inputs
}

function answerTo(effect: Effect, nth: number): SagaInput {
  if (effect.kind !== 'send') throw new Error(`an effect of another kind: ${effect.kind}`)
  const { sagaId: id, step, direction, attempt, commandType } = effect.command
  const isNo = commandType === 'carrier.ship.v1' && !isShipped(nth)
  const said = isNo
    ? ({ outcome: 'rejected', body: { code: 'no', message: 'no' } } as const)
    : ({ outcome: 'success', body: direction === 'forward' ? DONE : null } as const)
  return {
    ...{ kind: 'reply', sagaId: id, step, direction, attempt, ...said },
    errorCode: isNo ? 'no' : undefined,
    retryAfterMs: undefined,
  }
}

/** Records in, records out: decoding, deciding, folding, encoding and the hash chain. Answers how many inputs there were. */
function wholeTurns(): number {
  const partition = new OnePartition(BENCH_DEFINITIONS)
  for (let nth = 0; nth < SAGAS_A_ROUND; nth++) partition.start(benchOrder, `order-${nth}`, orderOf(nth))
  partition.run(benchAnswers)
  if (partition.state.liveSagas > 0) throw new Error(`${partition.state.liveSagas} sagas have not ended`)
  return partition.inputs
}
