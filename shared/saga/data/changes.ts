/** How two plans differ, field by field. */
import { canonicalJson, type Json } from '../../message/json.ts'
import { asJson, canonicalData } from './canonical.ts'
import type { BranchData, DefinitionData, StepData } from './data-types.ts'

/** One difference between two plans: where, and what stands there in each; `undefined`: nothing. */
export interface DefinitionChange {
  readonly kind: 'added' | 'removed' | 'changed'
  /** A step's or branch's path when it came or went, else that of the field: `ship.label.timeoutMs`, `charge.after`. */
  readonly path: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** The definition itself, or a step or a branch in it. */
type Part = DefinitionData | BranchData | StepData
type Fields = { readonly [field: string]: Json }

/**
 * What differs between two plans; nothing when they are the same, whatever order they are written in. Name and version
 * are not compared. A step or branch that only one of them has is one change, with all that is in it.
 */
export function changesBetween(before: DefinitionData, after: DefinitionData): readonly DefinitionChange[] {
  const sequential = before.compensation === 'sequential' && after.compensation === 'sequential'
  return new Comparison(sequential).of('', canonicalData(before), canonicalData(after))
}

class Comparison {
  readonly #sequential: boolean

  /** @param sequential undoing goes by the order of the steps in both plans */
  constructor(sequential: boolean) {
    this.#sequential = sequential
  }

  /** A part that both have: its own fields, the order of what is in it, and what is in it. */
  of(path: string, before: Part, after: Part): DefinitionChange[] {
    const own = differences(path, ownFields(before), ownFields(after))
    return [...own, ...this.#order(path, before, after), ...this.#inside(path, before, after)]
  }

  #inside(path: string, before: Part, after: Part): DefinitionChange[] {
    const [old, now] = [partsIn(before, path), partsIn(after, path)]
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((inner) => {
      const [one, other] = [old.get(inner), now.get(inner)]
      return one && other ? this.of(inner, one, other) : differences(inner, one && asJson(one), other && asJson(other))
    })
  }

  /** The order of what both have, where it says something: branches that are asked in turn, steps whose undos are. */
  #order(path: string, before: Part, after: Part): DefinitionChange[] {
    const inTurn = 'type' in before && (before.type === 'choose' || before.type === 'attempt')
    if (!inTurn && !this.#sequential) return []
    const [old, now] = [[...partsIn(before, path).keys()], [...partsIn(after, path).keys()]]
    const [one, other] = [old.filter((inner) => now.includes(inner)), now.filter((inner) => old.includes(inner))]
    return differences(joined(path, 'branches' in before ? 'branches' : 'steps'), one, other)
  }
}

/** The steps or branches that stand in a part, by their paths. */
function partsIn(part: Part, path: string): ReadonlyMap<string, Part> {
  if ('branches' in part) return new Map(part.branches.map((branch) => [`${path}[${branch.name}]`, branch]))
  return new Map('steps' in part ? part.steps.map((step) => [joined(path, step.name), step]) : [])
}

function ownFields(part: Part): Fields {
  const { name: _name, version: _version, steps: _steps, branches: _branches, ...fields } = asJson(part) as Fields
  return fields
}

function differences(path: string, before: Json | undefined, after: Json | undefined): DefinitionChange[] {
  if (isRecord(before) && isRecord(after)) {
    const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return fields.flatMap((field) => differences(joined(path, field), before[field], after[field]))
  }
  if (textOf(before) === textOf(after)) return []
  return [{ kind: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed', path, before, after }]
}

function isRecord(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: Json | undefined): string {
  return value === undefined ? '' : canonicalJson(value)
}

function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}
