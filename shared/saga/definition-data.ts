/**
 * A definition as JSON: what can be written down, compared with the next version, and drawn, without running any of it.
 * Every function has a name made of its place, so that plan and code can part and meet again: `charge.payload`,
 * `charge.undo`, `parcels.label.payload` inside an `each`, `book[hotel].reserve.when` inside a branch, `output` at the end.
 */
import type { ZodType } from 'zod'
import { stepPath } from '../message/step-path.ts'
import type { AttributeSpecs } from './attributes.ts'
import type { Command } from './contract.ts'
import type {
  AttributeData,
  CommandData,
  DefinitionData,
  MigrationData,
  PlanData,
  SendingData,
  StepData,
} from './data/data-types.ts'
import type {
  Branch,
  ChildPlan,
  ChildStep,
  CommandStep,
  Definition,
  Mapping,
  Migration,
  Plan,
  PlannedCommand,
  SleepStep,
  StepDefinition,
} from './definition.ts'

/** The code of a definition, under the names that its data has for it. */
export interface DefinitionCode {
  readonly mappings: ReadonlyMap<string, Mapping>
  /** Under their types: `payment.charge.v1`; the one that starts a child saga is `child pay-order@2`. */
  readonly commands: ReadonlyMap<string, Command<unknown, unknown>>
  /** `input`, and `<path>.payload` for what the signal brings that a step waits for. */
  readonly schemas: ReadonlyMap<string, ZodType>
  /** How sagas of another version come over, under `migratesFrom[<version>]`. Absent: none needs code. */
  readonly migrations?: ReadonlyMap<string, MigrationCode>
}

export type MigrationCode = Pick<Migration, 'map' | 'old'>

/** The plan of a definition as plain JSON, and nothing of its code. */
export function definitionData(definition: Definition): DefinitionData {
  return written(definition).data
}

/** The code that `definitionData` left out: with both, `definitionFrom` makes a definition that behaves the same. */
export function mappingsOf(definition: Definition): DefinitionCode {
  return written(definition).code
}

/** The name of the command that starts a child: it takes what that child takes. */
export function childName({ definition, version }: ChildPlan): string {
  return `child ${definition}@${version}`
}

function written(definition: Definition): { data: DefinitionData; code: DefinitionCode } {
  const { name, version, input, deadlineMs, attributes, priority, compensation, output, steps, migrations } = definition
  const writer = new PlanWriter()
  const data: DefinitionData = {
    name,
    version,
    input: writer.schema('input', input),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(attributes && { attributes: writer.attributes(attributes) }),
    ...(priority !== undefined && { priority }),
    compensation,
    ...(migrations && { migratesFrom: writer.migratesFrom(migrations) }),
    steps: steps.map((step) => writer.step(step, step.name)),
    output: writer.mapping('output', output),
  }
  return { data, code: writer }
}

/** Goes through a plan once, and keeps each function that it gives a name. */
class PlanWriter implements DefinitionCode {
  readonly mappings = new Map<string, Mapping>()
  readonly commands = new Map<string, Command<unknown, unknown>>()
  readonly schemas = new Map<string, ZodType>()
  readonly migrations = new Map<string, MigrationCode>()

  mapping(name: string, map: Mapping): string {
    this.mappings.set(name, map)
    return name
  }

  schema(name: string, schema: ZodType): string {
    this.schemas.set(name, schema)
    return name
  }

  /** Under `input.<name>`, as no step can be named, or `<step>.attributes[<name>]`: no path of a step is followed by nothing but a key. */
  attributes(specs: AttributeSpecs): NonNullable<DefinitionData['attributes']> {
    const entries = Object.entries(specs).map(([name, { type, of, from }]): [string, AttributeData] =>
      of === undefined
        ? [name, { type, from: this.mapping(`input.${name}`, from) }]
        : [name, { type, of, from: this.mapping(`${of}.attributes[${name}]`, from) }],
    )
    return Object.fromEntries(entries)
  }

  migratesFrom(migrations: readonly Migration[]): NonNullable<DefinitionData['migratesFrom']> {
    const entries = migrations.map(({ from, map, old, renames, keeps }): [string, MigrationData] => {
      const by = `migratesFrom[${from}]`
      const code = { ...(map && { map }), ...(old && { old }) }
      const hasCode = map !== undefined || old !== undefined
      if (hasCode) this.migrations.set(by, code)
      const named = Object.keys(renames).length > 0
      return [String(from), { ...(hasCode && { by }), ...(named && { renames }), ...(keeps.length > 0 && { keeps }) }]
    })
    return Object.fromEntries(entries)
  }

  step(step: StepDefinition, path: string): StepData {
    const { name, kind, after, needs, when } = step
    const place = { name, kind, after, needs, ...(when && { when: this.mapping(`${path}.when`, when) }) }
    switch (step.type) {
      case 'command':
        return { ...place, type: step.type, ...this.#command(step, path) }
      case 'child':
        return { ...place, type: step.type, ...this.#child(step, path) }
      case 'lock': {
        const { permits, forward } = step
        const resource = this.mapping(`${path}.resource`, step.resource)
        return { ...place, type: step.type, resource, permits, timeoutMs: forward.timeoutMs ?? 0 }
      }
      case 'local':
        return { ...place, type: step.type, compute: this.mapping(`${path}.compute`, step.compute) }
      case 'sleep':
        return { ...place, type: step.type, ...this.#end(step, path) }
      case 'signal': {
        const { signal, deadlineMs, onDeadline, approval } = step
        const payload = this.schema(`${path}.payload`, signal.payload)
        const limits = { ...(deadlineMs !== undefined && { deadlineMs }), onDeadline, ...(approval && { approval }) }
        return { ...place, type: step.type, signal: signal.name, payload, ...limits }
      }
      case 'parallel':
        return { ...place, type: step.type, enough: step.enough, branches: this.#branches(step.branches, path) }
      case 'choose':
      case 'attempt':
        return { ...place, type: step.type, branches: this.#branches(step.branches, path) }
      case 'each': {
        const { parallelMax, tolerated, body } = step
        const items = this.mapping(`${path}.items`, step.items)
        return { ...place, type: step.type, items, parallelMax, tolerated, ...this.#plan(body, path) }
      }
      case 'repeat': {
        const { roundsMax, atLimit, body } = step
        const until = this.mapping(`${path}.until`, step.until)
        return { ...place, type: step.type, until, roundsMax, atLimit, ...this.#plan(body, path) }
      }
    }
  }

  #plan({ steps, output }: Plan, path: string): PlanData {
    const inner = steps.map((step) => this.step(step, stepPath(path, step.name)))
    return { steps: inner, ...(output && { output: this.mapping(`${path}.output`, output) }) }
  }

  #branches(branches: readonly Branch[], block: string) {
    return branches.map(({ name, when, plan }) => {
      const path = `${block}[${name}]`
      return { name, ...(when && { when: this.mapping(`${path}.when`, when) }), ...this.#plan(plan, path) }
    })
  }

  #command(step: CommandStep, path: string) {
    const { forward, undo, byHand, irreversible } = step
    return {
      command: this.#type(forward.command, path),
      ...this.#sent(forward, path, 'payload'),
      ...(undo && { undo: this.#undo(undo, path) }),
      ...(byHand !== undefined && { byHand }),
      ...(irreversible && { irreversible }),
    }
  }

  #child({ child, forward, undo, id, waits }: ChildStep, path: string) {
    this.commands.set(childName(child), forward.command)
    return {
      child: { definition: child.definition, version: child.version },
      ...this.#sent(forward, path, 'payload'),
      ...(id && { id: this.mapping(`${path}.id`, id) }),
      waits,
      ...(undo && { undo: this.#undo(undo, path) }),
    }
  }

  #undo(undo: PlannedCommand, path: string): CommandData {
    return { command: this.#type(undo.command, `${path}.undo`), ...this.#sent(undo, path, 'undo') }
  }

  #sent(
    { map, command: _command, limitBy, ...limits }: PlannedCommand,
    path: string,
    as: 'payload' | 'undo',
  ): SendingData {
    const key = limitBy && this.mapping(as === 'undo' ? `${path}.undo.limitBy` : `${path}.limitBy`, limitBy)
    return { payload: this.mapping(`${path}.${as}`, map), ...limits, ...(key !== undefined && { limitBy: key }) }
  }

  /** A command's type; where another command has it, which is rare, with the place that it is for. */
  #type(command: Command<unknown, unknown>, path: string): string {
    const { type, input, output } = command
    const known = this.commands.get(type) ?? command
    const name = known.input === input && known.output === output ? type : `${type} of ${path}`
    this.commands.set(name, name === type ? known : command)
    return name
  }

  #end({ until }: SleepStep, path: string) {
    return typeof until === 'number' ? { durationMs: until } : { until: this.mapping(`${path}.until`, until) }
  }
}
