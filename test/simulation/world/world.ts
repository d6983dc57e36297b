/**
 * A whole system in one process, in virtual time, under a seed: orchestrators, participants, projectors and clients, all
 * real, on a log, a view store and participants' books in memory. Everything that happens is a step of the scheduler.
 */
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { Projector } from '../../../services/projector/projector.ts'
import { type Metrics, noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { sagasProjection } from '../../../shared/view/sagas-projection.ts'
import { NotedGauges } from '../../support/telemetry-notes.ts'
import { Books } from '../actors/books.ts'
import { participantsIn } from '../actors/participant.ts'
import { ViewStore } from '../actors/view-store.ts'
import { AcceptedLog } from '../checks/accepted-log.ts'
import { AnswerChecks } from '../checks/answer-checks.ts'
import { Breaches } from '../checks/breaches.ts'
import { CallLimits } from '../checks/call-limits.ts'
import { CommandChecks } from '../checks/command-checks.ts'
import { DeadLetterChecks } from '../checks/dead-letter-checks.ts'
import { HeldCalls } from '../checks/held-calls.ts'
import { LogChecks } from '../checks/log-checks.ts'
import { StartChecks } from '../checks/start-checks.ts'
import type { Situation } from '../situations/names.ts'
import { Situations } from '../situations/situations.ts'
import { type Boot, Crew } from './crew.ts'
import { FaultDraw, type ProcessKind } from './fault-draw.ts'
import { type AppendFault, Network, PREFIX, TOPICS } from './network.ts'
import type { Options } from './options.ts'
import { PARTICIPANTS, type Plans, plansOf } from './plans.ts'
import { NO_PROBE, OwnerProbe } from './probes.ts'
import { Process } from './process.ts'
import { Scheduler } from './scheduler.ts'
import { type Stream, streamOf } from './streams.ts'
import { Tally } from './tally.ts'

/** What becomes of an append to the log whose answer does not come. */
const OUTCOMES: Partial<Record<AppendFault, Situation>> = {
  unanswered: 'landed',
  late: 'landed',
  lost: 'notLanded',
  'twice and unanswered': 'landedTwice',
}

/** Longer than any pause, with the time that a process needs to hear of it and to be started again. */
const SETTLE_MS = 12_000
/** Of the looks at a clock between which time passes, in thousandths: those between which the machine was busy; and how long. */
const BUSY_SHARE = 100
const BUSY_MS_MAX = 60
/** How often it is looked whether something was found. */
const GO_MS = 500

export const PROJECTIONS = [sagasProjection] as const

export class World {
  readonly options: Options
  readonly scheduler = new Scheduler()
  readonly network: Network
  readonly plans: Plans
  readonly draw: FaultDraw
  readonly luck: Stream
  readonly store: Stream
  readonly books: Books
  readonly views: ViewStore
  readonly seen = new Tally()
  readonly faults = new Tally()
  readonly breaches = new Breaches()
  readonly checks: {
    readonly log: LogChecks
    readonly commands: CommandChecks
    readonly starts: StartChecks
    readonly answers: AnswerChecks
    readonly calls: CallLimits
    readonly deadLetters: DeadLetterChecks
    readonly held: HeldCalls
  }
  readonly situations: Situations
  /** What each orchestrator says of itself. */
  readonly gauges = new Map<Process, NotedGauges>()
  readonly crews: Readonly<Record<Exclude<ProcessKind, 'client'>, Crew>>
  isFaulty = true
  /** The next version of the definition is there: processes that start from now on know it. */
  nextCame = false
  /** Ended sagas that processes remember which start from now on. */
  remembered = ORCHESTRATOR_LIMITS.endedSagasMax
  readonly #old = new Set<Process>()
  readonly #jitter: Stream
  readonly #clocks: Stream
  #calmAt = 0
  #processes = 0
  #ids = 0

  constructor(options: Options) {
    this.options = options
    const { seed, rates, statementMs } = options
    this.plans = plansOf(options)
    this.draw = new FaultDraw(options)
    this.luck = streamOf(seed, 'answers')
    this.store = streamOf(seed, 'stores')
    this.#jitter = streamOf(seed, 'jitter')
    this.#clocks = streamOf(seed, 'clocks')
    const { breaches } = this
    this.checks = {
      log: new LogChecks(this.plans.all, breaches),
      commands: new CommandChecks(breaches),
      starts: new StartChecks(breaches),
      answers: new AnswerChecks(breaches),
      calls: new CallLimits(() => this.scheduler.now()),
      deadLetters: new DeadLetterChecks(breaches),
      held: new HeldCalls(() => this.scheduler.now()),
    }
    this.situations = new Situations(this.seen, () => this.scheduler.now())
    const accepted = new AcceptedLog([...Object.values(this.checks), this.situations])
    this.network = new Network(this.scheduler, options, {
      landed: (landed) => this.#safely(() => accepted.landed(landed)),
      fault: (fault, topic) => {
        this.faults.add(fault)
        const situation = topic === TOPICS.events ? OUTCOMES[fault] : undefined
        if (situation) this.situations.came(situation)
      },
    })
    this.books = new Books({
      clock: this.scheduler.clock,
      random: streamOf(seed, 'books'),
      troubleShare: () => (this.isFaulty ? (rates.storeRefused + rates.storeUnanswered) / 2_000 : 0),
      onTrouble: (kind) => this.faults.add(`transaction ${kind}`),
      statementMsMax: statementMs,
    })
    this.views = new ViewStore(this)
    this.crews = {
      orchestrator: new Crew(this, 'orchestrator', (process) => this.#bootOrchestrator(process)),
      participant: new Crew(this, 'participant', (process) => this.#bootParticipants(process)),
      projector: new Crew(this, 'projector', (process) => this.#bootProjector(process)),
    }
  }

  async open(): Promise<void> {
    const { partitions, orchestrators, participants, projectors } = this.options
    const counts = { partitions, participantPartitions: partitions }
    await this.network.connect().createTopics(topicSpecs(PREFIX, counts, PARTICIPANTS))
    const crews = { orchestrator: orchestrators, participant: participants, projector: projectors }
    for (const [kind, count] of Object.entries(crews) as [keyof typeof crews, number][])
      for (let i = 0; i < count; i++) this.crews[kind].start()
  }

  process(kind: ProcessKind, onEnd: () => void): Process {
    const who = ++this.#processes
    const probe = kind === 'orchestrator' ? new OwnerProbe() : NO_PROBE
    return new Process(this, {
      ...{ who, name: `${kind}-${who}`, probe, onEnd, creepMs: () => this.#creepMs() },
      befall: (process, step) => {
        if (this.isFaulty && step !== 'fault' && step !== 'idle') this.#befall(kind, process)
      },
    })
  }

  /** Mostly none, at times a millisecond, and now and then what a machine takes that has something else to do. */
  #creepMs(): number {
    if (!this.#clocks.perMille(this.options.rates.creep)) return 0
    return this.#clocks.perMille(BUSY_SHARE) ? this.#clocks.below(BUSY_MS_MAX) : 1
  }

  get limits(): OrchestratorLimits {
    return { ...ORCHESTRATOR_LIMITS, endedSagasMax: this.remembered, snapshotEvery: this.options.snapshotEvery ?? 0 }
  }

  /** Snapshots are not seen from outside. */
  #metricsWith(gauges: NotedGauges): Metrics {
    const count = (name: string, labels = {}) => {
      if (name.startsWith('kasaga_snapshot') && !name.includes('bytes'))
        this.faults.add([name, ...Object.values(labels)].join(' '))
    }
    return { count, gauge: (...said) => gauges.gauge(...said), observe() {} }
  }

  get ids(): { next: () => string } {
    return { next: () => `id-${++this.#ids}` }
  }

  /** Lets time pass, and stops at the first breach. */
  async go(ms: number): Promise<void> {
    const until = this.scheduler.now() + ms
    while (this.scheduler.now() < until && this.breaches.found.length === 0)
      await this.scheduler.clock.advance(Math.min(GO_MS, until - this.scheduler.now()))
  }

  /** Lets the limits that persons have set hold for a while, now that nothing fails: what waits must go on. */
  async goLimited(msMax: number): Promise<void> {
    const until = this.scheduler.now() + msMax
    const { held } = this.checks
    const isWaiting = () => held.look(this.crews.orchestrator.processes, this.gauges, this.breaches)
    await this.settle()
    while (isWaiting() && this.scheduler.now() < until && this.breaches.found.length === 0) await this.go(GO_MS)
  }

  /** Waits until whoever was paused, split off or killed is back. */
  async settle(): Promise<void> {
    await this.go(Math.max(0, this.#calmAt + SETTLE_MS - this.scheduler.now()))
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.schedule(ms, resolve)
    })
  }

  /** Whether all who decide know the next version. */
  get isNextKnown(): boolean {
    return this.nextCame && this.crews.orchestrator.processes.every((process) => !this.#old.has(process))
  }

  /** Faults end; clocks are right again. */
  calm(): void {
    this.#calmAt = this.scheduler.now()
    this.isFaulty = false
    this.network.isFaulty = false
    this.plans.faults.on = false
    for (const crew of Object.values(this.crews)) for (const process of crew.processes) process.clock.skewMs = 0
  }

  #befall(kind: ProcessKind, process: Process): void {
    const fault = this.draw.fault(kind, process)
    if (!fault) return
    this.scheduler.step(0, 'fault')
    this.faults.add(`${kind} ${fault}`)
    switch (fault) {
      case 'crash':
        if (process.probe instanceof OwnerProbe)
          for (const middle of process.probe.middle()) this.situations.came(middle)
        process.kill()
        return
      case 'pause':
        process.pause(this.draw.absence())
        return
      case 'split':
        process.split(this.draw.unawareMs())
        return
      case 'restart':
        if (kind !== 'client') void this.crews[kind].restart(process)
        return
      case 'jump': {
        const ms = this.draw.jumpMs()
        process.clock.skewMs = process.clock.skewMs === 0 ? ms : 0
        this.situations.came(ms > 0 ? 'jumpAhead' : 'jumpBack')
      }
    }
  }

  readonly #bootOrchestrator: Boot = async (process) => {
    const { broker, clock } = process
    if (!this.nextCame) this.#old.add(process)
    const gauges = new NotedGauges()
    this.gauges.set(process, gauges)
    const orchestrator = new Orchestrator({
      ...{ broker, clock, random: this.#jitter, ids: this.ids, log: noLog, metrics: this.#metricsWith(gauges) },
      definitions: this.nextCame ? this.plans.all : this.plans.first,
      topics: TOPICS,
      prefix: PREFIX,
      limits: this.limits,
    })
    await orchestrator.start()
    return () => orchestrator.stop()
  }

  readonly #bootParticipants: Boot = async (process) => {
    const services = participantsIn(this, process)
    for (const service of services) await service.start()
    return async () => {
      await Promise.all(services.map((service) => service.stop()))
    }
  }

  readonly #bootProjector: Boot = async (process) => {
    const { broker, clock } = process
    const projector = await Projector.start({
      ...{ broker, clock, log: noLog, metrics: noMetrics, projections: PROJECTIONS, onShorterLog: 'refuse' },
      ...{ writer: this.views.writerFor(process), topic: TOPICS.events, group: `${PREFIX}.projector.views` },
    })
    return () => projector.close()
  }

  /** A check that throws has found something. */
  #safely(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.breaches.add('crash', error instanceof Error ? `${error.stack}` : String(error))
    }
  }
}
