/** Contracts as JSON Schemas, made of the zod schemas that both sides check with. */
import { type ZodType, z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>>

/** What files of schemas are in: the newest draft. Registries and AsyncAPI read draft 7. */
export type Draft = 'draft-2020-12' | 'draft-7'

export const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
export const DRAFT_7 = 'http://json-schema.org/draft-07/schema#'

/** Any JSON. */
export const ANY: JsonSchema = {}
/** What a reply without an output carries. */
export const NULL: JsonSchema = { type: 'null' }

/** As a sender may write it: what more it says is ignored, so contracts can grow. */
export function jsonSchemaOf(schema: ZodType<unknown>, target: Draft = 'draft-2020-12'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target })
  return rest
}

/** A schema that stands inside another document: where it refers to parts of its own, it is named so that they are found. */
export function inside(id: string, schema: JsonSchema): JsonSchema {
  return JSON.stringify(schema).includes('"$ref":"#') ? { $id: id, ...schema } : schema
}

/** Value of a rejected, failed or fatal reply. */
export const ERROR_BODY: JsonSchema = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' }, details: { description: 'any JSON' } },
  required: ['code', 'message'],
}
