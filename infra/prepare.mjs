/**
 * Sees to it that the repository can run here: a Node that runs TypeScript, and the dependencies.
 *
 * Both are brought once and left alone while they fit. An installation that was interrupted leaves its mark behind and
 * is redone from nothing, because npm takes a package whose files are half there for installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { withInstallLock } from './install-lock.mjs'
import { ended, spawnTied } from './launch.mjs'

/** The Node that is brought where the installed one is too old. */
export const pinnedNode = '24.21.0'
const stampFile = join('node_modules', '.kasaga-installed')

/** What went wrong while preparing, in words for the user. */
export class PrepareError extends Error {
  /** Whether npm was cut off in the middle, so that what it leaves cannot be trusted. */
  interrupted = false
}

const tell = (line) => process.stderr.write(`kasaga: ${line}\n`)
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Whether a Node of this version has what the code needs: types stripped by default, node:sqlite without a flag. */
export function suits(version, typescript) {
  const [major, minor] = version.split('.').map(Number)
  return Boolean(typescript) && (major === 22 ? minor >= 22 : major >= 24)
}

function npmScript() {
  const given = process.env.npm_execpath
  if (given && /npm-cli\.c?js$/.test(given)) return given
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'))
  const candidates = [...onPath, join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')]
  for (const path of candidates) {
    if (!existsSync(path)) continue
    const real = realpathSync(path)
    if (/\.c?js$/.test(real)) return real
  }
  throw new PrepareError('npm was not found; install Node.js with npm, version 20 or later')
}

async function npmInstall(node, folder, flags) {
  const args = [npmScript(), 'install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  // npm's output goes to stderr: stdout belongs to the command that the user asked for.
  const end = await ended(spawnTied(node, [...args, ...flags], { cwd: folder, stdio: ['ignore', 2, 2] }))
  if (end.code === 0) return
  const how = end.signal ?? `exit code ${end.code}`
  const failure = new PrepareError(`npm install in ${folder} failed (${how}); its words are above`)
  failure.interrupted = end.code === null
  throw failure
}

/** Installs with a mark that stays when it does not come to its end. */
async function installMarked(folder, mark, install) {
  if (existsSync(mark)) {
    tell('an earlier installation was interrupted; starting it afresh')
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
  }
  writeFileSync(mark, '')
  try {
    await install()
  } catch (error) {
    // npm that fails on its own has put back what was there.
    if (error instanceof PrepareError && !error.interrupted) rmSync(mark)
    throw error
  }
  rmSync(mark)
}

function broughtNode(runtime) {
  const manifest = join(runtime, 'node_modules/node/package.json')
  const binary = join(runtime, 'node_modules/node/bin/node')
  if (existsSync(join(runtime, 'installing-node')) || !existsSync(binary) || !existsSync(manifest)) return undefined
  return readJson(manifest).version === pinnedNode ? binary : undefined
}

async function bringNode(runtime) {
  tell(`Node ${process.versions.node} is too old for this; bringing Node ${pinnedNode} into .runtime/ (once)`)
  writeFileSync(join(runtime, 'package.json'), JSON.stringify({ private: true, dependencies: { node: pinnedNode } }))
  await installMarked(runtime, join(runtime, 'installing-node'), () =>
    npmInstall(process.execPath, runtime, ['--no-package-lock']),
  )
  const binary = broughtNode(runtime)
  const answer = binary && spawnSync(binary, ['--version'], { encoding: 'utf8' })
  if (answer?.stdout?.trim() === `v${pinnedNode}`) return binary
  // Without this the same broken binary would be found, and tried, again.
  rmSync(join(runtime, 'node_modules'), { recursive: true, force: true })
  throw new PrepareError(
    `Node ${pinnedNode} did not arrive, or does not run here (does npm's ignore-scripts hold its install script back?); ` +
      'install Node 24 yourself and try again',
  )
}

function manifestHash(root) {
  const hash = createHash('sha256')
  for (const name of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(root, name)))
  return hash.digest('hex')
}

/** npm's own record of what it has installed, held against the lock file: true after an `npm ci` by hand too. */
function matchesLock(root) {
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = readJson(record).packages
  const lock = readJson(join(root, 'package-lock.json')).packages
  const manifest = readJson(join(root, 'package.json'))
  const asked = ['dependencies', 'devDependencies'].every(
    (kind) => JSON.stringify(manifest[kind] ?? {}) === JSON.stringify(lock['']?.[kind] ?? {}),
  )
  const wanted = Object.entries(lock).filter(([path, entry]) => path !== '' && !entry.optional && !entry.devOptional)
  return asked && wanted.every(([path, entry]) => installed[path]?.version === entry.version)
}

function hasDependencies(root) {
  if (existsSync(join(root, '.runtime/installing-dependencies'))) return false
  const stamp = join(root, stampFile)
  return (existsSync(stamp) && readFileSync(stamp, 'utf8') === manifestHash(root)) || matchesLock(root)
}

async function bringDependencies(root, node) {
  tell('installing dependencies')
  const flags = ['--include=dev', '--include=optional']
  await installMarked(root, join(root, '.runtime/installing-dependencies'), () => npmInstall(node, root, flags))
  writeFileSync(join(root, stampFile), manifestHash(root))
}

/** Prepares the repository at `root` and gives the path of the Node that runs it. Throws `PrepareError`. */
export async function prepare(root) {
  const runtime = join(root, '.runtime')
  const own = suits(process.versions.node, process.features.typescript) ? process.execPath : undefined
  const present = own ?? broughtNode(runtime)
  if (present !== undefined && hasDependencies(root)) return present
  mkdirSync(runtime, { recursive: true })
  const waiting = () => tell('waiting for another installation in this folder to end')
  return withInstallLock(join(runtime, 'lock'), waiting, async () => {
    const node = own ?? broughtNode(runtime) ?? (await bringNode(runtime))
    if (!hasDependencies(root)) await bringDependencies(root, node)
    return node
  })
}
