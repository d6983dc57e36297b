/**
 * A definition as JSON: what can be written down, compared with the next version, and drawn, without running any of it.
 * Every function has a name made of its place, so that plan and code can part and meet again: `charge.payload`,
 * `charge.undo`, `parcels.label.payload` inside an `each`, `book[hotel].reserve.when` inside a branch, `output` at the end.
 */
import type { ZodType } from 'zod'
import { stepPath } from '../message/step-path.ts'
import type { Command } from './contract.ts'
import type { DefinitionData, PlanData, StepData } from './data/data-types.ts'
import type {
  Branch,
  ChildStep,
  CommandStep,
  Definition,
  Mapping,
  Plan,
  PlannedCommand,
  SleepStep,
  StepDefinition,
} from './definition.ts'

/** The code of a definition, under the names that its data has for it. */
export interface DefinitionCode {
  readonly mappings: ReadonlyMap<string, Mapping>
  /** Under their types: `payment.charge.v1`. */
  readonly commands: ReadonlyMap<string, Command<unknown, unknown>>
  /** `input`, and `signal <name>` for what a signal brings. */
  readonly schemas: ReadonlyMap<string, ZodType>
}

/** The plan of a definition as plain JSON, and nothing of its code. */
export function definitionData(definition: Definition): DefinitionData {
  return written(definition).data
}

/** The code that `definitionData` left out: with both, `definitionFrom` makes a definition that behaves the same. */
export function mappingsOf(definition: Definition): DefinitionCode {
  return written(definition).code
}

function written(definition: Definition): { data: DefinitionData; code: DefinitionCode } {
  const { name, version, input, deadlineMs, compensation, output, steps } = definition
  const writer = new PlanWriter()
  const data: DefinitionData = {
    name,
    version,
    input: writer.schema('input', input, ''),
    ...(deadlineMs !== undefined && { deadlineMs }),
    compensation,
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

  mapping(name: string, map: Mapping): string {
    this.mappings.set(name, map)
    return name
  }

  schema(name: string, schema: ZodType, path: string): string {
    return keep(this.schemas, name, { value: schema, path })
  }

  step(step: StepDefinition, path: string): StepData {
    const { name, kind, after, needs, when } = step
    const place = { name, kind, after, needs, ...(when && { when: this.mapping(`${path}.when`, when) }) }
    switch (step.type) {
      case 'command':
        return { ...place, type: step.type, ...this.#sending(step, path), ...this.#byHand(step) }
      case 'child':
        return { ...place, type: step.type, ...this.#child(step, path), ...this.#sending(step, path) }
      case 'local':
        return { ...place, type: step.type, compute: this.mapping(`${path}.compute`, step.compute) }
      case 'sleep':
        return { ...place, type: step.type, ...this.#end(step, path) }
      case 'signal': {
        const { signal, deadlineMs, onDeadline, approval } = step
        const payload = this.schema(`signal ${signal.name}`, signal.payload, path)
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

  #sending({ forward, undo }: CommandStep | ChildStep, path: string) {
    const there = this.#command(forward, `${path}.payload`, path)
    return undo ? { ...there, undo: this.#command(undo, `${path}.undo`, path) } : there
  }

  #command({ command, map, timeoutMs, retry }: PlannedCommand, name: string, path: string) {
    const type = keep(this.commands, command.type, { value: command, path })
    return { command: type, payload: this.mapping(name, map), timeoutMs, retry }
  }

  #child({ child: { definition, version }, id, waits }: ChildStep, path: string) {
    return { child: { definition, version }, waits, ...(id && { id: this.mapping(`${path}.id`, id) }) }
  }

  #byHand({ byHand }: CommandStep): { readonly byHand?: string } {
    return byHand === undefined ? {} : { byHand }
  }

  #end({ until }: SleepStep, path: string) {
    return typeof until === 'number' ? { durationMs: until } : { until: this.mapping(`${path}.until`, until) }
  }
}

/** Keeps a value under its name; another one of the same name, which is rare, gets the place that it is for beside it. */
function keep<V>(kept: Map<string, V>, name: string, { value, path }: { value: V; path: string }): string {
  const free = (kept.get(name) ?? value) === value
  const own = free ? name : `${name} of ${path}`
  kept.set(own, value)
  return own
}
