/** Contracts as files of JSON Schemas, by their paths: what is committed beside the code and compared before a deployment. */
import { asyncApi } from './async-api.ts'
import { DIALECT, inside, type JsonSchema, jsonSchemaOf, NULL } from './json-schema.ts'
import type { AnyCommand, WireContracts } from './wire-contracts.ts'

/** One file a command, with the schemas of its payload and its answer; one for the input of each saga. */
export function contractFiles({ commands, sagas }: WireContracts): Map<string, JsonSchema> {
  const files = new Map<string, JsonSchema>()
  for (const command of commands) files.set(`contracts/${command.type}.json`, ofCommand(command))
  for (const { name, version, input } of sagas) {
    const title = `input of ${name}, version ${version}`
    files.set(`sagas/${name}.v${version}.input.json`, { $schema: DIALECT, title, ...jsonSchemaOf(input) })
  }
  return files
}

function ofCommand({ type, input, output, rejects = [] }: AnyCommand): JsonSchema {
  const of = (part: string, schema: AnyCommand['input']) => inside(`${type}/${part}`, jsonSchemaOf(schema))
  const $defs = { input: of('input', input), output: output ? of('output', output) : NULL }
  return { $schema: DIALECT, title: type, 'x-rejects': rejects, $defs }
}

/** The same, and the AsyncAPI document of them. */
export function contractFilesWithDocument(contracts: WireContracts, title: string): Map<string, JsonSchema> {
  return contractFiles(contracts).set('asyncapi.json', asyncApi({ title, version: '1.0.0', contracts }))
}
