/** A schema registry with Confluent's API: ids of our schemas, and codecs of the ids that records name. */
import registryPackage from '@kafkajs/confluent-schema-registry'
import { jsonLimitsFor, PAYLOAD_BYTES_MAX } from '../../message/claim.ts'
import { type Json, parseJson } from '../../message/json.ts'
import type { ValueSchema } from '../../ports/value-schemas.ts'
import { type AvroType, avroBytes, avroJson } from './avro-json.ts'
import { type RegistrySettings, schemaRegistry } from './registry-api.ts'
import { RegistrySubjects } from './registry-subjects.ts'
import { registryTrouble } from './registry-trouble.ts'

const { SchemaType, COMPATIBILITY } = registryPackage

/** How values of one id are written and read. */
export interface Codec {
  /** The payload of a frame; `undefined` when the value does not fit. */
  encode(text: string): Uint8Array | undefined
  /** JSON as bytes. @throws when the payload does not fit. */
  decode(payload: Uint8Array): Uint8Array
}

/** Trials and waits are the caller's: each question is asked once. */
export class RegistryClient {
  readonly #settings: RegistrySettings
  readonly #registry: ReturnType<typeof schemaRegistry>
  readonly #subjects: RegistrySubjects
  /** It has given a good answer: from then on it is believed when it says that it does not know an id. */
  #isProven = false

  constructor(settings: RegistrySettings) {
    this.#settings = settings
    this.#registry = schemaRegistry(settings)
    this.#subjects = new RegistrySubjects(settings)
  }

  /** Why the registry would not take the schema; it is asked, and nothing is written. `undefined`: it would, or does not say. */
  async refusalOf(schema: ValueSchema): Promise<string | undefined> {
    try {
      const kept = await this.#subjects.kept(schema.subject)
      if (!kept || kept.format !== schema.format) return undefined
      const { compatible, why } = await this.#subjects.verdict(schema, kept.version)
      return compatible
        ? undefined
        : `${schema.subject} may not follow on its version ${kept.version} there ${why}`.trim()
    } catch {
      // It is asked again when the schema is registered, and waited for then.
      return undefined
    }
  }

  /** @throws OperationalError see `RegistryCode`. */
  async idOf(schema: ValueSchema): Promise<number> {
    const { subject, text, format } = schema
    const { compatibility, register } = this.#settings
    const own = { type: format === 'avro' ? SchemaType.AVRO : SchemaType.JSON, schema: text } as never
    const level = COMPATIBILITY[compatibility]
    return this.#ask(`the schema of ${subject}`, true, async () =>
      register
        ? (await this.#registry.register(own, { subject, compatibility: level })).id
        : this.#registry.getRegistryIdBySchema(subject, own),
    )
  }

  /** @throws OperationalError see `RegistryCode`. */
  async codecOf(id: number): Promise<Codec> {
    const what = `the schema with id ${id}`
    if (id <= 0) throw registryTrouble({ status: 404, message: 'ids are positive' }, { what, write: false })
    const schema = await this.#ask(what, false, () => this.#registry.getSchema(id))
    return 'typeName' in schema ? avroCodec(schema as unknown as AvroType) : jsonCodec(schema as unknown as JsonCheck)
  }

  async #ask<T>(what: string, write: boolean, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask()
      this.#isProven = true
      return answer
    } catch (error) {
      const trouble = registryTrouble(error, { what, write })
      if (trouble.code === 'schema-unknown') await this.#prove()
      throw trouble
    }
  }

  /** What only says "not found" may be no registry at all. @throws OperationalError `registry-unreachable`. */
  async #prove(): Promise<void> {
    if (this.#isProven) return
    await this.#subjects.list()
    this.#isProven = true
  }
}

interface JsonCheck {
  isValid(value: unknown, options: { errorHook: (path: readonly string[], why: unknown) => void }): boolean
}

/** As where most is taken; whoever reads has limits of its own. */
const LIMITS = jsonLimitsFor({ valueBytesMax: 0, payloadBytesMax: PAYLOAD_BYTES_MAX })

function jsonCodec(schema: JsonCheck): Codec {
  return {
    encode: (text) => (faultsIn(schema, JSON.parse(text)).length === 0 ? Buffer.from(text) : undefined),
    decode(payload) {
      const parsed = parseJson(payload, LIMITS)
      // What is no JSON, or too much of it, is refused by name where it is read.
      if (parsed.kind === 'refused') return payload
      const faults = faultsIn(schema, parsed.value)
      if (faults.length > 0) throw new TypeError(faults.join('; '))
      return payload
    },
  }
}

/** The client calls everything valid when it has nowhere to tell the faults. */
function faultsIn(schema: JsonCheck, value: unknown): readonly string[] {
  const faults: string[] = []
  schema.isValid(value, { errorHook: (path, why) => void faults.push(`${path.join('')} ${String(why)}`.trim()) })
  return faults
}

function avroCodec(type: AvroType): Codec {
  return {
    encode: (text) => avroBytes(type, JSON.parse(text) as Json),
    decode: (payload) => Buffer.from(JSON.stringify(avroJson(type, payload))),
  }
}
