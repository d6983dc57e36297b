/** From data and code back to a definition. */
import type { ZodType } from 'zod'
import { stepPath } from '../../message/step-path.ts'
import type { AttributeSpecs } from '../attributes.ts'
import type { Branch, Definition, Mapping, Migration, Plan, PlannedCommand, StepDefinition } from '../definition.ts'
import { childName, type DefinitionCode, type MigrationCode } from '../definition-data.ts'
import { lockBody } from '../lock-step.ts'
import { NOTHING } from '../plain-schema.ts'
import { sorted } from '../plan-graph.ts'
import type {
  BranchData,
  ChildStepData,
  CommandData,
  CommandStepData,
  DefinitionData,
  PlanData,
  SendingData,
  SignalStepData,
  SleepStepData,
  StepData,
} from './data-types.ts'

/** What is wrong with a definition's data, and where: `ship.label.timeoutMs`. */
export interface DataFault {
  readonly path: string
  readonly message: string
}

/**
 * The definition that the data describes, with steps in an order in which each comes after those it depends on. Names
 * that the code does not have are faults; the definition is then good for looking at its plan, not for running.
 */
export function build(data: DefinitionData, code: DefinitionCode): { definition: Definition; faults: DataFault[] } {
  const builder = new PlanBuilder(code)
  const { name, version, deadlineMs, attributes, priority, compensation, migratesFrom } = data
  const definition: Definition = {
    name,
    version,
    input: builder.schema(data.input, 'input'),
    deadlineMs,
    ...(attributes && { attributes: builder.attributes(attributes) }),
    ...(priority !== undefined && { priority }),
    compensation,
    ...(migratesFrom && { migrations: builder.migrations(migratesFrom) }),
    steps: builder.steps(data, ''),
    output: builder.mapping(data.output, 'output'),
  }
  return { definition, faults: builder.faults }
}

class PlanBuilder {
  readonly faults: DataFault[] = []
  readonly #code: DefinitionCode

  constructor(code: DefinitionCode) {
    this.#code = code
  }

  mapping(name: string, path: string): Mapping {
    const found = this.#code.mappings.get(name)
    return found ?? this.#miss({ what: 'mapping', name, path }, notThere(name))
  }

  schema(name: string, path: string): ZodType {
    return this.#code.schemas.get(name) ?? this.#miss({ what: 'schema', name, path }, NOTHING)
  }

  attributes(data: NonNullable<DefinitionData['attributes']>): AttributeSpecs {
    const entries = Object.entries(data)
    return Object.fromEntries(
      entries.map(([name, { from, ...said }]) => [name, { ...said, from: this.mapping(from, `attributes.${name}`) }]),
    )
  }

  migrations(data: NonNullable<DefinitionData['migratesFrom']>): Migration[] {
    return Object.entries(data).map(([from, { by, renames = {}, keeps = [] }]) => {
      const code = by === undefined ? {} : this.#way(by, `migratesFrom.${from}.by`)
      return { from: Number(from), ...code, renames, keeps }
    })
  }

  /** Without its code nobody comes over by it. */
  #way(name: string, path: string): MigrationCode {
    const map = () => {
      throw new TypeError(`there is no migration ${name}`)
    }
    return this.#code.migrations?.get(name) ?? this.#miss({ what: 'migration', name, path }, { map })
  }

  steps({ steps }: PlanData, path: string): StepDefinition[] {
    return sorted(steps).map((step) => this.#step(step, path === '' ? step.name : stepPath(path, step.name)))
  }

  #step(step: StepData, path: string): StepDefinition {
    const { name, kind, after, needs } = step
    const place = { name, kind, after, needs, when: this.#maybe(step.when, `${path}.when`) }
    switch (step.type) {
      case 'command':
        return { ...place, type: step.type, ...this.#command(step, path) }
      case 'child':
        return { ...place, type: step.type, ...this.#child(step, path), byHand: undefined }
      case 'lock': {
        const resource = this.mapping(step.resource, `${path}.resource`)
        return { ...place, ...lockBody(resource, { permits: step.permits, timeout: step.timeoutMs }, kind) }
      }
      case 'local':
        return { ...place, type: step.type, compute: this.mapping(step.compute, `${path}.compute`) }
      case 'sleep':
        return { ...place, type: step.type, until: this.#end(step, path) }
      case 'signal':
        return { ...place, type: step.type, ...this.#wait(step, path) }
      case 'parallel':
        return { ...place, type: step.type, enough: step.enough, branches: this.#branches(step.branches, path) }
      case 'choose':
      case 'attempt':
        return { ...place, type: step.type, branches: this.#branches(step.branches, path) }
      case 'each': {
        const { parallelMax, tolerated } = step
        const items = this.mapping(step.items, `${path}.items`)
        return { ...place, type: step.type, items, body: this.#plan(step, path), parallelMax, tolerated }
      }
      case 'repeat': {
        const { roundsMax, atLimit } = step
        const until = this.mapping(step.until, `${path}.until`)
        return { ...place, type: step.type, body: this.#plan(step, path), until, roundsMax, atLimit }
      }
    }
  }

  #plan(plan: PlanData, path: string): Plan {
    return { steps: this.steps(plan, path), output: this.#maybe(plan.output, `${path}.output`) }
  }

  #branches(branches: readonly BranchData[], block: string): Branch[] {
    return branches.map((branch) => {
      const path = `${block}[${branch.name}]`
      return { name: branch.name, plan: this.#plan(branch, path), when: this.#maybe(branch.when, `${path}.when`) }
    })
  }

  #command(step: CommandStepData, path: string) {
    const { command, undo, byHand, irreversible } = step
    const forward = this.#sent(command, step, path)
    return { forward, undo: this.#undo(undo, path), byHand, ...(irreversible && { irreversible }) }
  }

  #child(step: ChildStepData, path: string) {
    const { child, waits, id, undo } = step
    const forward = this.#sent(childName(child), step, path)
    return { forward, undo: this.#undo(undo, path), child, waits, id: this.#maybe(id, `${path}.id`) }
  }

  #undo(undo: CommandData | undefined, path: string): PlannedCommand | undefined {
    return undo && this.#sent(undo.command, undo, `${path}.undo`)
  }

  #sent(
    name: string,
    { payload, timeoutMs, takeUpMs, progressMs, totalMs, limitBy, retry }: SendingData,
    path: string,
  ): PlannedCommand {
    const standIn = { participant: '', name, type: name, input: NOTHING }
    const known = this.#code.commands.get(name)
    const command = known ?? this.#miss({ what: 'command', name, path: `${path}.command` }, standIn)
    const times = {
      timeoutMs,
      ...(takeUpMs !== undefined && { takeUpMs }),
      ...(progressMs !== undefined && { progressMs }),
      ...(totalMs !== undefined && { totalMs }),
    }
    const key = limitBy === undefined ? {} : { limitBy: this.mapping(limitBy, `${path}.limitBy`) }
    return { command, map: this.mapping(payload, `${path}.payload`), retry, ...times, ...key }
  }

  #wait({ signal: name, payload, deadlineMs, onDeadline, approval }: SignalStepData, path: string) {
    return { signal: { name, payload: this.schema(payload, `${path}.payload`) }, deadlineMs, onDeadline, approval }
  }

  #end({ durationMs, until }: SleepStepData, path: string): number | Mapping {
    return until === undefined ? (durationMs ?? 0) : this.mapping(until, `${path}.until`)
  }

  #maybe(name: string | undefined, path: string): Mapping | undefined {
    return name === undefined ? undefined : this.mapping(name, path)
  }

  /** Notes a name that the code does not have; what stands in for it has the plan looked at, and cannot be run. */
  #miss<V>({ what, name, path }: { what: string; name: string; path: string }, standIn: V): V {
    this.faults.push({ path, message: `there is no ${what} ${JSON.stringify(name)}` })
    return standIn
  }
}

function notThere(name: string): Mapping {
  return () => {
    throw new TypeError(`there is no mapping ${name}`)
  }
}
