/** A plan that a command is about: one that this program knows, or one in a file. */
import { faultText, readPlan } from '../../shared/client/definition-file.ts'
import type { Definition, Definitions } from '../../shared/saga/definition.ts'
import { CliFailure } from './failure.ts'
import { jsonOption } from './json-option.ts'
import type { Surroundings } from './surroundings.ts'

/** How such an argument is told in `--help`. */
export const PLAN_ARGUMENT = 'a definition (fulfil-order, fulfil-order@1), or a file (./plan.json, -)'

const KNOWN = /^(?<name>[a-z][A-Za-z0-9-]{0,63})(?:@(?<version>[1-9]\d{0,8}))?$/

/** The definition that is meant; one from a file can be looked at, not be run. */
export async function planArgument(given: string, definitions: Definitions, around: Surroundings): Promise<Definition> {
  const groups = KNOWN.exec(given)?.groups
  if (groups) return knownDefinition(definitions, groups.name ?? '', groups.version && Number(groups.version))
  const read = readPlan(await jsonOption(given, `@${given}`, around))
  if (read.kind === 'ok') return read.definition
  throw new CliFailure(1, 'unsound', {
    message: `${given} is no sound definition: ${read.faults[0] ? faultText(read.faults[0]) : ''}`,
    next: `See all that is wrong with: kasaga definition check ${given}`,
  })
}

/** One of the program's own. */
export function knownDefinition(definitions: Definitions, name: string, version?: number | '' | undefined): Definition {
  const definition = definitions.find(name, version === '' ? undefined : version)
  if (definition) return definition
  const known = definitions.all.map((one) => `${one.name}@${one.version}`).join(', ')
  const asked = version ? `${name}@${version}` : name
  throw new CliFailure(1, 'unknown-definition', {
    message: `there is no definition ${asked}`,
    next:
      known === '' ? 'This program knows none' : `Known: ${known}; a file is named with a dot or a slash: ./${name}`,
  })
}
