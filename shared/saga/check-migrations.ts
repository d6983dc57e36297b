/** What is wrong with the ways that a definition says from other versions of it. */
import type { Definition, Migration } from './definition.ts'
import { isBlock, stepNamed } from './plan-tree.ts'

type Checked = Pick<Definition, 'name' | 'version' | 'steps' | 'migrations'> & { readonly output: undefined }

/** Each fault in words; none: all of them can be tried. */
export function migrationFaults(definition: Checked): readonly string[] {
  const { migrations = [] } = definition
  const twice = migrations.find(({ from }, i) => migrations.findIndex((other) => other.from === from) !== i)
  const faults = migrations.flatMap((migration) => [
    ...versionFaults(definition, migration),
    ...renameFaults(definition, migration),
  ])
  return twice ? [...faults, `there are two ways from version ${twice.from}`] : faults
}

function versionFaults({ name, version }: Checked, { from, old }: Migration): string[] {
  if (old && old.name !== name) return [`${old.name} is no version of ${name}`]
  if (!Number.isInteger(from) || from < 1) return [`it migrates from version ${from}; versions count from 1`]
  return from === version ? [`it migrates from version ${from}, which it is`] : []
}

function renameFaults(plan: Checked, { from, renames }: Migration): string[] {
  const targets = Object.values(renames)
  return Object.entries(renames).flatMap(([old, name]) => {
    const where = `from version ${from}, ${old} is named ${name}`
    const step = stepNamed(plan, name)
    if (!step) return [`${where}, and there is no such step`]
    if (isBlock(step)) return [`${where}, which is a block: blocks keep their names`]
    if (stepNamed(plan, old))
      return [`${where}, and ${old} is the name of another step: participants would take one for the other`]
    return targets.filter((other) => other === name).length > 1 ? [`${where}, and so is another step`] : []
  })
}
