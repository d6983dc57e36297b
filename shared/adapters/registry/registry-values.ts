/**
 * Values in a registry's wire format: written with the ids of our schemas, read by the ids that they name.
 *
 * An id or a codec is unknown -> known, for good; or unknown -> refused, for a while. Where the registry does not answer
 * it stays unknown: one trial after another is made, ever more seldom, until it does or this is closed. Whoever needs it
 * waits. So an outage costs time, and never a record.
 */
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { LogRecord, NewRecord } from '../../message/record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { ValueSchema, ValueSchemas } from '../../ports/value-schemas.ts'
import { framed, isFramed, openFrame } from './frame.ts'
import type { Codec, RegistryClient } from './registry-client.ts'

export interface RegistryParts {
  readonly client: Pick<RegistryClient, 'idOf' | 'codecOf' | 'refusalOf'>
  readonly schemas: ValueSchemas
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics | undefined
}

const RETRY_DELAY_MIN_MS = 200
const RETRY_DELAY_MAX_MS = 10_000
/** How long an id that the registry does not know is not asked for again. */
const REFUSED_MS = 30_000
/** Ids that are remembered as unknown. */
const REFUSED_MAX = 1_000
/** How long the start waits to hear whether the contracts are taken. */
export const PREPARE_MS = 5_000

interface Writer {
  readonly id: number
  readonly codec: Codec
}

export class RegistryValues {
  readonly #parts: RegistryParts
  readonly #writers = new Map<string, Writer>()
  readonly #codecs = new Map<number, Codec>()
  readonly #refused = new Map<string, { readonly error: OperationalError; readonly until: number }>()
  readonly #asking = new Map<string, Promise<void>>()
  /** What a trial has failed for, and another one will be made. */
  readonly #waiting = new Set<string>()
  readonly #unframed = new Set<string>()
  /** Framed values, by the JSON that was made of them. */
  readonly #originals = new WeakMap<Uint8Array, Uint8Array>()
  #onRefusedContract: () => void = () => {}
  #isClosed = false
  #wake: () => void = () => {}
  readonly #closed = new Promise<void>((resolve) => {
    this.#wake = resolve
  })

  constructor(parts: RegistryParts) {
    this.#parts = parts
  }

  /** Whether nothing waits for the registry. */
  get ready(): boolean {
    return this.#waiting.size === 0
  }

  /**
   * Has all our schemas taken. A registry that does not answer in time is waited for later.
   * @throws OperationalError `contract-refused` when it answers that it will not take one.
   */
  async prepare(): Promise<void> {
    const { schemas, client } = this.#parts
    const { all } = schemas
    // All are asked about before one is written: of a contract that is refused nothing is left behind.
    let refusals: (string | undefined)[] = []
    const asked = Promise.all(all.map((schema) => client.refusalOf(schema))).then((told) => {
      refusals = told
    })
    await this.#pause(PREPARE_MS, asked)
    const told = refusals.filter((refusal) => refusal !== undefined)
    if (told.length > 0) throw refusedContract(told.join('; '))
    const refused = new Promise<void>((resolve) => {
      this.#onRefusedContract = resolve
    })
    const known = Promise.all(all.map((schema) => this.#writer(schema)))
    await this.#pause(PREPARE_MS, Promise.race([refused, known]))
    for (const { subject } of all) {
      const refused = this.#refused.get(subject)
      if (refused) throw refused.error
    }
  }

  /** Those that cannot be written yet, because the registry has not told the id of their schema. */
  missing(records: readonly NewRecord[]): readonly ValueSchema[] {
    const wanted = records.flatMap((record) => this.#schemaOf(record) ?? [])
    return [...new Set(wanted)].filter(({ subject }) => !this.#writers.has(subject))
  }

  /** Asks until all are known. Settles also when this is closed. */
  async learn(schemas: readonly ValueSchema[]): Promise<void> {
    await Promise.race([this.#closed, Promise.all(schemas.map((schema) => this.#writer(schema)))])
  }

  /**
   * The record as it is stored. What does not fit its schema, and what has none, goes as plain JSON: the reader holds it
   * against the contract, and says what is wrong with it.
   */
  encode(record: NewRecord): NewRecord {
    const schema = this.#schemaOf(record)
    const writer = schema && this.#writers.get(schema.subject)
    if (!schema || !writer || typeof record.value !== 'string') return record
    const payload = writer.codec.encode(record.value)
    if (!payload) return this.#plain(schema, record)
    const value = framed(writer.id, payload)
    return { ...record, value, headers: schema.format === 'avro' ? asAvro(record.headers) : record.headers }
  }

  /** The record with its value as JSON, or with what is wrong with it; `undefined` when the registry must be asked first. */
  decode(record: LogRecord): LogRecord | undefined {
    if (!isFramed(record.value)) return record
    const frame = openFrame(record.value)
    if (!frame) return faulty(record, 'schema-mismatch', 'the value is cut short: no schema id and payload')
    const codec = this.#codecs.get(frame.id)
    if (codec) return this.#opened(record, frame.payload, codec)
    const refused = this.#refusedNow(idKey(frame.id))
    return refused && faulty(record, 'unknown-schema', refused.message)
  }

  /** A dead letter gets back the value that its record came with. */
  asTheyCame(record: NewRecord): NewRecord {
    const original = record.value instanceof Uint8Array ? this.#originals.get(record.value) : undefined
    return original ? { ...record, value: original } : record
  }

  /** Asks until the record can be decoded. Settles also when this is closed. */
  async learnId({ value }: LogRecord): Promise<void> {
    const id = isFramed(value) ? openFrame(value)?.id : undefined
    if (id !== undefined && !this.#codecs.has(id)) await Promise.race([this.#closed, this.#codec(id)])
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
    this.#wake()
  }

  #schemaOf(record: NewRecord): ValueSchema | undefined {
    return typeof record.value === 'string' ? this.#parts.schemas.of(record.headers) : undefined
  }

  #opened(record: LogRecord, payload: Uint8Array, codec: Codec): LogRecord {
    try {
      const value = codec.decode(payload)
      if (record.value) this.#originals.set(value, record.value)
      return withValue(record, value)
    } catch (error) {
      const why = messageOf(error).slice(0, 500)
      return faulty(record, 'schema-mismatch', `the value does not fit the schema that it names: ${why}`)
    }
  }

  #plain({ subject }: ValueSchema, record: NewRecord): NewRecord {
    this.#parts.metrics?.count('kasaga_registry_unframed_total', { subject })
    if (!this.#unframed.has(subject)) {
      this.#unframed.add(subject)
      this.#parts.log.warn('a value does not fit its schema in the registry; such values go as plain JSON', { subject })
    }
    return record
  }

  #writer(schema: ValueSchema): Promise<void> {
    return this.#known(schema.subject, async () => {
      const id = await this.#parts.client.idOf(schema)
      const codec = await this.#parts.client.codecOf(id)
      this.#codecs.set(id, codec)
      this.#writers.set(schema.subject, { id, codec })
    })
  }

  #codec(id: number): Promise<void> {
    return this.#known(idKey(id), async () => {
      this.#codecs.set(id, await this.#parts.client.codecOf(id))
    })
  }

  /** One question at a time for each thing that is to be known. */
  #known(key: string, ask: () => Promise<void>): Promise<void> {
    const asking = this.#asking.get(key) ?? this.#askUntilKnown(key, ask).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  async #askUntilKnown(key: string, ask: () => Promise<void>): Promise<void> {
    for (let trial = 0; !this.#isClosed; trial++) {
      const error = await ask().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      if (error === undefined) return this.#note(key, undefined)
      const trouble = error instanceof OperationalError ? error : bug(error)
      if (!trouble.retriable) this.#refuse(key, trouble)
      // An id that it does not know will not come; a contract that it refuses may be let in by a person.
      if (trouble.code === 'schema-unknown' || trouble.code === 'schema-unusable') return this.#note(key, undefined)
      this.#note(key, trouble)
      await this.#pause(Math.min(RETRY_DELAY_MAX_MS, RETRY_DELAY_MIN_MS * 2 ** Math.min(trial, 10)))
    }
  }

  /** So long, or until it is over or this is closed; no timer is left behind. */
  async #pause(delayMs: number, over: Promise<unknown> = this.#closed): Promise<void> {
    let cancel = () => {}
    const time = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.schedule(delayMs, resolve)
    })
    await Promise.race([time, over, this.#closed])
    cancel()
  }

  /** One line when waiting begins, one when it is over. */
  #note(key: string, trouble: OperationalError | undefined): void {
    if (this.#isClosed) return
    const { log, metrics } = this.#parts
    const before = this.#waiting.size
    if (trouble) this.#waiting.add(key)
    else this.#waiting.delete(key)
    if (before === 0 && trouble)
      log.error('the schema registry does not give what is needed; what needs it waits', {
        code: trouble.code,
        error: trouble.message,
      })
    if (before > 0 && this.#waiting.size === 0) log.info('the schema registry gives again what is needed')
    metrics?.gauge('kasaga_registry_waiting', this.#waiting.size)
  }

  #refuse(key: string, error: OperationalError): void {
    const oldest = this.#refused.keys().next()
    if (this.#refused.size >= REFUSED_MAX && !oldest.done) this.#refused.delete(oldest.value)
    this.#refused.set(key, { error, until: this.#parts.clock.now() + REFUSED_MS })
    if (error.code === 'contract-refused') this.#onRefusedContract()
  }

  #refusedNow(key: string): OperationalError | undefined {
    const refused = this.#refused.get(key)
    if (refused && refused.until > this.#parts.clock.now()) return refused.error
    this.#refused.delete(key)
    return undefined
  }
}

function refusedContract(message: string): OperationalError {
  return new OperationalError('contract-refused', message, { where: 'registry', retriable: false })
}

function idKey(id: number): string {
  return `#${id}`
}

function bug(error: unknown): OperationalError {
  return new OperationalError('registry-unreachable', messageOf(error), {
    where: 'registry',
    retriable: true,
    cause: error,
  })
}

function asAvro(headers: NewRecord['headers']): NewRecord['headers'] {
  return headers.map(([name, value]) => [name, name === 'content-type' ? 'application/avro' : value] as const)
}

function faulty(record: LogRecord, fault: 'unknown-schema' | 'schema-mismatch', message: string): LogRecord {
  return { ...withValue(record, record.value), unread: { fault, message } }
}

/** Field by field: a record that was read may be one that is decoded as it is asked, which has none of its own. */
function withValue(
  { topic, partition, offset, timestamp, key, headers }: LogRecord,
  value: LogRecord['value'],
): LogRecord {
  return { topic, partition, offset, timestamp, key, value, headers }
}
