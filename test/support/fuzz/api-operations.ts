/** What the HTTP API says of itself, as far as requests are made of it, and whether a request is one of those that it says. */
import { Ajv, type ValidateFunction } from 'ajv'

export interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
}

export interface Operation {
  /** As HTTP has it. */
  readonly method: string
  /** With `{name}` where a parameter stands. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  /** Whether a body is one that the document takes. */
  readonly takesBody: (body: unknown) => boolean
  readonly takesParameter: (name: string, value: string) => boolean
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>
}

interface DocumentOperation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

/** All operations of an OpenAPI document. */
export function operationsOf(document: unknown): Operation[] {
  const { paths } = document as Document
  const ajv = new Ajv({ strict: false, formats: { 'date-time': true } })
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]): Operation => {
      const body = requestBody?.content['application/json']?.schema
      const checks = new Map(parameters.map(({ name, schema }) => [name, ajv.compile(schema)]))
      const takes: ValidateFunction | undefined = body && ajv.compile(body)
      return {
        method: method.toUpperCase(),
        path,
        parameters,
        body,
        takesBody: (value) => takes?.(value) === true,
        takesParameter: (name, value) => checks.get(name)?.(value) === true,
      }
    }),
  )
}
