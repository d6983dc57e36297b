/** `kasaga topics apply|check`: what must exist on Kafka before anything runs. */
import type { TopicDescription, TopicSpec } from '../../../shared/ports/broker.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import type { HomeOptions } from './run-options.ts'

export interface TopicsCommandOptions extends Pick<HomeOptions, 'kafka' | 'prefix'> {
  readonly partitions?: number
  readonly json: boolean
}

export interface TopicsRun {
  /** Makes what is missing; throws an `OperationalError` when one is there with another number of partitions. */
  apply(options: TopicsCommandOptions): Promise<readonly TopicSpec[]>
  check(options: TopicsCommandOptions): Promise<{ wanted: readonly TopicSpec[]; found: readonly TopicDescription[] }>
}

const HELP = `
The brokers are those of --kafka, else of KASAGA_KAFKA; the number of partitions cannot be changed later, because keys
would move.

Example:
  kasaga topics apply --kafka 127.0.0.1:9092 --partitions 12`

export function topicsCommand(run: TopicsRun): CliCommand {
  return (program, around) => {
    const topics = program.command('topics').description('Make or check the topics on Kafka.')
    const sub = (name: string, description: string, act: (options: TopicsCommandOptions) => Promise<void>) =>
      topics
        .command(name)
        .description(description)
        .option('--kafka <host:port>', 'brokers, several separated by commas')
        .option('--prefix <name>', 'prefix of the topics', 'kasaga')
        .option('--partitions <n>', 'of the co-partitioned topics; 12 unless told otherwise', whole(1, 10_000))
        .option('--json', 'print JSON', false)
        .addHelpText('after', HELP)
        .action(act)
    sub('apply', 'Make the topics that are missing.', async (options) => {
      const specs = await run.apply(options)
      if (options.json) around.stdout.write(`${JSON.stringify({ topics: specs.map(plainSpec) })}\n`)
      else for (const spec of specs) around.stdout.write(`${spec.name}  ${spec.partitions} partitions\n`)
    })
    sub('check', 'Say whether they are there, as they should be.', async (options) => {
      const { wanted, found } = await run.check(options)
      const results = wanted.map((spec) => resultOf(spec, found))
      tell(results, options, around)
      if (results.some(({ state }) => state !== 'ok'))
        throw new CliFailure(1, 'topics-differ', {
          message: 'the topics are not as they should be',
          next: 'kasaga topics apply makes those that are missing',
        })
    })
  }
}

interface TopicResult {
  readonly topic: string
  readonly wanted: number
  readonly found: number | null
  readonly state: 'ok' | 'missing' | 'other-partitions'
}

function resultOf(spec: TopicSpec, found: readonly TopicDescription[]): TopicResult {
  const own = found.find(({ name }) => name === spec.name)
  const state = !own ? 'missing' : own.partitions === spec.partitions ? 'ok' : 'other-partitions'
  return { topic: spec.name, wanted: spec.partitions, found: own?.partitions ?? null, state }
}

function tell(results: readonly TopicResult[], { json }: TopicsCommandOptions, { stdout }: Surroundings): void {
  if (json) stdout.write(`${JSON.stringify({ topics: results })}\n`)
  else
    for (const { topic, wanted, found, state } of results)
      stdout.write(`${topic}  ${state}  ${found ?? 0} of ${wanted} partitions\n`)
}

function plainSpec({ name, partitions }: TopicSpec) {
  return { topic: name, partitions }
}
