/** A schema registry with Confluent's API: ids of our schemas, and codecs of the ids that records name. */
import { Agent } from 'node:https'
import registryPackage from '@kafkajs/confluent-schema-registry'
import { jsonLimitsFor, PAYLOAD_BYTES_MAX } from '../../message/claim.ts'
import { messageOf, OperationalError } from '../../message/errors.ts'
import { type Json, parseJson } from '../../message/json.ts'
import type { ValueSchema } from '../../ports/value-schemas.ts'
import { type AvroType, avroBytes, avroJson } from './avro-json.ts'
import { registryTrouble } from './registry-trouble.ts'

const { SchemaRegistry, SchemaType, COMPATIBILITY } = registryPackage

export type Compatibility = keyof typeof COMPATIBILITY

export interface RegistrySettings {
  /** `http://...` or `https://...`, with the path of the API where it has one; no name or password in it. */
  readonly url: string
  readonly auth?: { readonly username: string; readonly password: string } | undefined
  /** Authorities to trust instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Set on subjects that are new; those that are there must have it. */
  readonly compatibility: Compatibility
  /** Whether schemas are registered, or must be there already. */
  readonly register: boolean
}

const REQUEST_MS = 5_000

/** How values of one id are written and read. */
export interface Codec {
  /** The payload of a frame; `undefined` when the value does not fit. */
  encode(text: string): Uint8Array | undefined
  /** JSON as bytes. @throws when the payload does not fit. */
  decode(payload: Uint8Array): Uint8Array
}

/** As middlewares of the client's client have it. */
interface AnyRequest {
  enhance(extras: { readonly timeout: number }): AnyRequest
}

const limited = () => ({ request: async (request: AnyRequest) => request.enhance({ timeout: REQUEST_MS }) })

/** The client of the registry's API. */
export function schemaRegistry({ url, auth, ca }: RegistrySettings): InstanceType<typeof SchemaRegistry> {
  return new SchemaRegistry(
    {
      host: url.replace(/\/+$/, ''),
      retry: { retries: 0 },
      ...(auth && { auth }),
      ...(ca !== undefined && { agent: new Agent({ ca }) }),
      middlewares: [limited as never],
    },
    // Schemas of others may be of newer drafts; formats and unknown words are left to contracts.
    { [SchemaType.JSON]: { strict: false, validateFormats: false, validateSchema: false, logger: false } },
  )
}

/** Trials and waits are the caller's: each question is asked once. */
export class RegistryClient {
  readonly #settings: RegistrySettings
  readonly #registry: InstanceType<typeof SchemaRegistry>
  /** It has given a good answer: from then on it is believed when it says that it does not know an id. */
  #isProven = false

  constructor(settings: RegistrySettings) {
    this.#settings = settings
    this.#registry = schemaRegistry(settings)
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
    const schema = await this.#ask(`the schema with id ${id}`, false, () => this.#registry.getSchema(id))
    return 'typeName' in schema ? avroCodec(schema as unknown as AvroType) : jsonCodec(schema as unknown as JsonCheck)
  }

  async #ask<T>(what: string, write: boolean, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask()
      this.#isProven = true
      return answer
    } catch (error) {
      const trouble = registryTrouble(error, { what, write })
      if (trouble.code !== 'schema-unknown' || this.#isProven) throw trouble
      const message = `${what}: ${messageOf(error)}; it has not answered anything else yet, so its URL may be wrong`
      throw new OperationalError('registry-unreachable', message, { where: 'registry', retriable: true, cause: error })
    }
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
