/** What a registry's newest schemas, and its own rules, say to contracts that are about to be deployed. */
import type { KeptSchema, RegistrySubjects } from '../../shared/adapters/registry/registry-subjects.ts'
import { type BreakingChange, inputBreaks, outputBreaks } from '../../shared/contracts/breaking-changes.ts'
import type { JsonSchema } from '../../shared/contracts/json-schema.ts'
import { valueSchemas } from '../../shared/contracts/value-schemas.ts'
import type { WireContracts } from '../../shared/contracts/wire-contracts.ts'
import { messageOf } from '../../shared/message/errors.ts'
import type { ValueFormat, ValueSchema, ValueSchemas } from '../../shared/ports/value-schemas.ts'
import { CliFailure } from './failure.ts'

type Subjects = Pick<RegistrySubjects, 'kept' | 'levelOf' | 'verdict'>

/** A subject that is new breaks nothing. @throws OperationalError where the registry does not answer. */
export async function registryBreaks(
  subjects: Subjects,
  contracts: WireContracts,
  format: ValueFormat,
): Promise<readonly BreakingChange[]> {
  const found: BreakingChange[] = []
  for (const schema of schemasIn(contracts, format).all) {
    const kept = await subjects.kept(schema.subject)
    if (kept) found.push(...(await breaksOf(subjects, schema, kept)))
  }
  return found
}

function schemasIn(contracts: WireContracts, format: ValueFormat): ValueSchemas {
  try {
    return valueSchemas(contracts, format)
  } catch (error) {
    throw new CliFailure(2, 'bad-format', { message: messageOf(error) })
  }
}

async function breaksOf(subjects: Subjects, schema: ValueSchema, kept: KeptSchema): Promise<readonly BreakingChange[]> {
  const whole = (message: string): BreakingChange => ({ contract: schema.subject, part: 'whole', path: '', message })
  if (kept.format !== schema.format)
    return [whole(`the registry has it as ${kept.format}, and this would be ${schema.format}`)]
  const named = schema.format === 'json' ? namedBreaks(schema, kept) : []
  if (named.length > 0) return named
  const level = await subjects.levelOf(schema.subject)
  // Transitive: held against all that were ever kept. A version that was deleted is none.
  const oldest = level.endsWith('_TRANSITIVE') ? 1 : kept.version
  for (let version = kept.version; version >= oldest; version--) {
    const { compatible, why } = await subjects.verdict(schema, version)
    if (!compatible)
      return [whole(`the registry refuses it after its version ${version}, ${level}${why === '' ? '' : `: ${why}`}`)]
  }
  return []
}

function namedBreaks({ subject, text }: ValueSchema, kept: KeptSchema): readonly BreakingChange[] {
  const [before, after] = [openedIn(kept.text), openedIn(text)]
  const contract = subject.replace(/\.(reply|input)$/, '')
  return subject.endsWith('.reply') ? outputBreaks(contract, before, after) : inputBreaks(contract, before, after)
}

/** In a registry objects are closed for its rules' sake; readers here ignore what they do not know. */
function openedIn(text: string): JsonSchema {
  return opened(JSON.parse(text)) as JsonSchema
}

function opened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(opened)
  if (typeof schema !== 'object' || schema === null) return schema
  const parts = Object.entries(schema).filter(([key, part]) => key !== 'additionalProperties' || part !== false)
  return Object.fromEntries(parts.map(([key, part]) => [key, opened(part)]))
}
