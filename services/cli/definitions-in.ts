/** Definitions that a module exports: as `Definitions`, in lists, or one by one. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../../shared/message/errors.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { CliFailure } from './failure.ts'

/** @throws CliFailure when the module cannot be loaded, or exports none. */
export async function loadDefinitions(path: string): Promise<Definitions> {
  let module: object
  try {
    module = await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    throw new CliFailure(2, 'no-module', { message: `${path} cannot be loaded: ${messageOf(error)}` })
  }
  return definitionsIn(module, path)
}

/** @throws CliFailure when there are none. */
export function definitionsIn(module: object, path: string): Definitions {
  const found = new Set(Object.values(module).flatMap(definitionsOf))
  if (found.size > 0) return new Definitions([...found])
  throw new CliFailure(2, 'no-definitions', { message: `${path} exports no definition of a saga` })
}

function definitionsOf(exported: unknown): readonly Definition[] {
  if (exported instanceof Definitions) return exported.all
  if (Array.isArray(exported)) return exported.flatMap(definitionsOf)
  return isDefinition(exported) ? [exported] : []
}

function isDefinition(value: unknown): value is Definition {
  if (typeof value !== 'object' || value === null) return false
  const { name, version, steps } = value as { name?: unknown; version?: unknown; steps?: unknown }
  return typeof name === 'string' && typeof version === 'number' && Array.isArray(steps)
}
