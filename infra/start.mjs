/** Prepares the repository, then runs one of its programs with the Node that fits, and ends as it ends. */
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from './launch.mjs'
import { PrepareError, prepare } from './prepare.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

// kafkajs asks for a timer in the past now and then, which Node 24 warns of; Node 22 calls SQLite experimental.
const nodeFlags = ['--disable-warning=TimeoutNegativeWarning', '--disable-warning=ExperimentalWarning']

function programOf([first, second, ...rest]) {
  if (first === undefined)
    throw new PrepareError('usage: run.mjs <file.ts> [arguments] | run.mjs --bin <name> [arguments]')
  if (first !== '--bin') return [resolve(root, first), ...(second === undefined ? [] : [second, ...rest])]
  const link = join(root, 'node_modules/.bin', second ?? '')
  if (second === undefined || !existsSync(link))
    throw new PrepareError(`no installed package has a command '${second}'`)
  return [realpathSync(link), ...rest]
}

/** `words`: a file of the repository and its arguments, or `--bin`, the command of an installed package, its arguments. */
export async function start(words) {
  try {
    const node = await prepare(root)
    await launch(node, [...nodeFlags, ...programOf(words)])
  } catch (error) {
    process.stderr.write(`kasaga: ${error instanceof PrepareError ? error.message : error.stack}\n`)
    process.exit(1)
  }
}
