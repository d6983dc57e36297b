/** What an installation says on the wire, gathered from its definitions and its participants' contracts. */
import type { Command } from '../saga/contract.ts'
import type { Definition, Definitions, Plan } from '../saga/definition.ts'
import { isBlock, plansInside } from '../saga/plan-tree.ts'

export type AnyCommand = Command<unknown, unknown>

export interface WireContracts {
  /** Each `ce_type` once, in order. */
  readonly commands: readonly AnyCommand[]
  /** Each name and version once, in order. */
  readonly sagas: readonly Definition[]
}

/** @throws TypeError when two of one name have different schemas: which one is on the wire would depend on who writes. */
export function wireContracts(commands: readonly AnyCommand[], sagas: readonly Definition[] = []): WireContracts {
  const all = [...commands, ...sagas.flatMap(commandsIn)]
  return {
    commands: onceEach(all, ({ type }) => type),
    sagas: onceEach(sagas, ({ name, version }) => `${name} version ${version}`),
  }
}

/** The contracts of sagas, and of the participants that they send commands to. */
export function contractsOf(definitions: Definitions): WireContracts {
  return wireContracts([], definitions.all)
}

function onceEach<T extends { readonly input: unknown; readonly output?: unknown }>(
  all: readonly T[],
  nameOf: (one: T) => string,
): T[] {
  const known = new Map<string, T>()
  for (const one of all) {
    const other = known.get(nameOf(one))
    if (other && (other.input !== one.input || other.output !== one.output))
      throw new TypeError(`there are two different ${nameOf(one)}`)
    known.set(nameOf(one), one)
  }
  return [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** The commands of participants in a plan, those of its blocks too. Children are asked by the name of their definition. */
function commandsIn({ steps }: Plan): AnyCommand[] {
  return steps.flatMap((step) => {
    if (isBlock(step)) return plansInside(step).flatMap(({ plan }) => commandsIn(plan))
    if (step.type !== 'command') return []
    return [step.forward.command, ...(step.undo ? [step.undo.command] : [])]
  })
}
