/**
 * The processes of the installation, each in a place of its own.
 *
 *     up ── it ends by itself ──▶ noted, started again ; up ── taken by a fault ──▶ whatever the fault does ── given back ──▶ up
 *
 * A fault takes a place for itself, so that no two work on the same process. A process that ends without being told to is
 * started again, as any supervisor does.
 */

import { type LogLine, type ServiceName, ServiceProcess } from '../../support/kafka-home/fleet.ts'
import type { Installation, Surroundings } from '../../support/kafka-home/fresh-installation.ts'
import type { Door } from './servers.ts'

export interface PlaceOf {
  readonly name: string
  readonly service: ServiceName
  readonly surroundings: Surroundings
  /** The door that it comes in by; absent: it goes past them. */
  readonly door?: Door['name']
}

/** A process ended that nobody had told to. */
export interface Ended {
  readonly place: string
  readonly at: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It had said that it runs. */
  readonly ran: boolean
  readonly lastLine: string
}

const LOOK_MS = 250
const START_AGAIN_MS = 1_000
const RUNNING_WITHIN_MS = 240_000

export class Place {
  readonly name: string
  readonly service: ServiceName
  readonly door: Door['name'] | undefined
  readonly #surroundings: Surroundings
  /** All that have been here, the last one now. */
  readonly processes: ServiceProcess[] = []
  taken = false
  startAgainAt: number | undefined

  constructor({ name, service, surroundings, door }: PlaceOf) {
    this.door = door
    this.name = name
    this.service = service
    this.#surroundings = surroundings
  }

  get now(): ServiceProcess {
    const last = this.processes.at(-1)
    if (!last) throw new Error(`${this.name} has not been started`)
    return last
  }

  /** It has said that it runs, and is there. */
  get runs(): boolean {
    return this.now.alive && this.now.lines.some(({ msg }) => msg === 'running')
  }

  /** Where it answers HTTP; `undefined` until it has said so. */
  get url(): string | undefined {
    for (const { msg, url, host, port } of this.now.lines) {
      if (msg === 'the API answers') return String(url)
      if (msg === 'health and metrics answer') return `http://${host}:${port}`
    }
    return undefined
  }

  start(): void {
    this.startAgainAt = undefined
    this.processes.push(new ServiceProcess(this.service, this.#surroundings, { KASAGA_PORT: '0' }))
  }
}

export class Roster {
  readonly places: readonly Place[]
  readonly ended: Ended[] = []
  readonly #watch: NodeJS.Timeout

  constructor(places: readonly PlaceOf[]) {
    this.places = places.map((place) => new Place(place))
    for (const place of this.places) place.start()
    this.#watch = setInterval(() => this.#look(), LOOK_MS)
  }

  of(...services: readonly ServiceName[]): readonly Place[] {
    return this.places.filter(({ service }) => services.includes(service))
  }

  /** Those that run and that no fault is at. */
  free(...services: readonly ServiceName[]): readonly Place[] {
    return this.of(...services).filter((place) => !place.taken && place.runs)
  }

  /** Waits until every process has said that it runs, and has not ended since. */
  async allRun(): Promise<void> {
    const until = Date.now() + RUNNING_WITHIN_MS
    for (;;) {
      const missing = this.places.filter((place) => !place.runs)
      if (missing.length === 0) return
      if (Date.now() > until)
        throw new Error(`${missing.map(({ name }) => name).join(', ')} did not run within ${RUNNING_WITHIN_MS} ms`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** What all processes have logged at or above a level, of each with its place. */
  *lines(level: number): Generator<LogLine & { readonly place: string }> {
    for (const place of this.places)
      for (const { lines } of place.processes)
        for (const line of lines) if (line.level >= level) yield { ...line, place: place.name }
  }

  /** What was written that is no log line. */
  get raw(): readonly { readonly place: string; readonly text: string }[] {
    return this.places.flatMap(({ name, processes }) =>
      processes.flatMap(({ raw }) => raw.map((text) => ({ place: name, text }))),
    )
  }

  /** Leaves nothing running. */
  async end(): Promise<void> {
    clearInterval(this.#watch)
    await Promise.all(this.places.flatMap(({ processes }) => processes.map((one) => one.end('SIGKILL'))))
  }

  #look(): void {
    for (const place of this.places) {
      if (place.taken || place.now.alive) continue
      if (place.startAgainAt === undefined) {
        place.startAgainAt = Date.now() + START_AGAIN_MS
        this.#note(place)
      } else if (Date.now() >= place.startAgainAt) place.start()
    }
  }

  #note(place: Place): void {
    const { now, name } = place
    const { code = null, signal = null } = now.ended ?? {}
    const last = now.raw.at(-1) ?? JSON.stringify(now.lines.at(-1) ?? '')
    const ran = now.lines.some(({ msg }) => msg === 'running')
    this.ended.push({ place: name, at: Date.now(), code, signal, ran, lastLine: last })
  }
}

interface Ways {
  readonly direct: Installation
  readonly a: Installation
  readonly b: Installation
}

/** Three orchestrators, two of each participant, two projectors, one gateway; one orchestrator is not behind a door. */
export function placesOf({ direct, a, b }: Ways, logFolder: string): readonly PlaceOf[] {
  const pairs: readonly ServiceName[] = ['inventory', 'payment', 'shipping', 'projector']
  const at = { a, b }
  const place = (service: ServiceName, number: number, door?: Door['name']): PlaceOf => ({
    name: `${service}-${number}`,
    service,
    surroundings: { ...(door ? at[door] : direct), logFolder },
    ...(door && { door }),
  })
  return [
    place('orchestrator', 1, 'a'),
    place('orchestrator', 2, 'b'),
    place('orchestrator', 3),
    ...pairs.flatMap((service) => [place(service, 1, 'a'), place(service, 2, 'b')]),
    place('gateway', 1, 'b'),
  ]
}
