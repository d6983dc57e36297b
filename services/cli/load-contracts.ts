/** The definitions and contracts that a module of the user exports, by whatever names. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyCommand, type WireContracts, wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { messageOf } from '../../shared/message/errors.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { CliFailure } from './failure.ts'

interface Found {
  readonly commands: AnyCommand[]
  readonly sagas: Definition[]
}

/** How deep exports are looked into: a list of contracts, a record of commands. */
const DEPTH_MAX = 3

/** @throws CliFailure when the module cannot be loaded, exports nothing of the kind, or two different ones of a name. */
export async function loadContracts(path: string): Promise<WireContracts> {
  const found: Found = { commands: [], sagas: [] }
  try {
    const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(resolve(path)).href)
    for (const value of Object.values(exported)) gather(value, found, 0)
  } catch (error) {
    throw new CliFailure(2, 'no-module', { message: `${path} cannot be loaded: ${messageOf(error)}` })
  }
  if (found.commands.length + found.sagas.length === 0)
    throw new CliFailure(2, 'no-contracts', {
      message: `${path} exports neither definitions nor contracts`,
      next: 'export what saga(), new Definitions() or participant() gives',
    })
  try {
    return wireContracts(found.commands, found.sagas)
  } catch (error) {
    throw new CliFailure(2, 'two-contracts', { message: messageOf(error) })
  }
}

function gather(value: unknown, found: Found, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return
  if (isCommand(value)) found.commands.push(value)
  else if (isDefinition(value)) found.sagas.push(value)
  else if ('all' in value) gather(value.all, found, depth + 1)
  else for (const part of Object.values(value)) gather(part, found, depth + 1)
}

function hasSchema(value: object): boolean {
  return 'input' in value && typeof value.input === 'object' && value.input !== null && '_zod' in value.input
}

function isCommand(value: object): value is AnyCommand {
  return 'type' in value && 'participant' in value && hasSchema(value)
}

function isDefinition(value: object): value is Definition {
  return 'steps' in value && Array.isArray(value.steps) && 'version' in value && hasSchema(value)
}
