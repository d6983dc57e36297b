/** The command line's process: its streams and environment, and what its commands run. */
import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { pinoLog } from '../../shared/adapters/pino/pino-log.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { RebuildProgress } from '../../shared/ports/rebuild.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { StopSignal } from '../../shared/runtime/stop-signal.ts'
import { participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { reportText } from '../auditor/report-text.ts'
import { type DemoEnd, demo } from '../demo/main.ts'
import { examineGateway } from '../doctor/ask-gateway.ts'
import { examineHome } from '../doctor/home.ts'
import type { Home } from '../home.ts'
import { KAFKA_PARTITIONS, openKafkaHome } from '../kafka/home.ts'
import { liveSagasMaxFrom } from '../kafka/live-sagas-setting.ts'
import { payloadsFrom } from '../kafka/payload-settings.ts'
import { registryFrom } from '../kafka/registry-settings.ts'
import { kafkaSecurityFrom } from '../kafka/security-settings.ts'
import { brokersOf, isLogLevel } from '../kafka/settings.ts'
import { snapshotEveryFrom } from '../kafka/snapshot-setting.ts'
import { migrationOf } from '../migrations/home.ts'
import { openHome } from '../one-process/home.ts'
import { SHOP, startEverything } from '../one-process/main.ts'
import { definitions } from '../orders/definitions.ts'
import { checkPayloads } from '../payloads/payload-check.ts'
import { PROJECTIONS } from '../projector/home.ts'
import { detailAt, historyInExport, historyInHome, importInto, shadowInExport, shadowInHome } from '../replay/home.ts'
import { exportHome, type VerifyOptions, verifyExport, verifyHome } from '../verify/home.ts'
import { viewsOf } from '../views/home.ts'
import { clientOf } from './ask.ts'
import { checkCommand } from './commands/check.ts'
import { type ContractsRun, contractsCommand } from './commands/contracts.ts'
import { definitionCommand } from './commands/definition.ts'
import { type DemoCommandOptions, demoCommand } from './commands/demo.ts'
import { type DevCommandOptions, devCommand } from './commands/dev.ts'
import { diffCommand } from './commands/diff.ts'
import { type DoctorRun, doctorCommand } from './commands/doctor.ts'
import { drawCommand } from './commands/draw.ts'
import { type LogRun, logCommand } from './commands/log.ts'
import { migrateCommand, type WithMigration } from './commands/migrate.ts'
import { type PayloadsCommandOptions, payloadsCommand } from './commands/payloads.ts'
import { type RebuildRun, rebuildCommand } from './commands/rebuild.ts'
import { type HistoryRun, replayCommand } from './commands/replay.ts'
import type { HomeOptions } from './commands/run-options.ts'
import type { ShadowRun } from './commands/shadow.ts'
import { type TopicsCommandOptions, type TopicsRun, topicsCommand } from './commands/topics.ts'
import { type VerifyCommandOptions, verifyCommand } from './commands/verify.ts'
import { confirmed } from './confirmed.ts'
import { loadDefinitions } from './definitions-in.ts'
import { editedText } from './edited-text.ts'
import { loadContracts } from './load-contracts.ts'
import { createProgram, runProgram } from './program.ts'
import { rebuildText, runRebuild } from './rebuild-run.ts'
import { registryBreaks } from './registry-breaks.ts'
import { readSchemaFolder, writeSchemaFolder } from './schema-folder.ts'
import type { Surroundings } from './surroundings.ts'
import { progressLine } from './text/progress-line.ts'
import { progressText, type ReadSoFar } from './text/progress-text.ts'

const { env, stdout, stderr, stdin } = process
const level = env.KASAGA_LOG_LEVEL ?? 'warn'
const log: Log = pinoLog({ level: isLogLevel(level) ? level : 'warn' })
const stop = new StopSignal()
const kafkaSecurity = () => kafkaSecurityFrom(env)
const registry = () => registryFrom(env)
const payloads = () => payloadsFrom(env)
const limits = () => {
  return { ...ORCHESTRATOR_LIMITS, snapshotEvery: snapshotEveryFrom(env), liveSagasMax: liveSagasMaxFrom(env) }
}
const progress = progressLine(stderr, () => Date.now())

// Who reads the output may have seen enough (`kasaga history order-1 | head`): what they did not take is no trouble.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const editor = env.VISUAL || env.EDITOR || undefined

const around: Surroundings = {
  stdout,
  stderr,
  color: stdout.isTTY === true && env.NO_COLOR === undefined,
  ...(stdout.columns !== undefined && { columns: stdout.columns }),
  url: env.KASAGA_URL ?? 'http://127.0.0.1:7070',
  actor: env.KASAGA_ACTOR ?? userInfo().username,
  ids: systemIds,
  now: () => Date.now(),
  readFile: (path) => (path === '-' ? text(stdin) : readFile(path, 'utf8')),
  progress,
  ...(stdin.isTTY && stderr.isTTY && { confirm: (question) => confirmed(question, { stdin, stderr }) }),
  ...(stdin.isTTY && editor !== undefined && { editText: (text, name) => editedText(text, { name, editor }) }),
  stopping: () => {
    listenForSignals()
    return stop
  },
  writeFile,
}

/** The first signal drains, the second ends it at once. */
function listenForSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stop.stopped) process.exit(130)
      stop.stop()
    })
}

async function runDemo(options: DemoCommandOptions): Promise<DemoEnd> {
  listenForSignals()
  const out = (line: string) => {
    progress.clear()
    stdout.write(`${line}\n`)
  }
  const note = (line: string) => {
    progress.clear()
    stderr.write(`${line}\n`)
  }
  const { inFlight: inFlightMax, ...rest } = options
  const end = await demo(
    { ...rest, inFlightMax, kafkaSecurity, payloads, registry, limits: limits() },
    { out, note, progress: progress.show, log, stop },
  )
  progress.clear()
  return end
}

async function runDev(options: DevCommandOptions): Promise<void> {
  listenForSignals()
  const home = await openHome({ ...options, kafkaSecurity, payloads, registry }, log)
  try {
    const everything = await startEverything(home, options.prefix, { ...SHOP, limits: limits() })
    try {
      const { gateway } = await everything.open
      const { url } = await gateway.listen({ port: options.port })
      stdout.write(`API  ${url}/v1/sagas\nCtrl-C ends it\n`)
      const why = await Promise.race([stop.wait(), everything.halted])
      if (why) throw why
    } finally {
      await everything.stop()
    }
  } finally {
    await home.close()
  }
}

/** @param fromMs what is over before says nothing of its progress */
function showing(fromMs = 0): (far: ReadSoFar) => void {
  const began = Date.now()
  return (far) => {
    const elapsedMs = Date.now() - began
    if (elapsedMs >= fromMs) progress.show(progressText(far, elapsedMs))
  }
}

async function runVerify(options: VerifyCommandOptions): Promise<'clean' | 'violations'> {
  const { atRest, commands, participants, json, log: file } = options
  const how = { atRest, commands, ...(!participants && { participants: [] }), onProgress: showing() }
  const report = file === undefined ? await verified(options, how) : await verifyExport(file, how, log)
  progress.clear()
  stdout.write(json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`)
  return report.clean ? 'clean' : 'violations'
}

async function verified(options: VerifyCommandOptions, how: Omit<VerifyOptions, 'topics'>) {
  const home = await openHome({ ...options, kafkaSecurity, payloads, registry, mustExist: true }, log)
  try {
    const { writer, builds } = await home.views()
    await writer.prepare([])
    const outdated = await builds.outdated(PROJECTIONS)
    await writer.prepare(PROJECTIONS.filter((own) => !outdated.includes(own)))
    return await verifyHome(home, { ...how, topics: kasagaTopics(options.prefix) })
  } finally {
    await home.close()
  }
}

/** A look-up takes no longer, where the log is not very long. */
const LOOK_UP_MS = 1_000

/** Nothing of the home but its log is opened. */
async function withLog<T>(options: HomeOptions, work: (home: Home) => Promise<T>): Promise<T> {
  const home = await openHome({ ...options, kafkaSecurity, payloads, registry, mustExist: true, logOnly: true }, log)
  try {
    return await work(home)
  } finally {
    progress.clear()
    await home.close()
  }
}

const historyRun: HistoryRun = {
  detail: detailAt,
  history: async (id, { log: file, prefix, ...options }) => {
    const onProgress = showing(LOOK_UP_MS)
    if (file === undefined)
      return withLog({ ...options, prefix }, (home) => historyInHome(id, home, { prefix, onProgress }))
    const history = await historyInExport(id, file, { onProgress })
    progress.clear()
    return history
  },
}

const shadowRun: ShadowRun = {
  load: loadDefinitions,
  run: async (asked, { log: file, prefix, ...options }) => {
    const how = { ...asked, onProgress: showing(LOOK_UP_MS) }
    if (file === undefined) return withLog({ ...options, prefix }, (home) => shadowInHome(home, prefix, how))
    const report = await shadowInExport(file, how)
    progress.clear()
    return report
  },
}

const logRun: LogRun = {
  export: ({ file, commands, saga, ...options }) =>
    withLog(options, (home) =>
      exportHome(home, { file, commands, saga, prefix: options.prefix, onProgress: showing() }),
    ),
  import: async ({ file, dataDir }) => {
    const result = await importInto(dataDir, file, { onProgress: showing() })
    progress.clear()
    return result
  },
}

const withMigration: WithMigration = async ({ definition, options }, work) => {
  const { definitions: path, kafka, reason = '', timeout: waitMsMax } = options
  const known = path === undefined ? definitions : await loadDefinitions(path)
  const settings = { ...options, definition, definitions: known, reason, waitMsMax }
  const within = async (home: Home) => work(await migrationOf(home, settings))
  if (kafka !== undefined) return onKafka(options, within)
  const home = await openHome({ ...options, mustExist: true }, log)
  try {
    return await within(home)
  } finally {
    await home.close()
  }
}

async function runPayloads(options: PayloadsCommandOptions) {
  const home = await openHome({ ...options, kafkaSecurity, payloads, mustExist: true }, log)
  try {
    const { removeOrphans, read, prefix } = options
    const topics = topicSpecs(prefix, home, participantsOf(definitions)).map(({ name }) => name)
    const removeBefore = removeOrphans === undefined ? undefined : home.clock.now() - removeOrphans
    return await checkPayloads({ ...home, topics, read, removeBefore })
  } finally {
    await home.close()
  }
}

const rebuildRun: RebuildRun = async (view, options) => {
  const began = Date.now()
  const home = await openHome({ ...options, kafkaSecurity, payloads, registry, mustExist: true }, log)
  try {
    const onProgress = (far: RebuildProgress) => progress.show(rebuildText(far, Date.now() - began))
    return await runRebuild(await viewsOf(home, { prefix: options.prefix, onProgress }), view, options)
  } finally {
    progress.clear()
    await home.close()
  }
}

const doctorRun: DoctorRun = async (options) => {
  const { dataDir, kafka, databaseUrl, prefix } = options
  if (dataDir === undefined && kafka === undefined && databaseUrl === undefined)
    return examineGateway(clientOf(options), () => Date.now())
  const open = () => openHome({ ...options, kafkaSecurity, payloads, registry, mustExist: true }, log)
  return examineHome({ prefix, definitions, dataDir, openHome: open })
}

const topicsRun: TopicsRun = {
  apply: (options) =>
    onKafka(options, async (home) => {
      const specs = specsOf(options)
      await home.broker.createTopics(specs)
      return specs
    }),
  check: (options) =>
    onKafka(options, async (home) => {
      const wanted = specsOf(options)
      return { wanted, found: await home.broker.describeTopics(wanted.map(({ name }) => name)) }
    }),
}

function specsOf({ prefix, partitions = KAFKA_PARTITIONS }: TopicsCommandOptions) {
  return topicSpecs(prefix, { partitions, participantPartitions: partitions }, participantsOf(definitions))
}

async function onKafka<T>(
  { kafka = env.KASAGA_KAFKA }: Pick<TopicsCommandOptions, 'kafka'>,
  work: (home: Home) => Promise<T>,
): Promise<T> {
  if (kafka === undefined)
    throw new OperationalError('bad-setting', 'name the brokers: --kafka host:port, or KASAGA_KAFKA', {
      where: 'settings',
      retriable: false,
    })
  const home = await openKafkaHome({
    kafka: { ...kafkaSecurity(), brokers: brokersOf(kafka), clientId: 'kasaga' },
    databaseUrl: undefined,
    log,
  })
  try {
    return await work(home)
  } finally {
    await home.close()
  }
}

const askRegistry: ContractsRun['askRegistry'] = async (url, contracts) => {
  const choice = registryFrom({ ...env, KASAGA_REGISTRY_URL: url })
  if (!choice) return []
  const { RegistrySubjects } = await import('../../shared/adapters/registry/registry-subjects.ts')
  return registryBreaks(new RegistrySubjects(choice.settings), contracts, choice.format)
}

const program = createProgram(around, [
  demoCommand(runDemo),
  devCommand(runDev),
  verifyCommand(runVerify),
  logCommand(logRun),
  replayCommand(historyRun),
  diffCommand(historyRun),
  topicsCommand(topicsRun),
  migrateCommand(withMigration),
  payloadsCommand(runPayloads),
  rebuildCommand(rebuildRun),
  checkCommand(definitions),
  doctorCommand(doctorRun),
  drawCommand(definitions),
  definitionCommand(definitions, shadowRun),
  contractsCommand({ load: loadContracts, read: readSchemaFolder, write: writeSchemaFolder, askRegistry }),
])
const code = await runProgram(program, process.argv.slice(2), around)
process.exitCode = stop.stopped && code !== 0 ? 130 : code
