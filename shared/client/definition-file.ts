/** Definitions that come as JSON, from a file or from another program: checked whole before anything is made of them. */
import { migrationFaults } from '../saga/check-migrations.ts'
import { planFaults } from '../saga/check-plan.ts'
import { build, type DataFault } from '../saga/data/build.ts'
import type { Definition } from '../saga/definition.ts'
import type { DefinitionCode } from '../saga/definition-data.ts'
import { readShape } from './definition-shape.ts'

const FAULTS_TOLD_MAX = 20

export type ReadDefinition =
  | { readonly kind: 'ok'; readonly definition: Definition }
  | { readonly kind: 'refused'; readonly faults: readonly DataFault[] }

const NO_CODE: DefinitionCode = { mappings: new Map(), commands: new Map(), schemas: new Map() }

/**
 * Looks at a definition's data without its code: its shape, and then its graph. What it makes can be drawn, compared and
 * hashed, and not be run. `json` is what `parseJson` gives, which bounds how deep it nests.
 */
export function readPlan(json: unknown): ReadDefinition {
  const read = readShape(json)
  if ('faults' in read) return { kind: 'refused', faults: read.faults }
  const { definition } = build(read.data, NO_CODE)
  return resultOf(definition, faultsOf(definition))
}

/** Makes a definition of its data and its code. Names that the code does not have are faults. No mapping is run. */
export function readDefinition(json: unknown, code: DefinitionCode): ReadDefinition {
  const read = readShape(json)
  if ('faults' in read) return { kind: 'refused', faults: read.faults }
  const { definition, faults } = build(read.data, code)
  return resultOf(definition, [...faultsOf(definition), ...faults])
}

function faultsOf(definition: Definition): DataFault[] {
  const ways = migrationFaults({ ...definition, output: undefined })
  return [...planFaults(definition).map(inFilesWords), ...ways.map((message) => ({ path: 'migratesFrom', message }))]
}

function resultOf(definition: Definition, faults: readonly DataFault[]): ReadDefinition {
  return faults.length === 0 ? { kind: 'ok', definition } : { kind: 'refused', faults }
}

/** A body's steps are named without a key, as its mappings are: `parcels.label`. */
function inFilesWords({ path, message }: DataFault): DataFault {
  return { path: path.replaceAll('[]', ''), message }
}

/** The same. @throws TypeError that tells every fault with its place. */
export function definitionFrom(json: unknown, code: DefinitionCode): Definition {
  const read = readDefinition(json, code)
  if (read.kind === 'ok') return read.definition
  throw new TypeError(`not a definition: ${read.faults.slice(0, FAULTS_TOLD_MAX).map(faultText).join('; ')}`)
}

/** `ship.label.timeoutMs: expected number, received string` */
export function faultText({ path, message }: DataFault): string {
  return path === '' ? message : `${path}: ${message}`
}
