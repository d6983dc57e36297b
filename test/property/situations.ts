/** What generated sagas went through, counted: what never happens is not tested. */
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import { blockAround, isWithin, ROOT } from '../../shared/message/step-path.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { isBlock, sendingStepAt, stepAt } from '../../shared/saga/plan-tree.ts'
import type { SagaDriver } from './saga-driver.ts'

export class Situations {
  readonly #counts = new Map<string, number>()
  readonly #expected: readonly string[]

  constructor(expected: readonly string[] = []) {
    this.#expected = expected
  }

  /** Looks through the history of a saga that has ended. */
  see(driver: SagaDriver): void {
    const { definition, history, state, said } = driver
    const found = new Set<string>([`ended ${state?.status}`])
    for (const [reason] of said) found.add(`answered ${reason}`)
    const reader = new Reader(definition, found)
    for (const envelope of history) reader.read(envelope)
    for (const what of movesIn(history)) found.add(what)
    for (const what of found) this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** What should have happened at least once, and did not. */
  missing(): string[] {
    return this.#expected.filter((what) => !this.#counts.has(what))
  }

  toString(): string {
    const lines = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `${what}: ${times}`)
    return lines.join('; ')
  }
}

/** How a saga was moved to other versions. */
function movesIn(history: readonly EventEnvelope[]): readonly string[] {
  const moves = history.filter(({ event }) => event.type === 'saga-migrated')
  return moves.flatMap(({ event, seq }, i) => {
    if (event.type !== 'saga-migrated') return []
    const before = history.slice(0, seq)
    const back = before.some(({ event: one }) => one.type === 'compensation-started' && one.scope === undefined)
    const sent = new Set(before.flatMap(({ event: one }) => (one.type === 'step-requested' ? [one.step] : [])))
    const later = history.slice(seq)
    const named = Object.entries(event.renames ?? {}).filter(([from]) => sent.has(from))
    const tried = named.some(([, to]) => later.some(({ event: one }) => 'sentAs' in one && one.step === to))
    return [
      back ? 'moved while going back' : 'moved while going forward',
      ...(i > 0 ? ['moved twice'] : []),
      ...(named.length > 0 ? ['moved with a new name for what was sent'] : []),
      ...(tried ? ['sent under its first name'] : []),
      ...(event.outputs ? ['moved with an output'] : []),
      ...(event.unparked ? ['moved, and tried again'] : []),
    ]
  })
}

/** Goes through one history, and says what it sees. */
class Reader {
  readonly #definition: Definition
  readonly #found: Set<string>
  readonly #parked = new Set<string | null>()
  readonly #byHand = new Set<string | null>()
  readonly #undoing = new Set<string>()
  readonly #waiting = new Set<string>()
  readonly #blocks = new Map<string, string>()
  readonly #held = new Set<string>()
  readonly #back: string[] = []
  #ended: string | undefined

  constructor(definition: Definition, found: Set<string>) {
    this.#definition = definition
    this.#found = found
  }

  read({ event }: EventEnvelope): void {
    this.#readStep(event)
    this.#readUndo(event)
    this.#readBlock(event)
    this.#readFork(event)
    this.#readSaga(event)
    if (event.type !== 'saga-started' && 'attributes' in event) this.#see(`found by what ${event.type} brings`)
    if (event.type === 'saga-started' && event.attributes && event.origin) this.#see('a fork found by what it is given')
  }

  #see(...what: readonly string[]): void {
    for (const one of what) this.#found.add(one)
  }

  #readStep(event: SagaEvent): void {
    switch (event.type) {
      case 'step-held':
        this.#see(this.#waiting.has(event.step) ? 'held to be tried again' : 'held')
        if (event.key !== undefined) this.#see('held under a key')
        this.#held.add(event.step)
        return
      case 'step-requested':
        this.#waiting.delete(event.step)
        if (this.#held.delete(event.step)) this.#see('admitted')
        this.#begin(event.step)
        if (event.lock) this.#see('lock asked for')
        if (event.child !== undefined) this.#see(`child started, ${event.letGo ? 'let go' : 'waited for'}`)
        return
      case 'step-rejected':
        if (event.withdraws !== undefined) this.#see('lock not granted in time')
        return
      case 'step-succeeded':
        if (stepAt(this.#definition, event.step)?.type === 'lock') this.#see('lock granted')
        if (this.#held.delete(event.step)) this.#see('done by an earlier attempt while it was held')
        if (this.#parked.size > 0 && !this.#parked.has(event.step)) this.#see('goes on while another step is parked')
        if (this.#parked.delete(event.step)) this.#see('unparked by its answer')
        return
      case 'step-failed':
        if (this.#held.delete(event.step)) this.#see('given up while it was held')
        this.#see(event.retryAt === null ? 'given up' : 'tried again')
        this.#fail(event)
        return
      case 'step-skipped': {
        const step = stepAt(this.#definition, event.step)
        this.#see(step && isBlock(step) ? 'block skipped' : 'step skipped')
        return
      }
      case 'wait-started':
        this.#begin(event.step)
        return
      case 'wait-ended':
        this.#see(event.requestId === null ? 'wait over by the clock' : 'wait ended by a signal')
        return
      case 'late-success': {
        const depth = this.#ended ?? (this.#back.includes(ROOT) ? 'going back' : 'going forward')
        this.#see(`late success in a saga that is ${depth}`)
      }
    }
  }

  /** How long something took too long, and why it is not tried again. */
  #fail({ type, step: path, error, retryAt }: Extract<SagaEvent, { retryAt: number | null }>): void {
    const back = type === 'compensation-failed' ? 'undo ' : ''
    if (error.kind === 'timeout') this.#see(`${back}${error.code}`)
    if (retryAt === null && this.#waiting.has(path)) this.#see('given up when it was to be tried again')
    if (retryAt !== null) this.#waiting.add(path)
    const step = sendingStepAt(this.#definition, path)
    const policy = (back ? step?.undo : step?.forward)?.retry
    const rule = policy?.rules?.find(({ code }) => code === error.code)
    if (rule && error.kind !== 'fatal') this.#see(`rule: ${'fatal' in rule ? 'fatal' : 'other figures'}`)
    if (retryAt !== null) this.#see(`backoff: ${policy?.backoff ?? 'exponential'}`)
    else if (error.kind === 'failed' && policy?.maxAgeMs === 0 && policy.attempts > 1 && !rule) this.#see('too old')
  }

  #begin(path: string): void {
    const step = stepAt(this.#definition, path)
    if (step && step.needs < step.after.length) this.#see('begun when some of those before it were done')
    this.#see(`depth ${path.split('.').length}`)
  }

  #readUndo(event: SagaEvent): void {
    switch (event.type) {
      case 'compensation-held':
        this.#see(this.#waiting.has(event.step) ? 'undo held to be tried again' : 'undo held')
        if (this.#ended !== undefined) this.#see('undo held after the end')
        this.#held.add(event.step)
        return
      case 'compensation-requested':
        if (this.#held.delete(event.step)) this.#see('undo admitted')
        this.#waiting.delete(event.step)
        this.#undoing.add(event.step)
        if (this.#undoing.size > 1) this.#see('undone at the same time')
        if (this.#ended !== undefined) this.#see('undone after the end')
        if (this.#definition.compensation === 'sequential') this.#see('undone one by one')
        if (event.child !== undefined || event.lock) this.#see(event.commandType)
        return
      case 'compensation-succeeded':
        if (this.#held.delete(event.step)) this.#see('undone by an earlier attempt while it was held')
        this.#undoing.delete(event.step)
        if (this.#parked.size > 0 && !this.#parked.has(event.step)) this.#see('undone while another step is parked')
        return
      case 'undo-resolved':
        this.#undoing.delete(event.step)
        this.#see(`undone by a person, ${this.#byHand.delete(event.step) ? 'who was to' : 'when its undo had failed'}`)
        this.#parked.delete(event.step)
        return
      case 'compensation-failed':
        this.#undoing.delete(event.step)
        this.#see(event.retryAt === null ? 'undo given up' : 'undo tried again')
        this.#fail(event)
    }
  }

  #readBlock(event: SagaEvent): void {
    switch (event.type) {
      case 'block-started':
        this.#begin(event.step)
        this.#blocks.set(event.step, event.block)
        if (event.count === 0) this.#see('each without items')
        return
      case 'block-completed':
        this.#see(`${this.#blocks.get(event.step)} completed`)
        if (this.#back.some((scope) => blockAround(scope)?.block === event.step))
          this.#see(`${this.#blocks.get(event.step)} completed without some`)
        this.#blocks.delete(event.step)
        return
      case 'scope-compensated':
        this.#see(`${this.#kindAround(event.scope)} scope undone`)
        return
      case 'compensation-started':
        this.#turn(event.scope ?? ROOT, event.cause.kind)
        if ('error' in event.cause) this.#see(`turned back for ${event.cause.error.kind}`)
    }
  }

  #turn(scope: string, cause: string): void {
    for (const step of this.#held)
      if (isWithin(step, scope) && this.#held.delete(step)) this.#see('turned back while a step was held')
    if (scope === ROOT) {
      this.#see(`saga turned back: ${cause}${this.#ended === undefined ? '' : ` after it was ${this.#ended}`}`)
      for (const kind of this.#blocks.values()) this.#see(`${kind} turned back with the saga while it was open`)
    } else this.#see(`${this.#kindAround(scope)} scope turned back alone: ${cause}`)
    if (this.#back.some((inner) => inner !== scope && isWithin(inner, scope))) this.#see('turned back around what had')
    this.#back.push(scope)
    this.#parked.clear()
  }

  #kindAround(scope: string): string | undefined {
    const step = stepAt(this.#definition, blockAround(scope)?.block ?? '')
    return step?.type
  }

  #readFork(event: SagaEvent): void {
    if (event.type === 'saga-forked')
      this.#see(`forked while it is ${this.#ended ?? (this.#back.includes(ROOT) ? 'going back' : 'going forward')}`)
    if (event.type !== 'saga-started' || !event.given) return
    this.#see(`a fork that is given ${event.given.length > 0 ? 'something' : 'nothing'}`)
    if (event.given.some(({ step }) => stepAt(this.#definition, step)?.kind === 'pivot'))
      this.#see('a fork that is past its pivot')
  }

  #readSaga(event: SagaEvent): void {
    switch (event.type) {
      case 'saga-stuck':
        this.#parked.add(event.step)
        if (event.step !== null && this.#held.delete(event.step)) this.#see('parked when it was admitted')
        if (event.error.code === 'undo-by-hand') this.#byHand.add(event.step)
        this.#see(`parked: ${event.error.kind}${event.step === null ? ' of the output' : ''}`)
        if (this.#blocks.has(event.step ?? ROOT)) this.#see(`${this.#blocks.get(event.step ?? ROOT)} parked`)
        return
      case 'retry-requested':
        this.#see(event.step === undefined ? 'tried again by a person' : 'one step tried again by a person')
        if (event.step === undefined) this.#parked.clear()
        else this.#parked.delete(event.step)
        return
      case 'saga-paused':
        this.#see(`paused while ${this.#back.includes(ROOT) ? 'going back' : 'going forward'}`)
        this.#see(`paused, timers ${event.timers}`)
        return
      case 'saga-resumed':
        this.#see('resumed')
        return
      case 'step-edited':
        this.#see(`given another payload, ${event.direction}`)
        this.#parked.delete(event.step)
        return
      case 'step-resolved':
        this.#see(`taken as done by a person${event.notDone ? ', with nothing to undo' : ''}`)
        if (!this.#parked.delete(event.step)) this.#see('skipped while it was under way')
        if (this.#held.delete(event.step)) this.#see(`skipped while it was held${event.notDone ? ', not done' : ''}`)
        return
      case 'failure-resolved':
        this.#see('said by a person not to have been done')
        this.#parked.delete(event.step)
        return
      case 'cancel-requested':
        this.#see('cancelled while the pivot was out')
        return
      case 'cancel-refused':
        this.#see(`cancel refused: ${event.why}`)
        return
      case 'saga-voided':
        this.#see('undone before it started')
        this.#ended = 'compensated'
        return
      case 'undo-requested':
        this.#see(`parent undoes it while it is ${this.#ended ?? 'going'}`)
        return
      case 'parent-answered':
        this.#see(`parent told ${event.direction} ${event.outcome}`)
        return
      case 'parent-refused':
        this.#see(`one who is no parent told ${event.outcome}`)
        return
      case 'saga-killed':
        if (event.frees) this.#see('killed, and frees locks')
        this.#see(
          `killed while ${this.#parked.size > 0 ? 'stuck' : this.#back.includes(ROOT) ? 'going back' : 'going forward'}`,
        )
        this.#ended = 'failed'
        return
      case 'saga-completed':
        if (event.frees) this.#see('completed, and frees locks')
        if (this.#back.length > 0) this.#see('completed with a scope undone')
        this.#ended = 'completed'
        return
      case 'saga-compensated':
        this.#ended = 'compensated'
    }
  }
}
